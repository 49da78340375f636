/** `vite build`: into `dist` of its root, unless its command line or a configuration says otherwise. */
import { resolve } from 'node:path';
import type { Collected } from './collected.ts';
import { dotenvNames, MODULES, withEndings } from './config-names.ts';
import { Findings, type Invocation } from './findings.ts';
import { flagsOf } from './flags.ts';
import { MEASURES, refuseFlags, SERVES } from './refusals.ts';

export function collectVite(invocation: Invocation): Collected {
  const flags = flagsOf(invocation.words, {
    valued: 'assetsDir assetsInlineLimit base config configLoader filter logLevel mode outDir target',
    optional: 'debug force manifest minify profile sourcemap ssr ssrManifest',
    letters: 'c=config d=debug f=filter l=logLevel m=mode w=watch',
  });
  const found = new Findings(invocation);
  const [command = 'serve', directory = '.'] = flags.rest;
  const root = found.at(directory);
  refuseFlags(flags, found, { profile: MEASURES });
  if (command !== 'build') found.refuse(command === 'optimize' ? 'it only fills a cache of its own' : SERVES);
  found.env('VITE_*', 'BROWSERSLIST*');

  const inRoot = (names: readonly string[]): readonly string[] => names.map((name) => resolve(root, name));
  const named = flags.values('config');
  found.configs(...named);
  const isConfigured =
    named.length > 0 || found.firstConfig(inRoot(withEndings('vite.config', 'js mjs ts cjs mts cts'))) !== undefined;
  found.configs(...inRoot(dotenvNames(flags.value('mode') ?? 'production')));
  found.configs(...inRoot(['package.json', 'tsconfig.json', '.browserslistrc']));
  found.configsUpFrom(root, withEndings('postcss.config', MODULES));
  found.directoryOf({ named: flags.value('outDir'), usual: 'dist', base: root, isConfigured });
  return found.collected();
}
