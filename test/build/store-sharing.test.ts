/** What goes from one store to another is compared with its name on arrival, and leaves nothing behind if it is wrong. */
import fs, { readdirSync, readFileSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { InputSpec } from '../../src/build/input-spec.ts';
import {
  blobPath,
  filesOf,
  folder,
  HandClock,
  HOUR,
  openStore,
  overwrite,
  recordPath,
  sha256,
  spec,
  specsPath,
  stored,
} from './stores.ts';

const weak = sha256('weak');

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const sent: Uint8Array[] = [];
  for await (const chunk of chunks) sent.push(chunk);
  return sent;
}

test('a blob that arrives piece by piece is stored under its digest', async () => {
  const directory = folder();
  const store = openStore(directory);
  expect(await store.receiveBlob(sha256('abc'), pieces('a', '', 'bc'))).toEqual({ digest: sha256('abc'), size: 3 });
  expect(await store.receiveBlob(sha256('abc'), pieces('abc'))).toEqual({ digest: sha256('abc'), size: 3 });
  expect(await store.receiveBlob(sha256(''), pieces())).toEqual({ digest: sha256(''), size: 0 });
  expect(Buffer.from(store.readBlob(sha256('abc')) as Uint8Array).toString()).toBe('abc');
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
});

test('bytes that are not the digest’s, and a source that breaks, are refused, and nothing is left', async () => {
  const directory = folder();
  const store = openStore(directory);
  store.putBytes(Buffer.from('there'));
  const before = filesOf(directory);
  await expect(store.receiveBlob(sha256('abc'), pieces('ab'))).rejects.toMatchObject({ code: 'bad_bytes' });
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('abc');
    throw new Error('cut off');
  };
  await expect(store.receiveBlob(sha256('abc'), broken())).rejects.toThrow('cut off');
  expect(filesOf(directory)).toEqual(before);
});

test('a blob is sent in pieces; one that is missing or damaged breaks off', async () => {
  const directory = folder();
  const [store, other] = [openStore(directory), openStore(folder())];
  const bytes = Buffer.alloc(700_000, 'tide');
  const { digest } = store.putBytes(bytes);
  const sent = await all(store.blobChunks(digest));
  expect(sent.length).toBeGreaterThan(2);
  expect(Buffer.compare(Buffer.concat(sent), bytes)).toBe(0);
  await other.receiveBlob(digest, store.blobChunks(digest));
  expect(other.checkBlob(digest)).toBe(undefined);
  overwrite(blobPath(directory, digest), Buffer.alloc(700_000, 'ebb.'));
  const third = openStore(folder());
  await expect(third.receiveBlob(digest, store.blobChunks(digest))).rejects.toMatchObject({ code: 'bad_bytes' });
  expect(third.checkBlob(digest)).toBe('blob missing');
  expect(store.checkBlob(digest)).toBe('blob missing'); // it was put aside
  await expect(all(store.blobChunks(digest))).rejects.toMatchObject({ code: 'bad_bytes' });
});

test('a reader that stops early leaves no file open', async () => {
  const store = openStore(folder());
  const { digest } = store.putBytes(Buffer.alloc(3_000_000));
  let [opened, closed] = [0, 0];
  const undo = ['openSync', 'close', 'closeSync'].map((name) =>
    counted(name as 'close', () => (name === 'openSync' ? opened++ : closed++)),
  );
  onTestFinished(() => undo.forEach((one) => one()));
  for (let i = 0; i < 5; i++) for await (const _ of store.blobChunks(digest)) break;
  expect(opened).toBe(5);
  await expect.poll(() => closed).toBe(5);
});

test('a record goes as text, and is stored only under its own key and with its blobs', () => {
  const [store, other] = [openStore(folder()), openStore(folder())];
  const record = stored(store, 'build', { 'a.js': 'a' });
  const text = store.recordText(record.key)!;
  expect(store.recordText(sha256('absent'))).toBe(undefined);
  expect(() => other.receiveRecord(record.key, text)).toThrow(/blob missing/);
  for (const bytes of ['a', 'log of build']) other.putBytes(Buffer.from(bytes));
  expect(other.receiveRecord(sha256('other'), text)).toBe(undefined);
  expect(other.receiveRecord(record.key, text.replace('tsc', 'tsd'))).toBe(undefined);
  expect(other.lookup(record.key)).toEqual({ reason: 'absent' });
  expect(other.receiveRecord(record.key, text)).toEqual({ stored: 'new' });
  expect(other.lookup(record.key).record).toEqual(record);
  expect(other.receiveRecord(record.key, text)).toEqual({ stored: 'present' });
});

test('records can be walked, damaged ones left out', () => {
  const directory = folder();
  const store = openStore(directory);
  const kept = ['one', 'two'].map((name) => stored(store, name, { 'a.js': name }));
  overwrite(recordPath(directory, kept[0].key).replace(/[^/]*$/, `${sha256('torn')}.json`), 'torn');
  expect([...store.records()].map(({ key }) => key).toSorted()).toEqual(kept.map(({ key }) => key).toSorted());
});

