/** `prettier`, where it checks or prints; it writes nothing but its cache. */
import { join } from 'node:path';
import { type Checker, check } from './checker.ts';
import type { Collected } from './collected.ts';
import { MODULES, withEndings } from './config-names.ts';
import { type Invocation, isFile } from './findings.ts';
import { CHANGES } from './refusals.ts';

const prettier: Checker = {
  flags: {
    valued: `cacheLocation cacheStrategy config configPrecedence cursorOffset endOfLine fileInfo findConfigPath ignorePath
      logLevel loglevel parser plugin printWidth rangeEnd rangeStart stdinFilepath tabWidth trailingComma`,
    letters: 'c=check l=listDifferent u=ignoreUnknown w=write',
  },
  refusals: { write: CHANGES },
  reads: ['config', 'ignorePath'],
  configs: [
    'package.json',
    'package.yaml',
    '.prettierrc',
    ...withEndings('.prettierrc', `json yaml yml json5 ${MODULES} toml`),
    ...withEndings('prettier.config', MODULES),
    '.editorconfig',
    '.prettierignore',
    '.gitignore',
  ],
  env: ['PRETTIER_*'],
  also(flags, found) {
    if (!flags.has('cache')) return;
    const place = flags.value('cacheLocation');
    const nearest = found.upFrom('.').find((directory) => isFile(join(directory, 'package.json'))) ?? '.';
    found.cache(place ?? join(nearest, 'node_modules', '.cache', 'prettier', '.prettier-cache'));
  },
};

export function collectPrettier(invocation: Invocation): Collected {
  return check(prettier, invocation);
}
