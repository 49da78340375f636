/** What a task has made becomes entries of a record: everything that can be restored, and nothing else. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBuildStore } from '../../src/build/build-store.ts';
import { outputEntries } from '../../src/build/output-entries.ts';
import { outputsByGlobs } from '../../src/build/output-globs.ts';
import { planRestore } from '../../src/build/restore-plan.ts';
import { restore } from '../../src/build/restore.ts';
import { bench } from './restored-package.ts';

test('files, modes, links and empty directories go into the store, and come back elsewhere', () => {
  const [here, there] = [bench(), bench()];
  const store = openBuildStore({ directory: join(here.outside, 'store'), fsync: 'none' });
  here.write('dist/b.js', 'b');
  here.write('dist/.bin/run', 'run');
  chmodSync(join(here.root, 'dist/.bin/run'), 0o755);
  symlinkSync('../nowhere', join(here.root, 'dist/link'));
  mkdirSync(join(here.root, 'dist/empty'), { mode: 0o700 });
  const outputs = outputEntries(here.root, outputsByGlobs(here.root, ['dist']).toReversed(), (path) =>
    store.putFile(path),
  );
  expect(outputs.map(({ kind, path }) => [kind, path])).toEqual([
    ['file', 'dist/.bin/run'],
    ['file', 'dist/b.js'],
    ['directory', 'dist/empty'],
    ['link', 'dist/link'],
  ]);
  restore(planRestore({ root: there.root, outputs, blobs: store }), { blobs: store, state: there.state });
  expect(there.tree()).toEqual(here.tree());
});

test('a file that changes while it is stored has the digest of what was stored', () => {
  const here = bench();
  const store = openBuildStore({ directory: join(here.outside, 'store'), fsync: 'none' });
  here.write('a', 'first');
  const [entry] = outputEntries(here.root, ['a'], (path) => {
    writeFileSync(path, 'second, and longer');
    const stored = store.putFile(path);
    writeFileSync(path, 'third');
    return stored;
  });
  expect(entry).toMatchObject({ kind: 'file', size: 18 });
  const bytes = store.readBlob((entry as { digest: string }).digest) as Uint8Array;
  expect(Buffer.from(bytes).toString()).toBe('second, and longer');
  expect(readFileSync(join(here.root, 'a'), 'utf8')).toBe('third');
});

test('what is gone, and directories with something in them, are left out', () => {
  const here = bench();
  here.write('full/a', 'a');
  const put = () => ({ digest: '0'.repeat(64), size: 1 });
  expect(outputEntries(here.root, ['full', 'full/a', 'gone', 'full/gone/x'], put).map(({ path }) => path)).toEqual([
    'full/a',
  ]);
});

test.skipIf(process.platform === 'win32')('a pipe is refused with its name (Windows has none in directories)', () => {
  const here = bench();
  execFileSync('mkfifo', [join(here.root, 'pipe')]);
  expect(() => outputEntries(here.root, ['pipe'], () => expect.unreachable())).toThrow(
    expect.objectContaining({ code: 'bad_value', message: expect.stringContaining('"pipe"') }),
  );
});

test('names that a record cannot hold, and paths through links, are refused', () => {
  const here = bench();
  const put = () => ({ digest: '0'.repeat(64), size: 1 });
  symlinkSync(here.outside, join(here.root, 'way'));
  writeFileSync(join(here.outside, 'x'), '');
  for (const path of ['../outside/x', 'a\\b', 'C:x'])
    expect(() => outputEntries(here.root, [path], put), path).toThrow(expect.objectContaining({ code: 'bad_value' }));
  expect(() => outputEntries(here.root, ['way/x'], put)).toThrow(
    expect.objectContaining({ code: 'foreign_directory' }),
  );
});
