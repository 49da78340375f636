/** What makes code from code, file by file or all in one: `swc`, `babel`. */
import type { Collected } from './collected.ts';
import { withEndings } from './config-names.ts';
import { Findings, type Invocation } from './findings.ts';
import { type FlagSpec, flagsOf } from './flags.ts';
import { refuseFlags } from './refusals.ts';

/** What is peculiar to a transpiler. */
interface Transpiler {
  readonly flags: FlagSpec;
  /** Configuration files, in the directory where it runs and all above. */
  readonly configs: readonly string[];
  readonly env: readonly string[];
}

const COMMON =
  'cliConfigFile config configFile envName extensions filename ignore only outDir outFile outFileExtension';

const transpilers: Readonly<Record<string, Transpiler>> = {
  swc: {
    flags: {
      valued: `${COMMON} exclude include logWatchCompilation sourceFileName sourceMapTarget sourceRoot workers`,
      optional: 'sourceMaps',
      letters: 'C=config D=copyFiles d=outDir f=filename o=outFile q=quiet s=sourceMaps w=watch',
    },
    configs: ['.swcrc', '.browserslistrc', 'package.json'],
    env: ['SWC_*', 'BROWSERSLIST*'],
  },
  babel: {
    flags: {
      valued: `${COMMON} moduleId moduleRoot plugins presets rootMode sourceFileName sourceMapTarget sourceRoot`,
      optional: 'sourceMaps',
      letters: 'D=copyFiles d=outDir f=filename o=outFile s=sourceMaps w=watch x=extensions',
    },
    configs: [
      ...withEndings('babel.config', 'js cjs mjs json cts ts mts'),
      '.babelrc',
      ...withEndings('.babelrc', 'js cjs mjs json cts ts mts'),
      '.babelignore',
      '.browserslistrc',
      'package.json',
    ],
    env: ['BABEL_*', 'BROWSERSLIST*'],
  },
};

export function collectTranspiler(invocation: Invocation): Collected | undefined {
  const transpiler = transpilers[invocation.tool];
  if (transpiler === undefined) return undefined;
  const flags = flagsOf(invocation.words, transpiler.flags);
  const found = new Findings(invocation);
  refuseFlags(flags, found);
  found.env(...transpiler.env);
  found.configs(...flags.values('configFile'), ...flags.values('cliConfigFile'));
  found.configsUpFrom('.', transpiler.configs);

  // Without either, it prints.
  const [file, directory] = [flags.value('outFile'), flags.value('outDir')];
  if (file !== undefined) found.files(file, `${file}.map`);
  if (directory !== undefined && flags.has('relative')) found.incomplete(); // from each of the sources
  else if (directory !== undefined) found.directory(directory, { sources: flags.rest });
  return found.collected();
}
