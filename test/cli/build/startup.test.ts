/** A hit is over in milliseconds, so loading modules is most of it: what a hit doesn't need isn't loaded. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../support/repository.ts';

/** What a module of the sources loads before it does anything, and all that that loads. */
function loaded(path: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path) || !existsSync(path)) return found;
  found.add(path);
  const text = readFileSync(path, 'utf8');
  for (const [, names, from] of text.matchAll(/^(?:import|export) ([^;']*?)from '(\.[^']+)';/gm))
    if (!names.startsWith('type ')) loaded(resolve(dirname(path), from), found);
  return found;
}

const paths = [...loaded(join(root, 'src/cli/build/run.ts'))].map((path) => relative(join(root, 'src'), path));

test('tidemark run -- command loads nothing of what only runs, watches, explains tasks, or talks to servers', () => {
  expect(paths).toContain('build/build-cache.ts');
  const needless = paths.filter((path) =>
    /^build\/(trace\/|run-anew|execution|command-run|config\/(workspace|plan|turbo|wireit|select)|remote\/(http|files)-)/.test(
      path,
    ),
  );
  expect(needless).toEqual([]);
});

test('no command of the command line loads what another needs', () => {
  const first = [...loaded(join(root, 'src/cli/main.ts'))].map((path) => relative(join(root, 'src'), path));
  expect(first.toSorted()).toEqual([
    'cli/command.ts',
    'cli/main.ts',
    'cli/run.ts',
    'cli/terminal.ts',
    'engine/errors.ts',
  ]);
});
