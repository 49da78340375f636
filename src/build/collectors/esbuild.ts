/** `esbuild`: it has no configuration, so its command line says it all. */
import type { Collected } from './collected.ts';
import { Findings, type Invocation } from './findings.ts';
import { flagsOf } from './flags.ts';
import { CHANGES, refuseFlags, SERVES } from './refusals.ts';

export function collectEsbuild(invocation: Invocation): Collected {
  const flags = flagsOf(invocation.words, {}); // values follow `=` only
  const found = new Findings(invocation);
  refuseFlags(flags, found, { serve: SERVES, servedir: SERVES, allowOverwrite: CHANGES, mangleCache: CHANGES });
  found.env('NODE_PATH', 'ESBUILD_*');
  found.nearestConfig('.', ['package.json']);
  const config = flags.value('tsconfig');
  if (config === undefined) found.configsUpFrom('.', ['tsconfig.json']);
  else found.configs(config);

  const [file, directory] = [flags.value('outfile'), flags.value('outdir')];
  found.files(...flags.values('metafile').slice(-1));
  if (directory !== undefined) found.directory(directory, { sources: flags.rest });
  if (file !== undefined) {
    const style = file.replace(/\.[cm]?js$/, '.css'); // of what the code imports
    found.files(...[file, style].flatMap((made) => [made, `${made}.map`, `${made}.LEGAL.txt`]));
    // Other kinds of files are put beside it, named by their content.
    if (flags.names.some((name) => name.startsWith('loader:'))) found.incomplete();
  }
  return found.collected();
}
