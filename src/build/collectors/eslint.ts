/** `eslint`: a report and a cache, if it is told to. */
import { type Checker, check } from './checker.ts';
import type { Collected } from './collected.ts';
import { MODULES, withEndings } from './config-names.ts';
import { type Invocation, isDirectory } from './findings.ts';
import { CHANGES, PRINTS, SERVES } from './refusals.ts';

const eslint: Checker = {
  flags: {
    valued: `cacheFile cacheLocation cacheStrategy concurrency config env ext fixType flag format global ignorePath
      ignorePattern maxWarnings outputFile parser parserOptions plugin printConfig reportUnusedDisableDirectivesSeverity
      resolvePluginsRelativeTo rule rulesdir stdinFilename suppressRule suppressionsLocation`,
    letters: 'c=config f=format o=outputFile',
  },
  refusals: {
    fix: CHANGES,
    init: CHANGES,
    suppressAll: CHANGES,
    suppressRule: CHANGES,
    pruneSuppressions: CHANGES,
    inspectConfig: SERVES,
    envInfo: PRINTS,
  },
  reads: ['config', 'ignorePath', 'suppressionsLocation'],
  configs: [
    ...withEndings('eslint.config', MODULES),
    ...withEndings('.eslintrc', 'js cjs yaml yml json'),
    '.eslintrc',
    '.eslintignore',
    'eslint-suppressions.json',
    'package.json',
  ],
  env: ['ESLINT_*'],
  also(flags, found) {
    found.files(...flags.values('outputFile').slice(-1));
    if (!flags.has('cache')) return;
    const place = flags.value('cacheLocation') ?? flags.value('cacheFile') ?? '.eslintcache';
    // A directory gets a file for each directory that it is run in.
    if (/[/\\]$/.test(place) || isDirectory(found.at(place))) found.cache(place, '.cache_*');
    else found.cache(place);
  },
};

export function collectEslint(invocation: Invocation): Collected {
  return check(eslint, invocation);
}
