/** What one machine has made, others find: nearest first, blobs before records, and read-only remotes are left as they are. */
import { expect, test, vi } from 'vitest';
import { filesRemote } from '../../../src/build/remote/files-remote.ts';
import { httpRemote } from '../../../src/build/remote/http-remote.ts';
import type { RemoteStore } from '../../../src/build/remote/remote-store.ts';
import type { InputSpec } from '../../../src/build/input-spec.ts';
import { type MemoryRemote, memoryRemote } from '../../../src/testing/memory-remote.ts';
import { folder, overwrite, recordOf, sha256, stored } from '../stores.ts';
import { FileServer } from './file-server.ts';
import { instead, type Machine, machine } from './machines.ts';

const OUTPUTS = { 'dist/a.js': 'let a;', 'dist/b.js': 'let b;'.repeat(30_000), 'dist/empty': '' };

vi.setConfig({ testTimeout: 30_000 }); // none waits for time to pass, but the machine may be busy

/** Make a result on a machine, and share it. */
async function made(on: Machine, name = 'build'): Promise<ReturnType<typeof recordOf>> {
  const record = stored(on.store, name, OUTPUTS);
  on.sharing.upload(record, undefined);
  await on.sharing.flush();
  return record;
}

function expectThere({ store }: Machine, record: ReturnType<typeof recordOf>): void {
  expect(store.lookup(record.key).record).toEqual(record);
  for (const text of [...Object.values(OUTPUTS), `log of ${record.task.name}`])
    expect(Buffer.from(store.readBlob(sha256(text)) as Uint8Array).toString()).toBe(text);
}

const textsOf = ({ kept }: MemoryRemote): ReadonlyMap<string, string> =>
  new Map([...kept].map(([id, bytes]) => [id, Buffer.from(bytes).toString('latin1')] as const));

const remotes: Readonly<Record<string, () => Promise<RemoteStore>>> = {
  memory: async () => memoryRemote(),
  files: async () => filesRemote({ directory: folder() }),
  http: async () => httpRemote({ url: (await FileServer.open()).url }),
  'http, compressed': async () => httpRemote({ url: (await FileServer.open()).url, compress: true }),
};

for (const [name, make] of Object.entries(remotes))
  test(`what one machine has made, another one finds: ${name}`, async () => {
    const remote = await make();
    const [here, there] = [machine([remote]), machine([remote])];
    const record = await made(here);
    expect(there.store.lookup(record.key).reason).toBe('absent');
    expect(await there.sharing.fetchRecord(record.key)).toBe(remote.name);
    expectThere(there, record);
    expect(await there.sharing.fetchRecord(sha256('something else'))).toBeUndefined();
    expect([...here.troubles, ...there.troubles]).toEqual([]);
    expect(there.sharing.stats[0]).toMatchObject({ hits: 5, misses: 1, failures: 0, writes: 0 });
    expect(here.sharing.stats[0]).toMatchObject({ writes: 5, bytesWritten: there.sharing.stats[0].bytesRead });
  });

test('the record is written when all of its blobs are, and what is there is not sent again', async () => {
  const remote = memoryRemote();
  const here = machine([remote]);
  const record = await made(here);
  const puts = remote.asked.filter((line) => line.startsWith('put'));
  expect(puts.at(-1)).toBe(`put records/${record.key}`);
  expect(puts).toHaveLength(5);
  await made(here);
  expect(remote.asked.filter((line) => line.startsWith('put'))).toHaveLength(5);
});

test('a remote without `has` is sent everything', async () => {
  const whole = memoryRemote();
  const remote: RemoteStore = {
    name: 'plain',
    get: (...asked) => whole.get(...asked),
    put: (...asked) => whole.put(...asked),
  };
  const [here, there] = [machine([remote]), machine([remote])];
  const record = await made(here);
  await there.sharing.fetchRecord(record.key);
  expectThere(there, record);
});

test('nothing is fetched that is here already', async () => {
  const remote = memoryRemote();
  const record = await made(machine([remote]));
  const there = machine([remote]);
  there.store.putBytes(Buffer.from(OUTPUTS['dist/a.js']));
  await there.sharing.fetchRecord(record.key);
  expect(remote.asked).not.toContain(`get blobs/${sha256(OUTPUTS['dist/a.js'])}`);
  expectThere(there, record);
});

test('the nearest remote that has it answers, and those before it get it, unless they may only be read', async () => {
  const [near, fixed, far] = [
    memoryRemote({ name: 'near' }),
    memoryRemote({ name: 'fixed', readOnly: true }),
    memoryRemote({ name: 'far' }),
  ];
  const record = await made(machine([far]));
  const there = machine([near, fixed, far]);
  expect(await there.sharing.fetchRecord(record.key)).toBe('far');
  await there.sharing.flush();
  expect(textsOf(near)).toEqual(textsOf(far));
  expect(fixed.kept.size).toBe(0);
  far.asked.length = 0;
  const third = machine([near, fixed, far]);
  expect(await third.sharing.fetchRecord(record.key)).toBe('near');
  expectThere(third, record);
  expect(far.asked).toEqual([]);
});

test('a remote that may only be read is never asked to write', async () => {
  const remote = memoryRemote({ readOnly: true });
  const here = machine([remote]);
  await made(here);
  expect(remote.asked).toEqual([]);
  expect(here.troubles).toEqual([]);
});

