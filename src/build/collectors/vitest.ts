/** `vitest run`: reports of coverage and of tests. */
import { resolve } from 'node:path';
import type { Collected } from './collected.ts';
import { dotenvNames, MODULES, withEndings } from './config-names.ts';
import { Findings, type Invocation } from './findings.ts';
import { flagsOf } from './flags.ts';
import { CHANGES, EMPTIES, MEASURES, OF_GIT, refuseFlags, SERVES, WATCHES } from './refusals.ts';

const CONFIGS = ['vitest.config', 'vite.config'].flatMap((name) => withEndings(name, 'ts mts cts js mjs cjs'));

export function collectVitest(invocation: Invocation): Collected {
  const flags = flagsOf(invocation.words, {
    valued: `attachmentsDir bail config configLoader coverage.exclude coverage.include coverage.provider coverage.reporter
      coverage.reportsDirectory diff dir environment exclude execArgv hookTimeout maxConcurrency maxWorkers minWorkers mode
      outputFile pool project reporter retry root sequence.seed shard slowTestThreshold tagsFilter teardownTimeout
      testNamePattern testTimeout`,
    optional: 'api browser changed inspect inspectBrk mergeReports silent update',
    letters: 'c=config r=root t=testNamePattern u=update w=watch',
  });
  const found = new Findings(invocation);
  refuseFlags(flags, found, {
    ui: SERVES,
    api: SERVES,
    inspect: SERVES,
    inspectBrk: SERVES,
    standalone: WATCHES,
    update: CHANGES,
    changed: OF_GIT,
    clearCache: EMPTIES,
  });
  const [command = 'watch'] = flags.rest;
  if (command === 'bench') found.refuse(MEASURES);
  else if (command !== 'list' && command !== 'run' && !flags.has('run'))
    found.refuse(`${WATCHES}; \`vitest run\` does`);
  found.env('CI', 'TZ', 'VITEST*', 'VITE_*');

  const root = found.at(flags.value('root') ?? '.');
  const inRoot = (names: readonly string[]): readonly string[] => names.map((name) => resolve(root, name));
  const named = flags.values('config');
  found.configs(...named);
  const isConfigured = named.length > 0 || found.firstConfig(inRoot(CONFIGS)) !== undefined;
  found.configs(...inRoot(withEndings('vitest.workspace', `${MODULES} json`)));
  found.configs(...inRoot(dotenvNames(flags.value('mode') ?? 'test')));
  found.configs(...inRoot(['package.json', 'tsconfig.json']));

  if (flags.has('coverage') || flags.has('coverage.enabled'))
    found.directoryOf({ named: flags.value('coverage.reportsDirectory'), usual: 'coverage', base: root, isConfigured });
  const files = flags.names.filter((name) => /^outputFile(?:\.|$)/.test(name)).flatMap((name) => flags.values(name));
  found.files(...inRoot(files));
  const reporters = flags.values('reporter');
  if (reporters.includes('html') && files.length === 0) found.directory(resolve(root, 'html'));
  if (reporters.includes('blob') && files.length === 0) found.directory(resolve(root, '.vitest-reports'));
  // New snapshots are put beside tests unless it runs in CI, and tests may write.
  found.incomplete();
  return found.collected();
}
