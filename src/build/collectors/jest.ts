/** `jest`: reports of coverage, and what its flags name. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Collected } from './collected.ts';
import { withEndings } from './config-names.ts';
import { Findings, type Invocation } from './findings.ts';
import { flagsOf } from './flags.ts';
import { CHANGES, EMPTIES, OF_BEFORE, OF_GIT, refuseFlags, WATCHES } from './refusals.ts';

const CONFIGS = withEndings('jest.config', 'js ts mjs cjs json cts mts');

export function collectJest(invocation: Invocation): Collected {
  const flags = flagsOf(invocation.words, {
    valued: `cacheDirectory changedSince collectCoverageFrom config coverageDirectory coverageProvider coverageReporters env
      filter globalSetup globalTeardown globals maxConcurrency maxWorkers outputFile reporters rootDir roots runner seed
      selectProjects setupFilesAfterEnv shard testEnvironment testMatch testNamePattern testPathPattern testPathPatterns
      testRegex testRunner testSequencer testTimeout transform workerIdleMemoryLimit`,
    letters:
      'b=bail c=config e=expand f=onlyFailures i=runInBand o=onlyChanged t=testNamePattern u=updateSnapshot w=maxWorkers',
  });
  const found = new Findings(invocation);
  refuseFlags(flags, found, {
    watchAll: WATCHES,
    updateSnapshot: CHANGES,
    init: CHANGES,
    changedSince: OF_GIT,
    lastCommit: OF_GIT,
    onlyChanged: OF_GIT,
    onlyFailures: OF_BEFORE,
    clearCache: EMPTIES,
  });
  found.env('CI', 'TZ', 'JEST_*', 'BABEL_*');

  const [named, rootDir] = [flags.value('config'), flags.value('rootDir')];
  const isText = named?.startsWith('{') === true; // its text may stand for a file
  if (named !== undefined && !isText) found.configs(named);
  const config = isText ? undefined : (named ?? found.nearestConfig(rootDir ?? '.', [...CONFIGS, 'package.json']));
  const root = found.at(rootDir ?? (config === undefined ? '.' : dirname(config)));
  found.configsUpFrom(root, [...withEndings('babel.config', 'js cjs mjs json cts'), '.babelrc']);

  const isConfigured = isText || (config !== undefined && saysOfJest(found.at(config)));
  if (flags.has('coverage') || flags.has('collectCoverage'))
    found.directoryOf({ named: flags.value('coverageDirectory'), usual: 'coverage', base: root, isConfigured });
  found.files(...flags.values('outputFile').slice(-1));
  // New snapshots are put beside tests unless it runs in CI, and tests may write.
  found.incomplete();
  return found.collected();
}

/** A `package.json` is a configuration of jest if it has a word about it. */
function saysOfJest(config: string): boolean {
  return basename(config) !== 'package.json' || readFileSync(config, 'utf8').includes('"jest"');
}
