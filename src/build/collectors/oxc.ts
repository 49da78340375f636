/** `oxlint` and `oxfmt`, where they check: they write nothing. */
import { type Checker, check } from './checker.ts';
import type { Collected } from './collected.ts';
import { MODULES, withEndings } from './config-names.ts';
import type { Invocation } from './findings.ts';
import { CHANGES, SERVES } from './refusals.ts';

const oxlint: Checker = {
  flags: {
    valued: 'allow config debug deny format ignorePath ignorePattern maxWarnings threads tsconfig warn',
    letters: 'A=allow D=deny W=warn c=config f=format',
  },
  refusals: { fix: CHANGES, fixSuggestions: CHANGES, fixDangerously: CHANGES, init: CHANGES, lsp: SERVES },
  reads: ['config', 'tsconfig', 'ignorePath'],
  configs: [
    '.oxlintrc.json',
    '.oxlintrc.jsonc',
    'oxlint.config.ts',
    '.eslintignore',
    '.gitignore',
    'tsconfig.json',
    'package.json',
  ],
  env: ['OXLINT_*'],
};

const oxfmt: Checker = {
  flags: { valued: 'config ignorePath migrate stdinFilepath threads', letters: 'c=config' },
  refusals: { init: CHANGES, lsp: SERVES, migrate: CHANGES, write: CHANGES },
  reads: ['config', 'ignorePath'],
  configs: [
    '.oxfmtrc.json',
    '.oxfmtrc.jsonc',
    ...withEndings('oxfmt.config', MODULES),
    '.editorconfig',
    '.gitignore',
    '.prettierignore',
    'package.json',
  ],
  env: ['OXFMT_*'],
  also(flags, found) {
    // It writes unless it is told not to.
    if (!flags.has('check') && !flags.has('listDifferent')) found.refuse(CHANGES);
  },
};

export function collectOxc(invocation: Invocation): Collected {
  return check(invocation.tool === 'oxfmt' ? oxfmt : oxlint, invocation);
}
