/** The command line of the TypeScript compiler: names in any case, after one dash or two, values in the next word. */
import { resolve } from 'node:path';
import { PATH_OPTIONS, type TsOptions } from './tsconfig.ts';

/** A command line of the compiler. */
export interface TscFlags {
  /** Options by name in lower case; paths are absolute. One that was reset by `null` is there and undefined. */
  readonly options: TsOptions;
  /** Files, or projects with `-b`. */
  readonly rest: readonly string[];
}

const letters: Readonly<Record<string, string>> = {
  '?': 'help',
  b: 'build',
  d: 'declaration',
  f: 'force',
  h: 'help',
  i: 'incremental',
  m: 'module',
  p: 'project',
  t: 'target',
  v: 'version',
  w: 'watch',
};

const valued = new Set(
  `baseurl builders charset checkers customconditions declarationdir excludedirectories excludefiles fallbackpolling
  generatecpuprofile generatetrace ignoredeprecations jsx jsxfactory jsxfragmentfactory jsximportsource lib locale maproot
  maxnodemodulejsdepth module moduledetection moduleresolution modulesuffixes newline out outdir outfile paths plugins
  pprofdir project reactnamespace rootdir rootdirs sourceroot target tsbuildinfofile typeroots types watchdirectory
  watchfile watchinterval`.split(/\s+/),
);

/** Reads the words after the compiler's name. */
export function tscFlags(words: readonly string[], cwd: string): TscFlags {
  const options = new Map<string, unknown>();
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (!word.startsWith('-')) {
      rest.push(word);
      continue;
    }
    const typed = word.replace(/^--?/, '').toLowerCase();
    const name = letters[typed] ?? typed;
    const next = words[at + 1];
    if (valued.has(name)) {
      at++;
      options.set(name, next === 'null' ? undefined : PATH_OPTIONS.has(name) ? resolve(cwd, next ?? '') : next);
    } else if (next === 'true' || next === 'false' || next === 'null') {
      at++;
      // For `-b`, words that stand after it are projects, but no project is called so.
      options.set(name, next === 'null' ? undefined : next === 'true');
    } else options.set(name, true);
  }
  return { options, rest };
}
