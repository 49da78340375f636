/** A remote that fails costs a bounded delay, and is left alone for a while; it never makes a build fail. */
import { expect, test, vi } from 'vitest';
import { openBuildStore } from '../../../src/build/build-store.ts';
import { Sharing } from '../../../src/build/remote/sharing.ts';
import type { RemoteStore } from '../../../src/build/remote/remote-store.ts';
import { manualClock } from '../../../src/testing/manual-clock.ts';
import { memoryRemote } from '../../../src/testing/memory-remote.ts';
import { turn } from '../../../src/engine/turn.ts';
import { folder, openStore, recordOf, sha256, stored } from '../stores.ts';
import { deaf, hanging, instead, machine } from './machines.ts';

const OUTPUTS = { 'dist/a.js': 'let a;' };
const KEY = sha256('build');
const failing = async (): Promise<never> => {
  throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
};

vi.setConfig({ testTimeout: 30_000 }); // none waits for time to pass, but the machine may be busy

/** A remote that holds a result. */
async function filled(name?: string): Promise<ReturnType<typeof memoryRemote>> {
  const remote = memoryRemote(name === undefined ? {} : { name });
  const { store, sharing } = machine([remote]);
  sharing.upload(stored(store, 'build', OUTPUTS), undefined);
  await sharing.flush();
  return remote;
}

test('a remote that fails is a miss, and the next one is asked', async () => {
  const bad = instead(memoryRemote({ name: 'bad' }), { get: failing, has: failing, put: failing });
  const there = machine([bad, await filled()]);
  expect(await there.sharing.fetchRecord(KEY)).toBe('memory');
  expect(there.troubles[0]).toMatchObject({ what: 'failed', remote: 'bad' });
  expect(there.troubles[0].text).toContain('connect ECONNREFUSED');
  await there.sharing.flush();
});

for (const [what, silent] of Object.entries({ 'that hangs': hanging, 'that hears nothing': deaf }))
  for (const where of ['get', 'chunks'] as const)
    test(`a remote ${what} in its ${where} is given its time, and no more`, async () => {
      const clock = manualClock();
      const good = await filled();
      const bad = instead(good, {
        get: async (_kind, _name, call) =>
          where === 'get'
            ? silent(call)
            : {
                chunks: (async function* () {
                  yield Buffer.from('{');
                  await silent(call);
                })(),
              },
      });
      const there = machine([bad], { clock, remoteTimeout: 1000 });
      const fetched = there.sharing.fetchRecord(KEY);
      let isOver = false;
      void fetched.then(() => (isOver = true));
      await clock.advanceAsync(999);
      await turn();
      expect(isOver).toBe(false);
      await clock.advanceAsync(1);
      expect(await fetched).toBeUndefined();
      expect(there.troubles[0].error).toMatchObject({ code: 'store_timeout' });
      expect(clock.pending).toBe(0);
    });

test('a blob may take as long as it needs while it moves, but not trickle', async () => {
  const clock = manualClock();
  const bytes = Buffer.alloc(1_000_000, 'tide');
  const digest = sha256(bytes);
  const sending = (piece: number, every: number): RemoteStore =>
    instead(memoryRemote(), {
      get: async () => ({
        chunks: (async function* () {
          for (let at = 0; at < bytes.length; at += piece) {
            await new Promise<void>((resolve) => void clock.after(every, resolve));
            yield bytes.subarray(at, at + piece);
          }
        })(),
      }),
    });
  const ask = async (remote: RemoteStore): Promise<boolean> => {
    const { sharing } = machine([remote], { clock, remoteTimeout: 1000 });
    const fetched = sharing.fetchBlobs([{ digest, size: bytes.length }]);
    for (let i = 0; i < 60; i++) {
      await clock.advanceAsync(500);
      await turn();
    }
    return fetched;
  };
  expect(await ask(sending(50_000, 900))).toBe(true); // 18 seconds in all
  expect(await ask(sending(50, 900))).toBe(false); // it would be 5 hours
});

test('a remote that keeps failing is left alone, and tried again after a while', async () => {
  const clock = manualClock();
  const good = await filled();
  let isDown = true;
  let asked = 0;
  const flaky = instead(good, {
    get: (...call) => {
      asked++;
      return isDown ? failing() : good.get(...call);
    },
  });
  const there = machine([flaky], { clock });
  for (let i = 0; i < 10; i++) expect(await there.sharing.fetchRecord(sha256(`${i}`))).toBeUndefined();
  expect(asked).toBe(3);
  expect(there.told()).toEqual(['failed', 'failed', 'failed', 'left alone']);
  expect(there.sharing.stats[0]).toMatchObject({ failures: 3, skipped: 7 });
  await clock.advanceAsync(30_000);
  await there.sharing.fetchRecord(KEY);
  expect(asked).toBe(4);
  isDown = false;
  await clock.advanceAsync(60_000);
  expect(await there.sharing.fetchRecord(KEY)).toBe('memory');
  expect(there.told().at(-1)).toBe('back');
});

