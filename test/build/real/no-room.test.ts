/** A store that can't take what was made costs the next run its hit; the build succeeds, and the trouble is told. */
import { execFileSync } from 'node:child_process';
import fs, { mkdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openBuildStore } from 'tidemark/build';
import { run, write } from './projects.ts';
import { temporary } from './temporary.ts';
import { treeOf } from './trees.ts';

const WORK = {
  command: 'mkdir -p dist; cat src/a >dist/a; cat src/a src/a >dist/b; echo made',
  inputs: ['src/**'],
  outputs: ['dist/**'],
};
const MADE = { 'dist/a': '644 a\n', 'dist/b': '644 a\na\n' };

function place() {
  const { folder, remove } = temporary();
  onTestFinished(remove);
  const [home, root] = [folder(), folder()];
  const troubles: string[] = [];
  write(root, { 'src/a': 'a\n', 'notes/mine': 'mine' });
  const options = {
    directory: join(home, 'cache'),
    state: join(home, 'state'),
    find: 'everything',
    onTrouble: (text: string) => void troubles.push(text),
  } as const;
  return { root, options, troubles, folder };
}

/** From the n-th call on, nothing below a directory has room any more. */
function fullAt(n: number, directory: string): { readonly undo: () => void; readonly wasFull: () => boolean } {
  let calls = 0;
  const descriptors = new Set<unknown>();
  const undo: (() => void)[] = [];
  const needs = (args: readonly unknown[]): boolean =>
    String(args[0]).startsWith(directory) || String(args[1]).startsWith(directory) || descriptors.has(args[0]);
  for (const name of ['openSync', 'writeSync', 'writeFileSync', 'linkSync', 'renameSync', 'mkdirSync'] as const) {
    const real = fs[name] as (...args: unknown[]) => unknown;
    const full = (...args: unknown[]): unknown => {
      const isRead = name === 'openSync' && (args[1] === undefined || args[1] === 'r');
      if (!isRead && needs(args) && ++calls >= n) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      const result = real(...args);
      if (name === 'openSync' && needs(args)) descriptors.add(result);
      return result;
    };
    Object.assign(fs, { [name]: full });
    undo.push(() => Object.assign(fs, { [name]: real }));
  }
  syncBuiltinESMExports();
  return {
    undo() {
      for (const one of undo) one();
      syncBuiltinESMExports();
    },
    wasFull: () => calls >= n,
  };
}

test('a disk that is full at any step of keeping', async () => {
  const { root, options, troubles } = place();
  let failures = 0;
  for (let n = 1, isFull = true; isFull; n++) {
    write(root, { 'src/a': 'a\n'.repeat(n) });
    troubles.length = 0;
    const { undo, wasFull } = fullAt(n, options.directory);
    try {
      const result = await run(root, WORK, options);
      expect(result, `call ${n}`).toMatchObject({ outcome: 'ran', exitCode: 0, printed: 'made\n' });
      if (result.notStored) {
        failures++;
        expect(result.notStored, `call ${n}`).toMatchObject({ reason: 'store failed' });
        expect(troubles, `call ${n}`).toHaveLength(1);
      }
    } finally {
      undo();
    }
    isFull = wasFull();
    expect(treeOf(root), `call ${n}`).toMatchObject({ 'dist/a': `644 ${'a\n'.repeat(n)}`, 'notes/mine': '644 mine' });
    const next = await run(root, WORK, options);
    expect(next, `call ${n}`).toMatchObject({ exitCode: 0, printed: 'made\n' });
    expect(await run(root, WORK, options), `call ${n}`).toMatchObject({ outcome: 'hit' });
    expect(treeOf(root), `call ${n}`).toMatchObject({ 'dist/a': `644 ${'a\n'.repeat(n)}` });
  }
  expect(failures).toBeGreaterThan(8);
  expect(openBuildStore({ directory: options.directory }).verify().damaged).toEqual([]);
});

test.skipIf(!mayMount())(
  'a cache directory on a disk that is read-only: what is there comes back, what isn’t runs',
  async () => {
    const { root, options, troubles, folder } = place();
    mkdirSync(options.directory);
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', options.directory]);
    onTestFinished(() => void execFileSync('/bin/umount', [options.directory]));
    await run(root, WORK, options);
    execFileSync('/bin/mount', ['-o', 'remount,ro', options.directory]);
    const clone = folder();
    write(clone, { 'src/a': 'a\n', 'notes/mine': 'mine' });
    expect(await run(clone, WORK, options)).toMatchObject({ outcome: 'hit', printed: 'made\n' });
    expect(treeOf(clone)).toMatchObject(MADE);
    write(clone, { 'src/a': 'b\n' });
    expect(await run(clone, WORK, options)).toMatchObject({
      outcome: 'ran',
      exitCode: 0,
      notStored: { reason: 'store failed' },
    });
    expect(treeOf(clone)).toMatchObject({ 'dist/a': '644 b\n' });
    expect(troubles.join()).toMatch(/EROFS|read-only/);
  },
);

/** Without rights to mount, there is no such disk. With REQUIRE_ALL=1 the test runs, and fails. */
function mayMount(): boolean {
  if (process.env['REQUIRE_ALL'] === '1') return true;
  const { folder, remove } = temporary();
  const directory = folder();
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('/bin/umount', [directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    remove();
  }
}
