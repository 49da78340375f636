/** What a `tsconfig.json` says, with what it extends: every path from the file that says it, and every file that was read. */
import { dirname, join, resolve } from 'node:path';
import { parseTsconfig, type TsConfigJsonResolved } from 'get-tsconfig';
import { parse } from 'jsonc-parser';
import { isDirectory } from './findings.ts';

/** Compiler options by their names in lower case, as the command line takes them; paths are absolute. */
export type TsOptions = ReadonlyMap<string, unknown>;

/** A project: one `tsconfig.json`. */
export interface TsProject {
  readonly path: string;
  /** The file itself and all that it extends, and what said where those are. */
  readonly read: readonly string[];
  readonly options: TsOptions;
  /** As `get-tsconfig` sees it: which files are in. */
  readonly config: TsConfigJsonResolved;
  /** Files of the projects that this one refers to. */
  readonly references: readonly string[];
}

/** Options that are paths, of which tools must know from which file they count. */
export const PATH_OPTIONS: ReadonlySet<string> = new Set([
  'outdir',
  'declarationdir',
  'rootdir',
  'outfile',
  'tsbuildinfofile',
]);

/** The project, or nothing if it can't be read: then the compiler complains, too. */
export function tsProject(path: string): TsProject | undefined {
  const cache = new Map<string, string>();
  let config: TsConfigJsonResolved;
  try {
    config = parseTsconfig(path, cache);
  } catch {
    return undefined;
  }
  const texts = textsIn(cache);
  const options = new Map<string, unknown>();
  // In the order in which they were read, which is that of their weight: this one, then the last that it extends.
  for (const [file, text] of texts) {
    if (file.endsWith('package.json')) continue;
    for (const [name, value] of Object.entries(optionsIn(text))) {
      const key = name.toLowerCase();
      if (!options.has(key)) options.set(key, PATH_OPTIONS.has(key) ? placeOf(value, file, path) : value);
    }
  }
  const references = (config.references ?? []).map((reference) => projectFile(resolve(dirname(path), reference.path)));
  return { path, read: [...texts.keys()], options, config, references };
}

/** The file that `-p` or a reference means: directories stand for the `tsconfig.json` in them. */
export function projectFile(path: string): string {
  return isDirectory(path) ? join(path, 'tsconfig.json') : path;
}

/** The cache holds every file that was read, by the name of the call and its arguments. */
function textsIn(cache: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [call, text] of cache) {
    const [, file] = /^readFileSync:(.*):utf8$/s.exec(call) ?? [];
    if (file !== undefined) texts.set(resolve(file), text);
  }
  return texts;
}

function optionsIn(text: string): Readonly<Record<string, unknown>> {
  const config = parse(text, [], { allowTrailingComma: true }) as { readonly compilerOptions?: unknown } | undefined;
  const options = config?.compilerOptions;
  return typeof options === 'object' && options !== null ? (options as Readonly<Record<string, unknown>>) : {};
}

function placeOf(value: unknown, file: string, leaf: string): unknown {
  if (typeof value !== 'string' || value === '') return undefined;
  const inLeaf = /^\$\{configDir\}/i.exec(value);
  return inLeaf ? join(dirname(leaf), value.slice(inLeaf[0].length)) : resolve(dirname(file), value);
}
