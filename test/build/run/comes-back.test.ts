/** What a task made comes back when nothing has changed that it rests on: here, in another clone, on another branch. */
import { describe, expect, test } from 'vitest';
import { Repository, script } from './repository.ts';

const SHOUT = script(
  "write('dist/a.txt', read('src/a.txt').toUpperCase()); console.log('shouted'); console.error('done');",
);
const declared = { command: SHOUT, inputs: ['src/**'], outputs: ['dist/**'] };
const found = { command: SHOUT };

describe.each([
  { how: 'declared', task: declared },
  { how: 'everything', task: found },
])('inputs $how', ({ task, how }) => {
  test('the first run keeps, the second is in place, and prints the same', async () => {
    const repository = new Repository().write({ 'src/a.txt': 'tides', 'package.json': '{"name":"shore"}' });
    const first = await repository.run(task);
    expect(first).toMatchObject({ outcome: 'ran', stored: 'new', exitCode: 0, outputs: 1, inputs: { found: how } });
    const second = await repository.run(task);
    expect(second).toMatchObject({ outcome: 'hit', key: first.key, exitCode: 0, made: first.made });
    expect(second.restored).toMatchObject({ kept: 1, written: 0, removed: 0 });
    expect(second.printed).toBe(first.printed);
    expect(first.printed.split('\n').toSorted()).toEqual(['', 'done', 'shouted']);
  });

  test('another clone gets it, in another directory', async () => {
    const repository = new Repository().write({ 'src/a.txt': 'tides', 'package.json': '{}' });
    await repository.run(task);
    const clone = repository.clone();
    expect(await clone.run(task)).toMatchObject({ outcome: 'hit', restored: { written: 1 } });
    expect(clone.read('dist/a.txt')).toBe('TIDES');
  });

  test('back on another branch its outputs are back, and those of this one are gone', async () => {
    const many = script("for (const f of fs.readdirSync('src')) write('dist/' + f, read('src/' + f).toUpperCase());");
    const work = { ...task, command: many };
    const repository = new Repository().write({ 'src/a.txt': 'a', 'package.json': '{}' });
    await repository.run(work);
    repository.write({ 'src/b.txt': 'b' });
    expect(await repository.run(work)).toMatchObject({ outcome: 'ran' });
    expect(repository.files()).toMatchObject({ 'dist/a.txt': 'A', 'dist/b.txt': 'B' });
    repository.remove('src/b.txt');
    expect(await repository.run(work)).toMatchObject({ outcome: 'hit', restored: { removed: 1 } });
    expect(repository.has('dist/b.txt')).toBe(false);
    repository.write({ 'src/b.txt': 'b' });
    expect(await repository.run(work)).toMatchObject({ outcome: 'hit' });
    expect(repository.read('dist/b.txt')).toBe('B');
  });

  test('a changed input runs it anew, and the old one changed back brings the old result', async () => {
    const repository = new Repository().write({ 'src/a.txt': 'one', 'package.json': '{}' });
    await repository.run(task);
    repository.write({ 'src/a.txt': 'two' });
    expect(await repository.run(task)).toMatchObject({ outcome: 'ran', stored: 'new' });
    expect(repository.read('dist/a.txt')).toBe('TWO');
    repository.write({ 'src/a.txt': 'one' });
    expect(await repository.run(task)).toMatchObject({ outcome: 'hit' });
    expect(repository.read('dist/a.txt')).toBe('ONE');
  });

  test('an output that somebody changed is made right', async () => {
    const repository = new Repository().write({ 'src/a.txt': 'tides', 'package.json': '{}' });
    await repository.run(task);
    repository.write({ 'dist/a.txt': 'mischief' });
    // Where nobody says that it is an output, only the command itself knows what to do with somebody's file.
    const outcome = how === 'declared' ? { outcome: 'hit', restored: { written: 1 } } : { outcome: 'ran' };
    expect(await repository.run(task)).toMatchObject(outcome);
    expect(repository.read('dist/a.txt')).toBe('TIDES');
  });

  test('files of others beside the outputs stay', async () => {
    const repository = new Repository().write({ 'src/a.txt': 'tides', 'package.json': '{}' });
    await repository.run(task);
    const clone = repository.clone();
    clone.write(how === 'declared' ? { 'dist/mine.txt': 'mine' } : { 'src/a.txt': 'tides' });
    expect(await clone.run(task)).toMatchObject({ outcome: 'hit' });
    if (how === 'declared') expect(clone.read('dist/mine.txt')).toBe('mine');
    expect(clone.read('dist/a.txt')).toBe('TIDES');
  });
});

test('a command that makes nothing but text is kept by what it prints, byte for byte', async () => {
  const check = {
    command: script("process.stdout.write(Buffer.from([0, 255, 10, 13])); console.log(read('src/a.txt'))"),
    outputs: [],
  };
  const repository = new Repository().write({ 'src/a.txt': 'tides' });
  const first = await repository.run(check);
  expect(first).toMatchObject({ outcome: 'ran', stored: 'new', outputs: 0 });
  const second = await repository.run(check);
  expect(second).toMatchObject({ outcome: 'hit' });
  expect(second.printed).toBe(first.printed);
});

test('links, modes and empty directories are outputs like files', async () => {
  const work = {
    command: script(
      "write('dist/run.sh', '#!/bin/sh'); fs.chmodSync('dist/run.sh', 0o755); fs.symlinkSync('run.sh', 'dist/link'); fs.mkdirSync('dist/empty');",
    ),
  };
  const repository = new Repository().write({ 'package.json': '{}' });
  expect(await repository.run(work)).toMatchObject({ stored: 'new', outputs: 3 });
  const clone = repository.clone();
  expect(await clone.run(work)).toMatchObject({ outcome: 'hit' });
  const { lstatSync, readlinkSync, readdirSync } = await import('node:fs');
  expect(lstatSync(`${clone.root}/dist/run.sh`).mode & 0o777).toBe(0o755);
  expect(readlinkSync(`${clone.root}/dist/link`)).toBe('run.sh');
  expect(readdirSync(`${clone.root}/dist/empty`)).toEqual([]);
});

test('an empty directory that was there before is no output, and no clone without it gets what it made a difference to', async () => {
  const work = { command: script("fs.mkdirSync('dist/empty', { recursive: true }); write('dist/a', read('src/a'))") };
  const repository = new Repository().write({ 'src/a': '1', 'package.json': '{}' });
  await repository.run(work);
  repository.write({ 'src/a': '2' });
  expect(await repository.run(work)).toMatchObject({ outcome: 'ran', stored: 'new' });
  const clone = repository.clone();
  expect(await clone.run(work)).toMatchObject({ outcome: 'ran' });
  expect(clone.has('dist/empty')).toBe(true);
});