test('a remote that refuses what is written is still read', async () => {
  const good = await filled();
  const there = machine([instead(good, { put: failing, has: async () => false })]);
  for (let i = 0; i < 5; i++) there.sharing.upload(stored(there.store, `${i}`, { a: `${i}` }), undefined);
  await there.sharing.flush();
  expect(there.told()).toContain('left alone');
  expect(there.told().filter((what) => what === 'not sent')).toHaveLength(5);
  expect(await there.sharing.fetchRecord(KEY)).toBe('memory');
});

test('waiting for uploads ends when its time is over, and says what was not sent', async () => {
  const clock = manualClock();
  const slow = instead(memoryRemote(), { put: deaf });
  const here = machine([slow], { clock, remoteTimeout: 60_000, uploadTimeout: 2000 });
  for (const name of ['one', 'two']) here.sharing.upload(stored(here.store, name, OUTPUTS), undefined);
  const flushed = here.sharing.flush();
  await clock.advanceAsync(2000);
  await flushed;
  expect(here.told()).toEqual(['not sent', 'not sent']);
  expect(here.troubles[0].error).toMatchObject({ code: 'store_timeout' });
  await here.sharing.flush();
  expect(clock.pending).toBe(0);
});

test('who is aborted stops waiting, and the remote is not blamed', async () => {
  const there = machine([instead(memoryRemote(), { get: deaf })]);
  const controller = new AbortController();
  const fetched = [
    there.sharing.fetchRecord(KEY, controller.signal),
    there.sharing.fetchSpecs(KEY, controller.signal),
    there.sharing.fetchBlobs([{ digest: KEY }], controller.signal),
  ];
  const reason = new Error('enough');
  controller.abort(reason);
  for (const each of fetched) await expect(each).rejects.toBe(reason);
  await expect(there.sharing.fetchRecord(KEY, controller.signal)).rejects.toBe(reason);
  expect(there.troubles).toEqual([]);
});

test('a local store that can keep nothing is told of, and the remote is not blamed', async () => {
  const good = await filled();
  const directory = folder();
  openStore(directory).close();
  const told: string[] = [];
  const sharing = new Sharing(openBuildStore({ directory, readOnly: true }), {
    remotes: [good],
    clock: manualClock(),
    transfers: 2,
    onTrouble: (_, { what }) => void told.push(what),
  });
  for (let i = 0; i < 5; i++) expect(await sharing.fetchRecord(KEY)).toBeUndefined();
  expect(new Set(told)).toEqual(new Set(['local']));
  expect(sharing.stats[0]).toMatchObject({ failures: 0, skipped: 0 });
});

test('where nothing can be kept, there is nothing to be fetched', async () => {
  const remote = await filled();
  expect(machine([remote]).sharing.isAny).toBe(true);
  expect(machine([]).sharing.isAny).toBe(false);
  for (const mode of ['read-only', 'off'] as const) expect(machine([remote], { mode }).sharing.isAny).toBe(false);
});

test('no more is taken than a blob may have, and text has an end', async () => {
  let pulled = 0;
  const endless = instead(memoryRemote(), {
    get: async () => ({
      size: 10,
      chunks: (async function* () {
        for (;;) {
          pulled += 1_000_000;
          yield new Uint8Array(1_000_000);
        }
      })(),
    }),
  });
  const there = machine([endless]);
  expect(await there.sharing.fetchBlobs([{ digest: KEY, size: 10 }])).toBe(false);
  expect(pulled).toBe(1_000_000);
  expect(await there.sharing.fetchRecord(KEY)).toBeUndefined();
  expect(pulled).toBeLessThan(70_000_000);
  expect(there.troubles.every(({ error }) => (error as { code?: string }).code === 'bad_bytes')).toBe(true);
});

test('many waits on one signal raise no warning', async () => {
  const warned = vi.spyOn(process, 'emitWarning');
  const outputs = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`dist/${i}`, `file ${i}`]));
  const remote = memoryRemote();
  const [here, there] = [machine([remote], { transfers: 30 }), machine([remote], { transfers: 30 })];
  here.sharing.upload(stored(here.store, 'many', outputs), undefined);
  await here.sharing.flush();
  const { signal } = new AbortController();
  expect(await there.sharing.fetchRecord(recordOf('many', outputs).key, signal)).toBe('memory');
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});
