/** Whatever happens to its files, a store never answers with anything but what was put into it. */
import fs, { readdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  filesOf,
  folder,
  openStore,
  overwrite,
  recordOf,
  recordPath,
  blobPath,
  sha256,
  spec,
  specsPath,
  stored,
} from './stores.ts';

test('with a bit of a record flipped, the record is a miss, and put aside', () => {
  const directory = folder();
  const store = openStore(directory, { readOnly: false });
  const record = stored(store, 'build', { 'a.js': 'a', 'b/c.js': 'c' });
  const path = recordPath(directory, record.key);
  const bytes = fs.readFileSync(path);
  for (let at = 0; at < bytes.length; at += 7) {
    const flipped = Buffer.from(bytes);
    flipped[at] ^= 1 << (at % 8);
    overwrite(path, flipped);
    expect(store.lookup(record.key), `byte ${at}`).toEqual({ reason: 'damaged record' });
  }
  for (const length of [0, 1, bytes.length - 1]) {
    overwrite(path, bytes.subarray(0, length));
    expect(store.lookup(record.key)).toEqual({ reason: 'damaged record' });
  }
  expect(store.store(record)).toEqual({ stored: 'new' });
  expect(store.lookup(record.key).record).toEqual(record);
});

test('with any bit of a blob flipped, no reading answers with its bytes', () => {
  const directory = folder();
  const store = openStore(directory);
  const good = Buffer.from('export const answer = 42;\n');
  const { digest } = store.putBytes(good);
  for (let at = 0; at < good.length * 3; at++) {
    const flipped = Buffer.from(good);
    flipped[Math.floor(at / 3)] ^= 1 << (at % 8);
    overwrite(blobPath(directory, digest), flipped);
    const read = [() => store.readBlob(digest), () => store.checkBlob(digest)][at % 2];
    expect(read(), `bit ${at}`).toBe('blob damaged');
    expect(store.checkBlob(digest)).toBe('blob missing'); // it was put aside
    expect(store.putBytes(good).digest).toBe(digest);
    expect(store.checkBlob(digest)).toBe(undefined);
  }
});

test('a record under the name of another key is a miss', () => {
  const directory = folder();
  const store = openStore(directory);
  const [one, two] = [stored(store, 'one', { 'a.js': 'a' }), stored(store, 'two', { 'a.js': 'b' })];
  overwrite(recordPath(directory, one.key), fs.readFileSync(recordPath(directory, two.key)));
  expect(store.lookup(one.key)).toEqual({ reason: 'damaged record' });
  expect(store.lookup(two.key).record).toEqual(two);
});

test('verify tells every damaged thing and changes nothing; with fix it removes only that', () => {
  const directory = folder();
  const store = openStore(directory);
  const good = stored(store, 'good', { 'a.js': 'good' });
  const torn = stored(store, 'torn', { 'a.js': 'shared with good', 'b.js': 'good' });
  const flipped = stored(store, 'flipped', { 'a.js': 'flipped' });
  const lost = stored(store, 'lost', { 'a.js': 'lost' });
  overwrite(recordPath(directory, torn.key), '{"record":');
  overwrite(blobPath(directory, sha256('flipped')), 'Flipped');
  fs.unlinkSync(blobPath(directory, sha256('lost')));
  for (const name of ['weak', 'good']) store.addSpec(sha256(name), spec('src/**'));
  overwrite(specsPath(directory, sha256('weak')), '{"specs":{}}');
  const before = filesOf(directory);
  const report = store.verify();
  expect(filesOf(directory)).toEqual(before);
  expect(report).toMatchObject({ records: 4, blobs: 7, specs: 2 });
  const told = report.damaged.map(({ name, reason }) => `${name} ${reason}`).toSorted();
  expect(told).toEqual(
    [
      `${sha256('flipped')} blob damaged`,
      `${flipped.key} blob damaged`,
      `${lost.key} blob missing`,
      `${torn.key} damaged record`,
      `${sha256('weak')} damaged specs`,
    ].toSorted(),
  );
  expect(store.verify({ fix: true }).damaged).toHaveLength(5);
  const gone = new Set(report.damaged.map(({ path }) => path.slice(directory.length + 1)));
  expect([...filesOf(directory).keys()]).toEqual([...before.keys()].filter((path) => !gone.has(path)));
  expect(store.verify().damaged).toEqual([]);
  expect(store.lookup(good.key).record).toEqual(good);
});

