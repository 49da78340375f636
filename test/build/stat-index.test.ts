/** A file is read again whenever it might have changed, and only then. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/build/digest.ts';
import { StatIndex } from '../../src/build/stat-index.ts';
import { countedDisk, directoryWith, put } from './counted-disk.ts';

const later = (ms: number) => ({ now: () => Date.now() + ms, after: () => () => {} });
const file = (text: string, executable = false) => ({ kind: 'file', digest: digestOf(text), executable });

test('what was changed less than a granularity before it was read is read again', () => {
  const path = join(directoryWith({ a: 'old' }), 'a');
  const { disk, counts } = countedDisk();
  const index = new StatIndex({ disk, clock: later(0) });
  for (let reads = 1; reads <= 3; reads++) {
    index.nextRun();
    expect(index.look(path)).toEqual(file('old'));
    expect(counts.get('openSync')).toBe(reads);
  }
  expect(index.size).toBe(0);
});

test('a change that leaves size and times as they were is seen, since such a file was never trusted', () => {
  const path = join(directoryWith({ a: 'old' }), 'a');
  const frozen = fs.lstatSync(path, { bigint: true });
  // A file system so coarse that both writes fall into one instant.
  const coarse = { ...fs, lstatSync: () => frozen, fstatSync: () => frozen } as unknown as typeof fs;
  const index = new StatIndex({
    disk: coarse,
    clock: { now: () => Number(frozen.mtimeMs) + 1000, after: () => () => {} },
  });
  expect(index.look(path)).toEqual(file('old'));
  fs.writeFileSync(path, 'new');
  index.nextRun();
  expect(index.look(path)).toEqual(file('new'));
});

test('a change behind which the old time was put back is seen', () => {
  const path = join(directoryWith({ a: 'old' }), 'a');
  const past = new Date(Date.now() - 3_600_000);
  fs.utimesSync(path, past, past);
  const index = new StatIndex({ clock: later(60_000) });
  expect(index.look(path)).toEqual(file('old'));
  expect(index.size).toBe(1);
  fs.writeFileSync(path, 'new');
  fs.utimesSync(path, past, past);
  index.nextRun();
  expect(index.look(path)).toEqual(file('new'));
});

test('an old time alone earns no trust: the file was changed just now', () => {
  const path = join(directoryWith({ a: 'old' }), 'a');
  fs.utimesSync(path, new Date(0), new Date(0));
  const index = new StatIndex();
  index.look(path);
  expect(index.size).toBe(0);
});

test('a clock that is moved back earns no trust', () => {
  const path = join(directoryWith({ a: 'old' }), 'a');
  const index = new StatIndex({ clock: later(-3_600_000) });
  index.look(path);
  expect(index.size).toBe(0);
});

test('a path is looked at once in a run, and again in the next', () => {
  const path = join(directoryWith({ a: 'old' }), 'a');
  const { disk, counts } = countedDisk();
  const index = new StatIndex({ disk });
  index.look(path);
  fs.rmSync(path);
  expect(index.look(path)).toEqual(file('old'));
  expect(counts.get('lstatSync')).toBe(1);
  index.nextRun();
  expect(index.look(path)).toBeUndefined();
});

test('becoming executable is seen without reading', () => {
  const path = join(directoryWith({ a: 'x' }), 'a');
  const index = new StatIndex({ clock: later(60_000) });
  expect(index.look(path)).toEqual(file('x'));
  fs.chmodSync(path, 0o755);
  index.nextRun();
  expect(index.look(path)).toEqual(file('x', true));
});

test('a file that is replaced by a link or a directory is what it is now', () => {
  const path = join(directoryWith({ a: 'x' }), 'a');
  const index = new StatIndex({ clock: later(60_000) });
  index.look(path);
  fs.rmSync(path);
  fs.symlinkSync('b', path);
  index.nextRun();
  expect(index.look(path)).toEqual({ kind: 'link', target: 'b' });
  fs.rmSync(path);
  fs.mkdirSync(path);
  index.nextRun();
  expect(index.look(path)).toEqual({ kind: 'directory' });
});

test('a file that changes while it is read is read again, and one that never holds still is refused', () => {
  const path = join(directoryWith({ a: 'one' }), 'a');
  let writes = 1;
  const restless = {
    ...fs,
    readSync: ((descriptor: number, buffer: Buffer, ...rest: [number, number, null]) => {
      const count = fs.readSync(descriptor, buffer, ...rest);
      if (count === 0 && writes-- > 0) fs.writeFileSync(path, 'x'.repeat(10 + writes));
      return count;
    }) as typeof fs.readSync,
  };
  expect(new StatIndex({ disk: restless }).look(path)).toEqual(file('x'.repeat(10)));
  writes = 100;
  expect(() => new StatIndex({ disk: restless }).look(path)).toThrow('keeps changing');
});

test('large files are read in pieces and whole', () => {
  const text = 'abcdefg'.repeat(100_000);
  expect(new StatIndex().look(join(directoryWith({ a: text }), 'a'))).toEqual(file(text));
});

test('what is kept damaged, of another version, or not at all, counts as nothing, wherever the damage is', () => {
  const root = directoryWith({ a: 'a', 'with\nbreak': 'b' });
  const kept = join(root, 'state', 'index');
  const index = new StatIndex({ file: kept, clock: later(60_000) });
  for (const name of ['a', 'with\nbreak']) index.look(join(root, name));
  expect(index.save()).toBe(true);
  expect(fs.readdirSync(join(root, 'state'))).toEqual(['index']);
  expect(new StatIndex({ file: kept }).size).toBe(2);
  const bytes = fs.readFileSync(kept);
  for (let i = 0; i < bytes.length; i++) {
    const damaged = Buffer.from(bytes);
    damaged[i] ^= 1;
    put(kept, '');
    fs.writeFileSync(kept, damaged);
    expect(new StatIndex({ file: kept }).size, `byte ${i}`).toBe(0);
  }
  fs.writeFileSync(kept, bytes.subarray(0, bytes.length / 2));
  expect(new StatIndex({ file: kept }).size).toBe(0);
});

test('an index that cannot be written says so, and goes on', () => {
  const root = directoryWith({ a: 'a' });
  const index = new StatIndex({ file: join(root, 'a', 'index'), clock: later(60_000) });
  expect(index.look(join(root, 'a'))).toEqual(file('a'));
  expect(index.save()).toBe(false);
});

test('the index is bounded, and what was not asked for longest goes first', () => {
  const root = directoryWith({ a: '', b: '', c: '' });
  const { disk, counts } = countedDisk();
  const index = new StatIndex({ maxEntries: 2, clock: later(60_000), disk });
  for (const name of ['a', 'b']) index.look(join(root, name));
  index.nextRun();
  for (const name of ['a', 'c']) index.look(join(root, name));
  expect(index.size).toBe(2);
  expect(counts.get('openSync')).toBe(3);
  index.nextRun();
  index.look(join(root, 'a'));
  expect(counts.get('openSync')).toBe(3);
  index.look(join(root, 'b'));
  expect(counts.get('openSync')).toBe(4);
});
