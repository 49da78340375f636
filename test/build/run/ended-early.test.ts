/** A run that is ended before its time leaves nothing half done and nothing kept, whenever that happens. */
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { authorAt } from '../../../src/build/author.ts';
import { machineDisk } from '../../../src/build/disk.ts';
import { freshPrefix, Journal } from '../../../src/build/journal.ts';
import { Repository, scratch, script } from './repository.ts';

const COPY = script("write('dist/a', read('src/a')); console.log('copied')");
const task = { command: COPY, inputs: ['src/**'], outputs: ['dist/**'] };
const reason = new Error('enough');

test('before it began', async () => {
  const repository = new Repository().write({ 'src/a': '1' });
  await expect(repository.run(task, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(repository.has('dist')).toBe(false);
});

test.each([{ more: { inputs: ['src/**'], outputs: ['dist/**'] } }, { more: {} }])(
  'while the command runs: $more',
  async ({ more }) => {
    const repository = new Repository().write({ 'src/a': '1', 'package.json': '{}' });
    const slow = {
      command: script("write('dist/a', 'half'); console.log('begun'); setInterval(() => {}, 1000)"),
      ...more,
    };
    const abort = new AbortController();
    const onOutput = (): void => abort.abort(reason);
    await expect(repository.run(slow, { signal: abort.signal, onOutput })).rejects.toBe(reason);
    expect(await repository.run(slow, { how: 'look' })).toMatchObject({ outcome: 'would run' });
    const quick = { ...more, command: COPY };
    expect(await repository.run(quick)).toMatchObject({ outcome: 'ran', exitCode: 0 });
    expect(repository.read('dist/a')).toBe('1');
  },
);

test('while it waits for another process that restores the package', async () => {
  const repository = new Repository().write({ 'src/a': '1' });
  await repository.run(task);
  const home = join(repository.root, '..', `${repository.root}-state`);
  const state = join(home, readdirSync(home)[0]);
  const journal = new Journal(state, repository.root, machineDisk);
  // The first process of the machine is at work for ever.
  const author = { ...authorAt(Date.now()), pid: 1 };
  const entry = { root: repository.root, author, prefix: freshPrefix(), directories: [''], steps: null };
  journal.begin(entry, undefined);
  repository.write({ 'dist/a': 'other' });
  for (const change of [() => {}, () => repository.write({ 'src/a': '2' })]) {
    change();
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 50);
    await expect(repository.run(task, { signal: abort.signal })).rejects.toBe(reason);
    await expect(repository.run(task, { cache: { patience: '1ms' } })).rejects.toMatchObject({ code: 'in_use' });
    expect(repository.read('dist/a')).toBe('other');
  }
  journal.end();
  expect(await repository.run(task)).toMatchObject({ outcome: 'ran' });
  expect(repository.read('dist/a')).toBe('2');
});

test('by whoever shows what it prints: the command is ended, and nothing is kept', async () => {
  const repository = new Repository().write({ 'src/a': '1' });
  const onOutput = (): never => {
    throw reason;
  };
  await expect(repository.run(task, { onOutput })).rejects.toBe(reason);
  expect(await repository.run(task)).toMatchObject({ outcome: 'ran', stored: 'new' });
});

test('a workspace is the same by whatever name one comes to it', async () => {
  const repository = new Repository().write({ 'src/a': '1', 'package.json': '{}' });
  for (const work of [task, { command: COPY }]) {
    repository.remove('dist');
    await repository.run(work);
    const link = join(scratch(), 'link');
    symlinkSync(repository.root, link);
    const cache = repository.open();
    expect(await cache.run({ workspace: link, ...work })).toMatchObject({ outcome: 'hit', restored: { kept: 1 } });
    await cache.close();
  }
});

test('a clock that was put back makes nothing wrong', async () => {
  let now = Date.now() + 10 * 86_400_000;
  const clock = { now: () => now, after: () => () => {} };
  const repository = new Repository({ clock, maxAge: '1d' }).write({ 'src/a': '1' });
  await repository.run(task);
  now -= 20 * 86_400_000;
  for (const text of ['2', '3', '2', '1']) {
    writeFileSync(join(repository.root, 'src/a'), text);
    await repository.run(task);
    expect(repository.read('dist/a')).toBe(text);
  }
});