test('on a full disk a put fails, leaves nothing behind, and what was there is still right', () => {
  const directory = folder();
  const store = openStore(directory);
  const record = stored(store, 'build', { 'a.js': 'a' });
  const large = join(folder(), 'large');
  fs.writeFileSync(large, Buffer.alloc(3_000_000, 1));
  const before = filesOf(directory);
  for (const room of [0, 1, 100, 2_000_000]) {
    const undo = fullDisk(room);
    const full = expect.objectContaining({ code: 'store_failed', cause: expect.objectContaining({ code: 'ENOSPC' }) });
    try {
      expect(() => store.putFile(large)).toThrow(full);
      expect(() => store.putBytes(Buffer.alloc(room + 1, 2))).toThrow(full);
      if (room < 200) expect(() => store.store({ ...record, key: sha256('other') })).toThrow(full);
      store.count({ misses: 1, storeMs: 1 }); // statistics that can't be written harm nobody
      expect(store.lookup(record.key).record).toEqual(record);
    } finally {
      undo();
    }
    expect([...filesOf(directory)].filter(([path]) => !path.startsWith('v1/stats/'))).toEqual(
      [...before].filter(([path]) => !path.startsWith('v1/stats/')),
    );
  }
  expect(store.putFile(large).size).toBe(3_000_000);
});

test('a blob that others prune between a look at it and its opening is missing, and no error', () => {
  const directory = folder();
  const store = openStore(directory);
  const { digest } = store.putBytes(Buffer.from('a'));
  const undo = replaced('openSync', (open) => (...args: unknown[]) => {
    fs.rmSync(blobPath(directory, digest), { force: true });
    return open(...args);
  });
  onTestFinished(undo);
  expect(store.readBlob(digest)).toBe('blob missing');
  undo();
  store.putBytes(Buffer.from('a'));
  expect(Buffer.from(store.readBlob(digest) as Uint8Array).toString()).toBe('a');
});

test('where there are no hard links, a record is placed all the same, and the first stays', () => {
  const directory = folder();
  const undo = replaced('linkSync', () => () => {
    throw Object.assign(new Error('no links here'), { code: 'EPERM' });
  });
  onTestFinished(undo);
  const store = openStore(directory);
  const record = stored(store, 'build', { 'a.js': 'a' });
  store.putBytes(Buffer.from('b'));
  expect(store.store(recordOf('build', { 'a.js': 'b' }))).toMatchObject({ stored: 'conflict' });
  expect(store.lookup(record.key).record).toEqual(record);
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
});

/** A disk with so many bytes left for each file; the last write before it is full writes fewer than asked. */
function fullDisk(room: number): () => void {
  const written = new Map<number, number>();
  return replaced('writeSync', (write) => (...args: unknown[]) => {
    const [fd, bytes, offset, length] = args as [number, Uint8Array, number, number];
    const left = room - (written.get(fd) ?? 0);
    if (left <= 0) {
      written.delete(fd);
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    }
    const count = Math.min(left, length);
    written.set(fd, (written.get(fd) ?? 0) + count);
    return write(fd, bytes, offset, count);
  });
}

type Call = (...args: unknown[]) => unknown;

function replaced(name: 'writeSync' | 'linkSync' | 'openSync', by: (call: Call) => Call): () => void {
  const real = fs[name];
  Object.assign(fs, { [name]: by(real as Call) });
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs, { [name]: real });
    syncBuiltinESMExports();
  };
}
