/** Defects of an earlier build cache, each as a promise that this one keeps. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { filesOf, folder, HandClock, HOUR, openStore, recordPath, sha256, stored } from './stores.ts';

test('pruning finds entries, and verifying finds none of the good ones corrupt', () => {
  const [directory, clock] = [folder(), new HandClock()];
  const store = openStore(directory, { clock });
  for (const name of ['a', 'b', 'c']) stored(store, name, { 'a.js': name });
  const before = filesOf(directory);
  expect(store.verify({ fix: true })).toEqual({ records: 3, blobs: 6, specs: 0, damaged: [] });
  expect(filesOf(directory)).toEqual(before);
  clock.time += 30 * 24 * HOUR;
  expect(store.prune({ maxAge: '7d' })).toMatchObject({ records: 3, blobs: 6, bytes: 0 });
});

test('a store that was interrupted is no miss for ever', () => {
  const directory = folder();
  openStore(directory).putBytes(Buffer.from('a')); // killed before the rest
  const store = openStore(directory);
  const record = stored(store, 'build', { 'a.js': 'a', 'b.js': 'b' });
  expect(store.lookup(record.key).record).toEqual(record);
});

test('the order of paths is that of their bytes, not of a language', () => {
  const [one, two] = [folder(), folder()];
  const paths = ['a', 'B', 'ä', 'Z', 'z', '\u{1f600}', '\uffee', 'a-b', 'a0', '_'];
  const [there, back] = [paths, paths.toReversed()].map((order) =>
    Object.fromEntries(order.map((path) => [path, path])),
  );
  const record = stored(openStore(one), 'build', there);
  stored(openStore(two), 'build', back);
  const [first, second] = [one, two].map((directory) => fs.readFileSync(recordPath(directory, record.key), 'utf8'));
  expect(first).toBe(second);
  const kept = openStore(one)
    .lookup(record.key)
    .record!.outputs.map(({ path }) => path);
  expect(kept).toEqual(paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  expect(kept).not.toEqual(paths.toSorted((a, b) => a.localeCompare(b)));
});

test('a file that is written to while it is stored is stored as it was hashed', () => {
  const store = openStore(folder());
  const path = join(folder(), 'growing');
  fs.writeFileSync(path, Buffer.alloc(5_000_000, 'a'));
  const read = fs.readSync;
  let reads = 0;
  fs.readSync = ((...args: Parameters<typeof read>) => {
    if (++reads === 3) fs.writeFileSync(path, Buffer.alloc(6_000_000, 'b'));
    return read(...args);
  }) as typeof read;
  syncBuiltinESMExports();
  onTestFinished(() => {
    fs.readSync = read;
    syncBuiltinESMExports();
  });
  const { digest, size } = store.putFile(path);
  const bytes = store.readBlob(digest) as Uint8Array;
  expect(reads).toBeGreaterThan(3);
  expect([sha256(bytes), bytes.length]).toEqual([digest, size]);
  expect(new Set(bytes).size).toBe(2); // so it did change underneath
});

test('a hit rewrites nothing', () => {
  const [directory, clock] = [folder(), new HandClock()];
  const store = openStore(directory, { clock });
  const record = stored(store, 'build', { 'a.js': 'a' });
  const look = (): unknown => fs.statSync(recordPath(directory, record.key), { bigint: true });
  const [before, text] = [look(), fs.readFileSync(recordPath(directory, record.key), 'utf8')];
  for (let i = 0; i < 100; i++) store.lookup(record.key);
  expect(look()).toEqual({
    ...(before as object),
    atimeNs: expect.anything(),
    atimeMs: expect.anything(),
    atime: expect.anything(),
  });
  clock.time += 2 * HOUR;
  store.lookup(record.key); // its time of use is another, its bytes are not
  expect(fs.readFileSync(recordPath(directory, record.key), 'utf8')).toBe(text);
  expect((look() as fs.BigIntStats).ino).toBe((before as fs.BigIntStats).ino);
});

test('statistics of stores side by side are not lost, and damaged ones count as none', () => {
  const directory = folder();
  const stores = Array.from({ length: 8 }, () => openStore(directory));
  for (let i = 0; i < 100; i++) for (const store of stores) store.count({ misses: 1 });
  for (const store of stores) store.close();
  expect(openStore(directory).stats()).toMatchObject({ hits: 0, misses: 800, averageStoreMs: null });
  fs.writeFileSync(join(directory, 'v1/stats/1-a-b.json'), '{"id":"x","folded":[],"counts":{"hits":null}}');
  expect(openStore(directory).stats()).toMatchObject({ hits: 0, misses: 800 });
});

test('both limits hold: in a small cache what is too old goes, too', () => {
  const clock = new HandClock();
  const store = openStore(folder(), { clock });
  stored(store, 'old', { 'a.js': 'a' });
  clock.time += 30 * 24 * HOUR;
  stored(store, 'new', { 'b.js': 'b' });
  clock.time += 3 * HOUR;
  store.prune({ maxBytes: '1gb', maxAge: '7d' });
  expect([...store.list()].map(({ task }) => task.name)).toEqual(['new']);
});

test('the key alone decides: other fields under it are no miss for ever, nor a fight for the place', () => {
  const store = openStore(folder());
  const record = stored(store, 'build', { 'a.js': 'a' });
  const elsewhere = {
    ...record,
    fields: { ...record.fields, NODE_ENV: 'test' },
    task: { ...record.task, package: 'b' },
  };
  expect(store.store(elsewhere)).toEqual({ stored: 'present' });
  for (let i = 0; i < 3; i++) expect(store.lookup(record.key).record).toEqual(record);
});
