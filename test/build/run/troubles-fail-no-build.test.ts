/** A cache that can't work costs time, never a build: the command runs, its exit code is told, and so is the trouble. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { authorAt } from '../../../src/build/author.ts';
import { freshPrefix, Journal } from '../../../src/build/journal.ts';
import { machineDisk } from '../../../src/build/disk.ts';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { Repository, scratch, script } from './repository.ts';

const COPY = script("write('dist/a', read('src/a')); console.log('copied')");
const declared = { command: COPY, inputs: ['src/**'], outputs: ['dist/**'] };
const found = { command: COPY };
const isRequired = process.env['REQUIRE_ALL'] === '1';

function skipUntraced(find: string, skip: (why: string) => void): void {
  const why = whyNoTrace();
  if (find === 'observed' && why !== undefined && !isRequired) skip(why);
}

function troubles(): { readonly told: string[]; readonly onTrouble: (text: string) => void } {
  const told: string[] = [];
  return { told, onTrouble: (text) => void told.push(text) };
}

test.each([
  { how: 'declared', task: declared },
  { how: 'found', task: found },
])('a restore that was cut short doesn’t stop the next run of changed inputs ($how)', async ({ task }) => {
  const repository = new Repository().write({ 'src/a': '1', 'package.json': '{}' });
  await repository.run(task);
  const cache = repository.open();
  await cache.close();
  const home = join(repository.root, '..', `${repository.root}-state`);
  const [state] = readdirSync(home).map((name) => join(home, name));
  const author = { ...authorAt(Date.now()), pid: 2 ** 22 + 1 };
  new Journal(state, repository.root, machineDisk).begin(
    { root: repository.root, author: { ...author }, prefix: freshPrefix(), directories: [''], steps: null },
    undefined,
  );
  repository.write({ 'src/a': '2' });
  expect(await repository.run(task)).toMatchObject({ outcome: 'ran', exitCode: 0, stored: 'new' });
  expect(repository.read('dist/a')).toBe('2');
});

test.for([
  { how: 'declared', task: declared, find: 'everything' },
  { how: 'everything', task: found, find: 'everything' },
  { how: 'observed', task: found, find: 'observed' },
] as const)('a state directory that can’t be written to ($how)', async ({ task, find }, { skip }) => {
  skipUntraced(find, skip);
  const repository = new Repository({ find }).write({ 'src/a': '1', 'package.json': '{}' });
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  const cache = { state: join(file, 'state') };
  expect(await repository.run(task, { cache })).toMatchObject({ outcome: 'ran', exitCode: 0, printed: 'copied\n' });
  expect(repository.read('dist/a')).toBe('1');
  // What is kept can't be brought back safely: no journal can be written.
  await repository.run(task);
  const clone = repository.clone();
  expect(await clone.run(task, { cache })).toMatchObject({ exitCode: 0, printed: 'copied\n' });
  expect(clone.read('dist/a')).toBe('1');
});

test.each([
  { how: 'declared', task: declared },
  { how: 'found', task: found },
])('a store directory that can’t be written to ($how)', async ({ task }) => {
  const repository = new Repository().write({ 'src/a': '1', 'package.json': '{}' });
  const { told, onTrouble } = troubles();
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  const cache = { directory: join(file, 'cache'), onTrouble };
  expect(await repository.run(task, { cache })).toMatchObject({
    outcome: 'ran',
    exitCode: 0,
    notStored: { reason: 'store failed' },
  });
  expect(told).toHaveLength(1);
});

test.skipIf(process.platform !== 'linux').for([
  { how: 'declared', task: { ...declared, inputs: ['**'] }, find: 'everything' },
  { how: 'everything', task: found, find: 'everything' },
  { how: 'observed', task: found, find: 'observed' },
] as const)('a name that isn’t UTF-8 somewhere in the workspace ($how)', async ({ task, find }, { skip }) => {
  skipUntraced(find, skip);
  const repository = new Repository({ find }).write({ 'src/a': '1', 'package.json': '{}' });
  mkdirSync(join(repository.root, 'other'));
  writeFileSync(Buffer.concat([Buffer.from(`${repository.root}/other/`), Buffer.from([0xff])]), '');
  for (const _ of [1, 2]) {
    const { told, onTrouble } = troubles();
    const result = await repository.run(task, { cache: { onTrouble } });
    expect(result).toMatchObject({ outcome: 'ran', exitCode: 0, printed: 'copied\n' });
    expect(result.notStored).toBeDefined();
    expect(repository.read('dist/a')).toBe('1');
    expect(told.join()).toMatch(/UTF-8|can't be found by the name/);
  }
});

test.for([
  { how: 'declared', find: 'everything', more: { inputs: ['src/**'], outputs: ['work/**'] } },
  { how: 'everything', find: 'everything', more: {} },
  { how: 'observed', find: 'observed', more: {} },
] as const)('a command that removes the directory it runs in ($how)', async ({ find, more }, { skip }) => {
  skipUntraced(find, skip);
  const repository = new Repository({ find }).write({ 'src/a': '1', 'package.json': '{}' });
  mkdirSync(join(repository.root, 'work'));
  const command = script("fs.rmdirSync('../work'); console.log('gone')");
  const result = await repository.run({ command, cwd: join(repository.root, 'work'), ...more });
  expect(result).toMatchObject({ outcome: 'ran', exitCode: 0, printed: 'gone\n' });
  expect(repository.has('work')).toBe(false);
});

test('a command that removes its package altogether', async () => {
  const repository = new Repository().write({ 'a/src/a': '1', 'a/package.json': '{}' });
  const command = script("fs.rmSync('../a', { recursive: true }); console.log('gone')");
  const root = join(repository.root, 'a');
  expect(await repository.run({ command, root, inputs: ['src/**'], outputs: ['dist'] })).toMatchObject({
    exitCode: 0,
    printed: 'gone\n',
  });
});

test('an output that can’t be kept', async () => {
  const repository = new Repository().write({ 'src/a': '1', 'package.json': '{}' });
  const command = ['/bin/sh', '-c', 'mkdir -p dist; mkfifo dist/pipe; echo made'];
  for (const task of [
    { command },
    { command: [...command.slice(0, 2), `${command[2]} it`], inputs: ['src'], outputs: ['dist'] },
  ]) {
    const result = await repository.run(task);
    expect(result).toMatchObject({ outcome: 'ran', exitCode: 0 });
    expect(result.notStored).toBeDefined();
    rmSync(join(repository.root, 'dist'), { recursive: true });
  }
});

test('read-only and off leave the store as it is, a dry run leaves everything', async () => {
  const repository = new Repository().write({ 'src/a': '1', 'package.json': '{}' });
  const home = join(repository.home, 'cache');
  for (const mode of ['read-only', 'off'] as const) {
    for (const task of [declared, found]) await repository.run(task, { cache: { mode } });
    expect(() => readdirSync(home)).toThrow('ENOENT');
  }
  repository.remove('dist');
  for (const task of [declared, found])
    expect(await repository.run(task, { how: 'look' })).toMatchObject({ outcome: 'would run', exitCode: null });
  expect(repository.has('dist')).toBe(false);
  for (const task of [declared, found]) {
    await repository.run(task);
    repository.remove('dist');
  }
  const names = (): ReadonlySet<unknown> => new Set(readdirSync(home, { recursive: true }) as string[]);
  const before = names();
  for (const task of [declared, found]) {
    expect(await repository.run(task, { how: 'look' })).toMatchObject({ outcome: 'hit' });
    expect(repository.has('dist')).toBe(false);
    expect(await repository.run(task, { cache: { mode: 'read-only' } })).toMatchObject({ outcome: 'hit' });
    expect(repository.read('dist/a')).toBe('1');
    repository.remove('dist');
  }
  expect(names()).toEqual(before);
});
