/** A store of builds keeps bytes by their digest and records by their key, and says exactly what became of each. */
import fs, { mkdirSync, mkdtempSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  HandClock,
  blobPath,
  filesOf,
  folder,
  HOUR,
  openStore,
  overwrite,
  recordOf,
  recordPath,
  sha256,
  spec,
  stored,
} from './stores.ts';

test('bytes and files come back as they were put, under the digest of what was put', () => {
  const directory = folder();
  const store = openStore(directory);
  const file = join(folder(), 'a b\n.js');
  for (const length of [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3_500_000]) {
    const bytes = Buffer.alloc(length, 'tidemark');
    writeFileSync(file, bytes);
    const blob = store.putFile(file);
    expect(blob).toEqual({ digest: sha256(bytes), size: length });
    expect(store.putBytes(bytes)).toEqual(blob);
    expect(Buffer.compare(store.readBlob(blob.digest) as Uint8Array, bytes)).toBe(0);
    expect(statSync(store.path(blob.digest)).mode & 0o777).toBe(0o444);
  }
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
});

test('a blob that is there is not rewritten; one of another size is replaced and the old one put aside', () => {
  const directory = folder();
  const store = openStore(directory);
  const { digest } = store.putBytes(Buffer.from('hello'));
  const before = statSync(blobPath(directory, digest), { bigint: true });
  store.putBytes(Buffer.from('hello'));
  const after = statSync(blobPath(directory, digest), { bigint: true });
  expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  overwrite(blobPath(directory, digest), 'hell');
  store.putBytes(Buffer.from('hello'));
  expect(Buffer.from(store.readBlob(digest) as Uint8Array).toString()).toBe('hello');
  expect([...filesOf(join(directory, 'v1/quarantine')).values()]).toEqual(['hell']);
});

test('a link is not followed and a directory is no file', () => {
  const place = folder();
  const store = openStore(folder());
  writeFileSync(join(place, 'file'), 'x');
  symlinkSync('file', join(place, 'link'));
  for (const path of [join(place, 'link'), place, join(place, 'absent')])
    expect(() => store.putFile(path)).toThrow(expect.objectContaining({ code: 'store_failed' }));
});

test('a record comes back as it was stored, in the one order', () => {
  const store = openStore(folder());
  const record = stored(store, 'build', { 'dist/b.js': 'b', 'dist/a.js': 'a' });
  const { record: found } = store.lookup(record.key);
  expect(found).toEqual({ ...record, outputs: record.outputs.toReversed() });
  expect(store.lookup(sha256('other'))).toEqual({ reason: 'absent' });
});

test('the same result again is present; another one is kept aside, told by its paths, and the first stays', () => {
  const directory = folder();
  const store = openStore(directory);
  const first = stored(store, 'build', { 'a.js': 'one', 'b.js': 'same' });
  expect(store.store({ ...first, durationMs: 99, createdAt: '2026-02-02T00:00:00.000Z' })).toEqual({
    stored: 'present',
  });
  for (const text of ['two', 'new']) store.putBytes(Buffer.from(text));
  const second = recordOf('build', { 'a.js': 'two', 'b.js': 'same', 'c.js': 'new' });
  expect(store.store(second)).toEqual({ stored: 'conflict', differs: ['a.js', 'c.js'], log: false });
  expect(store.store({ ...first, log: null })).toEqual({ stored: 'conflict', differs: [], log: true });
  store.store({ ...second, durationMs: 1 });
  expect(store.lookup(first.key).record).toEqual(first);
  expect(readdirSync(join(directory, 'v1/conflicts', first.key))).toHaveLength(2);
});

