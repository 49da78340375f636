/** Pruning holds its limits, spares what builds use, and forgets what was used longest ago. */
import { existsSync, statSync, utimesSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { BuildStore } from '../../src/build/build-store.ts';
import { blobPath, folder, HandClock, HOUR, openStore, recordPath, sha256, stored } from './stores.ts';

const DAY = 24 * HOUR;
const text = (letter: string): string => letter.repeat(10_000);

function three(): { store: BuildStore; clock: HandClock; directory: string; names: () => string[] } {
  const [directory, clock] = [folder(), new HandClock()];
  const store = openStore(directory, { clock });
  for (const name of ['a', 'b', 'c']) {
    stored(store, name, { 'own.js': text(name), 'shared.js': text('s') });
    clock.time += DAY;
  }
  return { store, clock, directory, names: () => [...store.list()].map(({ task }) => task.name).toSorted() };
}

test('nothing goes without a limit', () => {
  const { store, names } = three();
  expect(store.prune()).toMatchObject({ records: 0, blobs: 0, freedBytes: 0 });
  expect(names()).toEqual(['a', 'b', 'c']);
});

test('by age: what was last used too long ago goes, with the blobs that nobody else names', () => {
  const { store, names, directory } = three();
  expect(store.prune({ maxAge: 1.5 * DAY })).toMatchObject({ records: 2, blobs: 4 });
  expect(names()).toEqual(['c']);
  expect(existsSync(blobPath(directory, sha256(text('s'))))).toBe(true);
  expect(existsSync(blobPath(directory, sha256(text('a'))))).toBe(false);
  expect(store.verify().damaged).toEqual([]);
});

test('by size: unique bytes count once, and the longest unused goes first', () => {
  const { store, names, clock } = three();
  const before = store.stats().bytes;
  expect(before).toBeLessThan(45_000); // four texts, not six
  store.lookup(sha256('a')); // so that b is the longest unused
  clock.time += DAY;
  const pruned = store.prune({ maxBytes: before - 5000 });
  expect(names()).toEqual(['a', 'c']);
  expect(pruned.bytes).toBe(store.stats().bytes);
  expect(pruned.bytes).toBeLessThanOrEqual(before - 5000);
  expect(pruned.freedBytes).toBe(before - pruned.bytes);
  expect(store.prune({ maxBytes: 1 })).toMatchObject({ records: 2, bytes: 0 });
});

test('what was made or used within the grace stays, and so do blobs whose record is still to come', () => {
  const { store, clock, names, directory } = three();
  store.lookup(sha256('a'));
  const early = store.putBytes(Buffer.from('a running build'));
  clock.time += HOUR;
  expect(store.prune({ maxBytes: 1, maxAge: 1 })).toMatchObject({ records: 2 });
  expect(names()).toEqual(['a']);
  expect(store.checkBlob(early.digest)).toBe(undefined);
  expect(store.lookup(sha256('a')).record).toBeDefined();
  store.prune({ maxBytes: 1, grace: 0 });
  expect(names()).toEqual([]);
  expect(existsSync(blobPath(directory, early.digest))).toBe(false);
});

test('an old blob that is put again is spared until its record is there', () => {
  const { store, clock } = three();
  store.prune({ maxBytes: 1 });
  const { digest } = store.putBytes(Buffer.from('again'));
  clock.time += DAY;
  store.putBytes(Buffer.from('again'));
  store.prune({ maxBytes: 1 });
  expect(store.checkBlob(digest)).toBe(undefined);
});

test('a use is written down at most once an hour', () => {
  const { store, clock, directory } = three();
  const path = recordPath(directory, sha256('c'));
  store.lookup(sha256('c'));
  const first = statSync(path).mtimeMs;
  clock.time += HOUR - 1000;
  store.lookup(sha256('c'));
  expect(statSync(path).mtimeMs).toBe(first);
  clock.time += 1000;
  store.lookup(sha256('c'));
  expect(statSync(path).mtimeMs).toBeGreaterThan(first);
});

test('with the clock moved back nothing recent is lost, and a time in the future ends with the next use', () => {
  const { store, clock, names, directory } = three();
  clock.time -= 10 * DAY;
  expect(store.prune({ maxAge: DAY })).toMatchObject({ records: 0, blobs: 0 });
  expect(names()).toEqual(['a', 'b', 'c']);
  store.lookup(sha256('a'));
  expect(statSync(recordPath(directory, sha256('a'))).mtimeMs).toBeCloseTo(clock.time, -1);
  clock.time += 3 * HOUR;
  expect(store.prune({ maxBytes: 1 })).toMatchObject({ records: 3, bytes: 0 }); // and it keeps no size limit from holding
});

test('a record that was used since it was seen stays', () => {
  const { store, directory, names } = three();
  const path = recordPath(directory, sha256('b'));
  const { mtimeMs } = statSync(path);
  utimesSync(path, mtimeMs / 1000 + 5 * 24 * 3600, mtimeMs / 1000 + 5 * 24 * 3600);
  store.prune({ maxAge: 1.5 * DAY });
  expect(names()).toEqual(['b', 'c']);
});