test('a blob that one remote lacks is taken from another, and given to the first', async () => {
  const [near, far] = [memoryRemote({ name: 'near' }), memoryRemote({ name: 'far' })];
  const record = await made(machine([near, far]));
  const blob = `blobs/${sha256(OUTPUTS['dist/a.js'])}`;
  near.kept.delete(blob);
  const there = machine([near, far]);
  expect(await there.sharing.fetchRecord(record.key)).toBe('near');
  expectThere(there, record);
  await there.sharing.flush();
  expect(near.kept.has(blob)).toBe(true);
});

test('a record some of whose blobs are nowhere is a miss, and sending it anew makes it whole', async () => {
  const remote = memoryRemote();
  const record = await made(machine([remote]));
  const blob = `blobs/${sha256(OUTPUTS['dist/a.js'])}`;
  remote.kept.delete(blob);
  const there = machine([remote]);
  expect(await there.sharing.fetchRecord(record.key)).toBeUndefined();
  expect(there.store.lookup(record.key).reason).toBe('absent');
  await made(there);
  expect(remote.kept.has(blob)).toBe(true);
});

for (const kind of ['blobs', 'records'] as const)
  test(`who has found ${kind} damaged replaces them, although they are there`, async () => {
    const remote = memoryRemote();
    const record = await made(machine([remote]));
    const id = kind === 'records' ? `records/${record.key}` : `blobs/${sha256(OUTPUTS['dist/a.js'])}`;
    const right = remote.kept.get(id)!;
    remote.kept.set(id, Buffer.from('{damaged}'));
    const there = machine([remote]);
    expect(await there.sharing.fetchRecord(record.key)).toBeUndefined();
    expect(there.told()).toEqual(['failed']);
    expect(there.troubles[0].error).toMatchObject({ code: 'bad_bytes' });
    await made(there);
    expect(Buffer.compare(remote.kept.get(id)!, right)).toBe(0);
  });

test('a whole record of another key is no answer, and the next remote is asked', async () => {
  const [near, far] = [memoryRemote({ name: 'near' }), memoryRemote({ name: 'far' })];
  const record = await made(machine([far]));
  const other = await made(machine([near]), 'other');
  near.kept.set(`records/${record.key}`, near.kept.get(`records/${other.key}`)!);
  const there = machine([near, far]);
  expect(await there.sharing.fetchRecord(record.key)).toBe('far');
  expectThere(there, record);
  expect(there.store.lookup(other.key).reason).toBe('absent');
  expect(there.told()).toEqual(['failed']);
  await there.sharing.flush();
  expect(near.kept.get(`records/${record.key}`)).toEqual(far.kept.get(`records/${record.key}`));
});

test('a blob that is damaged here is not sent, nor is the record that names it', async () => {
  const remote = memoryRemote();
  const here = machine([remote]);
  const record = stored(here.store, 'build', OUTPUTS);
  overwrite(here.store.path(sha256(OUTPUTS['dist/b.js'])), OUTPUTS['dist/b.js'].replace(/b;$/, 'c;'));
  here.sharing.upload(record, undefined);
  await here.sharing.flush();
  expect(remote.kept.has(`blobs/${sha256(OUTPUTS['dist/b.js'])}`)).toBe(false);
  expect(remote.kept.has(`records/${record.key}`)).toBe(false);
  expect(here.told()).toEqual(['local', 'not sent']);
});

test('single blobs that are missing here are fetched, whatever their size', async () => {
  const remote = memoryRemote();
  await made(machine([remote]));
  const there = machine([remote]);
  const large = OUTPUTS['dist/b.js'];
  const wanted = [{ digest: sha256(large), size: large.length }, { digest: sha256('log of build') }];
  expect(await there.sharing.fetchBlobs(wanted)).toBe(true);
  expect(await there.sharing.fetchBlobs([...wanted, { digest: sha256('nowhere') }])).toBe(false);
  expect(there.store.checkBlob(sha256(large))).toBeUndefined();
});

test('specs of all machines come together', async () => {
  const remote = memoryRemote();
  const weak = sha256('weak');
  const spec = (path: string): InputSpec => ({ kind: 'globs', globs: [path], exclude: [] });
  for (const name of ['one', 'two', 'three']) {
    const here = machine([remote]);
    const record = stored(here.store, name, {});
    here.store.addSpec(weak, spec(name));
    here.sharing.upload(record, weak);
    await here.sharing.flush();
    expect(here.troubles).toEqual([]);
  }
  const [near, there] = [memoryRemote({ name: 'near' }), machine([remote])];
  expect(await there.sharing.fetchSpecs(weak)).toBe(true);
  expect(there.store.specs(weak)).toHaveLength(3);
  const both = machine([near, remote]);
  await both.sharing.fetchSpecs(weak);
  await both.sharing.flush();
  expect(near.kept.get(`specs/${weak}`)).toEqual(remote.kept.get(`specs/${weak}`));
  expect(await there.sharing.fetchSpecs(sha256('other'))).toBe(false);
});

test('as many blobs are on their way at once as is said, and no more', async () => {
  const remote = memoryRemote();
  const outputs = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`dist/${i}`, `file ${i}`]));
  const here = machine([remote]);
  const record = stored(here.store, 'many', outputs);
  let [now, most] = [0, 0];
  const counting = instead(remote, {
    get: async (kind, name, call) => {
      if (kind === 'blobs') most = Math.max(most, ++now);
      await new Promise(setImmediate);
      if (kind === 'blobs') now--;
      return remote.get(kind, name, call);
    },
  });
  here.sharing.upload(record, undefined);
  await here.sharing.flush();
  const there = machine([counting], { transfers: 3 });
  expect(await there.sharing.fetchRecord(record.key)).toBe('memory');
  expect(most).toBe(3);
});