test('a record whose blobs are not there is refused; one whose blobs went is told at a glance, and can be stored anew', () => {
  const directory = folder();
  const store = openStore(directory);
  const record = recordOf('build', { 'a.js': 'a' });
  expect(() => store.store(record)).toThrow(/can't be stored: blob missing/);
  stored(store, 'build', { 'a.js': 'a' });
  overwrite(blobPath(directory, sha256('a')), 'longer');
  expect(store.lookup(record.key).record).toEqual(record);
  expect(store.glance(sha256('a'))).toBe(undefined);
  expect(store.glance(sha256('a'), 1)).toBe('blob damaged');
  expect(store.glance(sha256('a'), 1)).toBe('blob missing'); // it was put aside
  store.putBytes(Buffer.from('b'));
  expect(store.store(recordOf('build', { 'a.js': 'b' }))).toEqual({ stored: 'new' });
});

test('what is no record, or leads out of its package, is refused', () => {
  const store = openStore(folder());
  const record = stored(store, 'build', { 'a.js': 'a' });
  const [file] = record.outputs;
  const paths = [
    '',
    '.',
    '..',
    '../a',
    'a/../b',
    'a//b',
    'a/',
    '/a',
    'C:/a',
    'c:a',
    'a\\b',
    'a\0',
    'a/.. /b',
    '\ud800',
  ];
  const wrong: readonly object[] = [
    ...paths.map((path) => ({ outputs: [{ ...file, path }] })),
    ...paths.map((path) => ({ inputs: [{ path, link: 'x' }] })),
    { outputs: [file, file] },
    { outputs: [file, { kind: 'link', path: 'a.js/b', target: 'x' }] },
    {
      outputs: [
        { kind: 'link', path: 'l', target: '..' },
        { ...file, path: 'l/a.js' },
      ],
    },
    { outputs: [file, { ...file, path: 'b.js', size: 7 }] },
    { outputs: [{ ...file, mode: 0o4755 }] },
    { outputs: [{ ...file, kind: 'pipe' }] },
    { version: 2 },
    { key: 'AB' },
    { durationMs: Number.NaN },
    { createdAt: 'yesterday' },
    { fields: { a: 1 } },
    { extra: true },
  ];
  for (const change of wrong)
    expect(() => store.store({ ...record, ...change }), JSON.stringify(change)).toThrow(
      expect.objectContaining({ code: 'bad_bytes' }),
    );
});

test('odd names are kept as they are', () => {
  const store = openStore(folder());
  const names = ['a b', 'line\nbreak', '.dot', 'e\u0301', '\u00e9', '日本', '...a', '\'"', '__proto__'];
  const record = stored(store, 'odd', Object.fromEntries(names.map((name) => [`d/${name}`, 'x'])));
  expect(
    store
      .lookup(record.key)
      .record?.outputs.map(({ path }) => path)
      .toSorted(),
  ).toEqual(names.map((name) => `d/${name}`).toSorted());
});

test('a newer layout is refused, and so is a directory of something else, before anything is changed', () => {
  for (const [text, code] of [
    ['{"tidemark":"build","layout":2}', 'newer_format'],
    ['{"layout":1}', 'foreign_directory'],
    ['', 'foreign_directory'],
  ]) {
    const directory = folder();
    mkdirSync(join(directory, 'v1'));
    writeFileSync(join(directory, 'v1/layout.json'), text);
    const before = filesOf(directory);
    for (const readOnly of [false, true])
      expect(() => openStore(directory, { readOnly })).toThrow(expect.objectContaining({ code }));
    expect(filesOf(directory)).toEqual(before);
  }
  const directory = folder();
  mkdirSync(join(directory, 'v1'));
  writeFileSync(join(directory, 'v1/thesis.txt'), 'mine');
  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'foreign_directory' }));
  expect([...filesOf(directory).keys()]).toEqual(['v1/thesis.txt']);
});

test('a store that is open for reading only changes nothing, whatever it finds', () => {
  const [directory, clock] = [folder(), new HandClock()];
  const store = openStore(directory, { clock });
  const record = stored(store, 'build', { 'a.js': 'a' });
  const damaged = stored(store, 'lint', { 'b.js': 'b' });
  store.close();
  overwrite(recordPath(directory, damaged.key), 'damaged');
  overwrite(blobPath(directory, sha256('b')), 'x');
  const before = filesOf(directory);
  const mtime = statSync(recordPath(directory, record.key)).mtimeMs;
  clock.time += 5 * HOUR;
  const reader = openStore(directory, { clock, readOnly: true });
  expect(reader.lookup(record.key).record).toEqual(record);
  expect(reader.lookup(damaged.key)).toEqual({ reason: 'damaged record' });
  expect(reader.readBlob(sha256('b'))).toBe('blob damaged');
  expect(reader.verify().damaged).toHaveLength(2);
  reader.stats();
  reader.close();
  for (const change of [
    () => reader.putBytes(Buffer.from('z')),
    () => reader.store(record),
    () => reader.addSpec(record.key, spec('src/**')),
    () => reader.prune(),
    () => reader.clean(),
    () => reader.verify({ fix: true }),
  ])
    expect(change).toThrow(/open for reading only/);
  expect(filesOf(directory)).toEqual(before);
  expect(statSync(recordPath(directory, record.key)).mtimeMs).toBe(mtime);
  expect(openStore(join(directory, 'absent'), { readOnly: true }).lookup(record.key)).toEqual({ reason: 'absent' });
  expect(readdirSync(directory)).toEqual(['v1']);
});