test('of specs the latest comes first, an equal one is kept once, and the seventeenth is forgotten', () => {
  const store = openStore(folder());
  expect(store.specs(weak)).toEqual([]);
  for (let i = 0; i < 20; i++) store.addSpec(weak, spec(`${i}/**`));
  store.addSpec(weak, spec('10/**'));
  const order = [10, 19, 18, 17, 16, 15, 14, 13, 12, 11, 9, 8, 7, 6, 5, 4];
  expect(store.specs(weak)).toEqual(order.map((i) => spec(`${i}/**`)));
  expect(store.specs(sha256('another'))).toEqual([]);
});

test('every kind of spec comes back; what no workspace can have is refused', () => {
  const store = openStore(folder());
  const kinds: readonly InputSpec[] = [
    spec('src/**'),
    { kind: 'everything', exclude: ['x'], own: ['dist/**'] },
    { kind: 'observed', exclude: [], own: [], paths: ['a b/ä'], listed: ['.', 'src'] },
  ];
  for (const kind of kinds) store.addSpec(weak, kind);
  expect(store.specs(weak)).toEqual(kinds.toReversed());
  for (const exclude of ['src/**', '!a', '..a/b..', 'a..', '*.ts', '.x'])
    store.addSpec(weak, { ...kinds[1], exclude: [exclude] });
  for (const exclude of ['', '!', '/etc', 'C:/a', '..', '../a', '!../a', 'a/../b', 'a/..', 'a\0'])
    expect(() => store.addSpec(weak, { ...kinds[1], exclude: [exclude] }), exclude).toThrow(/no way/);
  for (const wrong of [
    { paths: ['../secret'] },
    { own: ['../a'] },
    { listed: ['/etc'] },
    { globs: [] },
    { kind: 'guess' },
  ])
    expect(() => store.addSpec(weak, { ...kinds[2], ...wrong } as InputSpec)).toThrow(
      expect.objectContaining({ code: 'bad_bytes' }),
    );
});

test('with any bit of a spec file flipped it counts as none, is put aside, and can be written anew', () => {
  const directory = folder();
  const store = openStore(directory);
  store.addSpec(weak, spec('src/**'));
  const path = specsPath(directory, weak);
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes);
    flipped[at] ^= 1 << (at % 8);
    overwrite(path, flipped);
    expect(store.specs(weak), `byte ${at}`).toEqual([]);
  }
  expect(readdirSync(join(directory, 'v1/quarantine'))).toHaveLength(bytes.length);
  store.addSpec(weak, spec('lib/**'));
  expect(store.specs(weak)).toEqual([spec('lib/**')]);
});

test('specs go as text and are merged behind what is there; those of another key are refused', () => {
  const [store, other] = [openStore(folder()), openStore(folder())];
  expect(store.specsText(weak)).toBe(undefined);
  for (const glob of ['a', 'b']) store.addSpec(weak, spec(glob));
  for (const glob of ['c', 'b']) other.addSpec(weak, spec(glob));
  const text = store.specsText(weak)!;
  expect(other.receiveSpecs(weak, text)).toBe(true);
  expect(other.specs(weak)).toEqual([spec('b'), spec('c'), spec('a')]);
  expect(other.receiveSpecs(sha256('another'), text)).toBe(false);
  expect(other.receiveSpecs(weak, text.replace('a', 'd'))).toBe(false);
  expect(other.specs(sha256('another'))).toEqual([]);
});

test('specs that are used live as long as records do, and go with them by age and by size', () => {
  const [directory, clock] = [folder(), new HandClock()];
  const store = openStore(directory, { clock });
  const old = sha256('old');
  for (const key of [old, weak]) store.addSpec(key, spec('src/**'));
  stored(store, 'build', { 'a.js': 'a' });
  clock.time += 10 * 24 * HOUR;
  store.specs(weak);
  store.lookup(sha256('build'));
  clock.time += 3 * HOUR;
  const before = store.stats().bytes;
  const { size } = statSync(specsPath(directory, old));
  expect(store.prune({ maxAge: '7d' })).toMatchObject({ records: 0, freedBytes: size, bytes: before - size });
  expect([store.specs(old), store.specs(weak)]).toEqual([[], [spec('src/**')]]);
  clock.time += 3 * HOUR;
  expect(store.prune({ maxBytes: 1 })).toMatchObject({ records: 1, bytes: 0 });
  expect(store.specs(weak)).toEqual([]);
});

function counted(name: 'openSync' | 'close' | 'closeSync', count: () => void): () => void {
  const real = fs[name];
  const put = (call: unknown): void => {
    Object.assign(fs, { [name]: call });
    syncBuiltinESMExports();
  };
  put((...args: unknown[]) => {
    count();
    return (real as (...args: unknown[]) => unknown)(...args);
  });
  return () => put(real);
}