test('what a killed process left in tmp is swept when it is old, and only then', () => {
  const [directory, clock] = [folder(), new HandClock()];
  openStore(directory, { clock }).putBytes(Buffer.from('a'));
  for (const [name, age] of [
    ['old', 3 * HOUR],
    ['young', HOUR],
  ] as const) {
    const path = join(directory, 'v1/tmp', name);
    writeFileSync(path, 'half');
    utimesSync(path, (clock.time - age) / 1000, (clock.time - age) / 1000);
  }
  openStore(directory, { clock });
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual(['young']);
});

test('with the clock moved back, what others are writing just then is left to them', () => {
  const [directory, clock] = [folder(), new HandClock()];
  openStore(directory, { clock }).putBytes(Buffer.from('a'));
  const path = join(directory, 'v1/tmp/young');
  writeFileSync(path, 'half');
  clock.time -= HOUR;
  openStore(directory, { clock });
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual(['young']);
  clock.time += 4 * HOUR;
  openStore(directory, { clock });
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
});

test('clean removes everything but the layout, and the store can be used on', () => {
  const directory = mkdtempSync(join(folder(), 'x'));
  const store = openStore(directory);
  const record = stored(store, 'build', { 'a.js': 'a' });
  store.addSpec(sha256('weak'), spec('src/**'));
  store.count({ hits: 1 });
  store.close();
  store.clean();
  expect([...filesOf(directory).keys()]).toEqual(['v1/layout.json']);
  expect(store.stats()).toMatchObject({ entries: 0, blobs: 0, bytes: 0, hits: 0 });
  stored(store, 'build', { 'a.js': 'a' });
  expect(store.lookup(record.key).record).toEqual(record);
});

test('list and stats tell what is there', () => {
  const [directory, clock] = [folder(), new HandClock()];
  const store = openStore(directory, { clock });
  stored(store, 'build', { 'a.js': 'shared', 'b.js': 'shared' });
  stored(store, 'lint', {});
  expect([...store.list()].map(({ task, outputs, bytes }) => `${task.name} ${outputs} ${bytes}`).toSorted()).toEqual([
    'build 2 12',
    'lint 0 0',
  ]);
  expect(store.stats()).toMatchObject({ averageRestoreMs: null, averageStoreMs: null, lastPruned: null });
  for (const restoreMs of [10, 20]) store.count({ hits: 1, restoreMs, savedMs: 1000 });
  store.count({ misses: 1, storeMs: 5 });
  store.prune();
  expect(store.stats()).toMatchObject({
    entries: 2,
    blobs: 3,
    hits: 2,
    misses: 1,
    averageRestoreMs: 15,
    averageStoreMs: 5,
    timeSavedMs: 2000,
    lastPruned: clock.time,
  });
});

test('what is forced to the disk is what the policy says', () => {
  const fsync = fs.fsyncSync;
  let forced = 0;
  fs.fsyncSync = (fd) => {
    forced++;
    fsync(fd);
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    fs.fsyncSync = fsync;
    syncBuiltinESMExports();
  });
  const counts = (['none', 'records', 'all'] as const).map((policy) => {
    const store = openStore(folder(), { fsync: policy });
    const before = forced;
    for (const text of ['a', 'log of build']) store.putBytes(Buffer.from(text));
    const blobs = forced - before;
    store.store(recordOf('build', { 'a.js': 'a' }));
    return [blobs, forced - before - blobs];
  });
  expect(counts).toEqual([
    [0, 0],
    [0, 2], // the file and its folder
    [2, 2],
  ]);
});

test('wrong options are refused by name', () => {
  expect(() => openStore('')).toThrow(/directory/);
  expect(() => openStore(folder(), { fsync: 'some' as 'all' })).toThrow(/fsync/);
  expect(() => openStore(folder(), { dir: 'x' } as object)).toThrow(/no option "dir"|no option 'dir'/);
  const store = openStore(folder());
  expect(() => store.lookup('../../etc')).toThrow(/digest/);
  expect(() => store.prune({ maxBytes: -1 })).toThrow(/maxBytes/);
  expect(() => store.count({ misses: 1, storeMs: Number.NaN })).toThrow(/storeMs/);
  expect(() => store.count({ hit: 1 } as object)).toThrow(/hit/);
});
