/** A key is written once a second at most, in order, and the newest write is the one that stays. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createCache, type Entry } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { kvBudget, workersKv } from 'tidemark/stores/workers-kv';
import { laggingKv, manualClock, seededRandom } from 'tidemark/testing';
import { deferred, idle } from '../../support/deferred.ts';
import { MapKv } from './map-kv.ts';
import { open } from './settled.ts';

const CALL = { signal: new AbortController().signal };
const KEY = '/s/a~v1';
const NAME = 'tidemark/s/a~v1';

const entry = (value: unknown): Entry => ({
  value,
  mark: 1,
  incarnation: 'log',
  dependencies: [],
  freshUntil: Infinity,
  keptUntil: Infinity,
});
const record = (value: unknown, key = KEY) => ({ key, entry: entry(value) });
const valueIn = (kv: MapKv) => kv.values.get(NAME)?.split('\n')[1];

test('of writes within a second the first is sent at once and the newest when the second is over', async () => {
  const kv = new MapKv();
  const { store, clock } = open(kv);
  for (const value of [1, 2, 3, 4]) expect(await store.setMany([record(value)], CALL)).toEqual([true]);
  expect([kv.writes.length, valueIn(kv), store.usage.waiting, store.usage.coalesced]).toEqual([1, '1', 1, 2]);
  await clock.advanceAsync(999);
  expect(valueIn(kv)).toBe('1');
  await clock.advanceAsync(1);
  expect([kv.writes.length, valueIn(kv), store.usage.waiting]).toEqual([2, '4', 0]);
  expect(await store.setMany([record(5)], CALL)).toEqual([true]);
  expect(valueIn(kv)).toBe('4');
  await clock.advanceAsync(1000);
  expect(valueIn(kv)).toBe('5');
  expect(clock.pending).toBe(0);
});

test('what waits is read, as it will be', async () => {
  const kv = new MapKv();
  const { store } = open(kv);
  await store.setMany([record(1)], CALL);
  await store.setMany([record(2)], CALL);
  expect((await store.getMany([KEY], CALL))[0]?.value).toBe(2);
  await store.deleteMany([KEY], CALL);
  expect(await store.getMany([KEY], CALL)).toEqual([undefined]);
  expect([kv.reads.length, valueIn(kv)]).toEqual([0, '1']);
});

test('a delete waits as a write does, and takes the place of one', async () => {
  const kv = new MapKv();
  const { store, settle } = open(kv);
  await store.setMany([record(1)], CALL);
  await store.setMany([record(2)], CALL);
  await store.deleteMany([KEY], CALL);
  await settle();
  expect([kv.writes.length, kv.values.size]).toEqual([2, 0]);
  expect(store.usage.operations).toMatchObject({ writes: 1, deletes: 1 });
});

test('the request is kept until what it wrote is written, now or after its second', async () => {
  const kv = new MapKv();
  const states: { done: boolean; failed: boolean }[] = [];
  const defer = (work: Promise<unknown>) => {
    const state = { done: false, failed: false };
    states.push(state);
    work.then(
      () => (state.done = true),
      () => (state.failed = true),
    );
  };
  const allDone = () => states.every(({ done }) => done);
  const { store, clock } = open(kv, { defer });
  const slow = deferred();
  kv.before = () => slow.promise;
  const first = store.setMany([record(1)], CALL);
  await idle();
  expect([states.length, allDone()]).toEqual([1, false]);
  slow.resolve();
  await first;
  await idle();
  expect(allDone()).toBe(true);

  kv.before = () => Promise.reject(new Error('KV PUT failed: 500'));
  await store.setMany([record(2)], CALL);
  await store.setMany([record(3)], CALL);
  await clock.advanceAsync(999);
  expect(allDone()).toBe(false);
  await clock.advanceAsync(1);
  expect([kv.writes.length, allDone()]).toEqual([2, true]);
  expect(states.some(({ failed }) => failed)).toBe(false); // a failure is nobody's any more
});

test('a write that takes longer than its second is not overtaken', async () => {
  const kv = new MapKv();
  const { store, clock } = open(kv);
  const slow = deferred();
  kv.before = () => (kv.writes.length === 1 ? slow.promise : undefined);
  const first = store.setMany([record(1)], CALL);
  await store.setMany([record(2)], CALL);
  await clock.advanceAsync(3500);
  expect(kv.writes).toHaveLength(1);
  slow.resolve();
  await first;
  await clock.advanceAsync(1000);
  expect([kv.writes.length, valueIn(kv)]).toEqual([2, '2']);
});

test('the second counts from when a write was answered: how long it was on its way nobody knows', async () => {
  const kv = new MapKv();
  const { store, clock } = open(kv);
  kv.before = () => new Promise((resolve) => void clock.after(kv.writes.length === 1 ? 900 : 0, resolve));
  void store.setMany([record(1)], CALL);
  await store.setMany([record(2)], CALL);
  await clock.advanceAsync(1899);
  expect(kv.writes).toHaveLength(1);
  await clock.advanceAsync(1);
  expect(kv.writes).toHaveLength(2);
});

test('a write that never ends holds its key up for ten seconds', async () => {
  const kv = new MapKv();
  const { store, clock } = open(kv);
  kv.before = () => (kv.writes.length === 1 ? new Promise(() => {}) : undefined);
  void store.setMany([record(1)], CALL);
  await store.setMany([record(2)], CALL);
  await clock.advanceAsync(9000);
  expect(kv.writes).toHaveLength(1);
  await clock.advanceAsync(1000);
  expect([kv.writes.length, valueIn(kv)]).toEqual([2, '2']);
});

test('a timer that its request took along holds its key up for ten seconds', async () => {
  const kv = new MapKv();
  const time = manualClock();
  const clock = { ...time, now: () => time.now(), after: () => () => {} };
  const { store } = open(kv, { clock });
  await store.setMany([record(1)], CALL);
  await store.setMany([record(2)], CALL);
  time.advance(10_999);
  await store.setMany([record(3)], CALL);
  expect(valueIn(kv)).toBe('1');
  time.advance(1);
  expect(await store.setMany([record(4)], CALL)).toEqual([true]);
  expect([valueIn(kv), store.usage.waiting]).toEqual(['4', 0]);
});

test('without a timer a write that would have to wait is dropped', async () => {
  const kv = new MapKv();
  const time = manualClock();
  const after = () => {
    throw new Error('no timers outside of a request');
  };
  const { store } = open(kv, { clock: { ...time, now: () => time.now(), after } });
  expect(await store.setMany([record(1)], CALL)).toEqual([true]);
  expect(await store.setMany([record(2)], CALL)).toEqual([false]);
  expect([valueIn(kv), store.usage.waiting, store.usage.operations.dropped]).toEqual(['1', 0, 1]);
});

test('no more keys wait than may, and the others are dropped', async () => {
  const { store, settle } = open(new MapKv(), { maxWaiting: 2 });
  const keys = ['/s/a~v1', '/s/b~v1', '/s/c~v1'];
  const write = () =>
    store.setMany(
      keys.map((key) => record(1, key)),
      CALL,
    );
  expect(await write()).toEqual([true, true, true]);
  expect(await write()).toEqual([true, true, false]);
  expect(await write()).toEqual([true, true, false]);
  expect([store.usage.waiting, store.usage.operations.dropped]).toEqual([2, 2]);
  await settle();
  expect(await write()).toEqual([true, true, true]);
});

test('what waits was counted when it was taken, and what takes its place is no operation more', async () => {
  const budget = kvBudget(2);
  const { store, settle } = open(new MapKv(), { budget: () => budget });
  for (const value of [1, 2, 3, 4]) expect(await store.setMany([record(value)], CALL)).toEqual([true]);
  expect(budget.operations).toMatchObject({ writes: 2, dropped: 0 });
  await settle();
  expect(await store.setMany([record(5)], CALL)).toEqual([false]);
  expect(store.usage.operations).toMatchObject({ writes: 2, dropped: 1 });
});

test('closing a cache leaves what waits to its second: the store may serve others', async () => {
  const kv = new MapKv();
  const { store, clock } = open(kv);
  const log = localLog();
  for (const value of ['one', 'two', 'three']) {
    const cache = createCache({ tiers: [store], log, clock });
    await cache.define<string>('word').set('a', value);
    await cache.close();
  }
  expect(kv.writes).toHaveLength(1);
  await clock.advanceAsync(1000);
  expect([kv.writes.length, [...kv.values.values()][0].split('\n')[1]]).toEqual([2, '"three"']);
});

test('a clock that is set back makes nothing wait longer than its second', async () => {
  const kv = new MapKv();
  const clock = manualClock();
  let ahead = 300_000;
  const shown = { now: () => clock.now() + ahead, after: (ms: number, task: () => void) => clock.after(ms, task) };
  const store = workersKv({ namespace: kv, clock: shown });
  await store.setMany([record(1)], CALL);
  ahead = 0;
  await store.setMany([record(2)], CALL);
  await clock.advanceAsync(1000);
  expect([valueIn(kv), store.usage.waiting]).toEqual(['2', 0]);
});

test('clear forgets what waits', async () => {
  const kv = new MapKv();
  const { store, settle } = open(kv);
  await store.setMany([record(1)], CALL);
  await store.setMany([record(2)], CALL);
  await store.clear(CALL);
  await settle();
  expect([kv.values.size, store.usage.waiting]).toEqual([0, 0]);
});

test('whatever is written when, KV never refuses it for its pace, and the last of each key stays', async () => {
  // Hashing takes the machine's time, and the clock that is moved by hand doesn't wait for it.
  const digest = vi.spyOn(crypto.subtle, 'digest');
  digest.mockImplementation(
    async (_, data) =>
      Uint8Array.from(
        createHash('sha256')
          .update(data as Uint8Array)
          .digest(),
      ).buffer,
  );
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'x'.repeat(600)), gone: fc.boolean(), wait: fc.nat(1500) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = manualClock();
      const kv = laggingKv({ clock, random: seededRandom(1) });
      const { store, settle } = open(kv.invocation('here'), { clock });
      const last = new Map<string, number | undefined>();
      for (const [i, { key, gone, wait }] of steps.entries()) {
        last.set(key, gone ? undefined : i);
        if (gone) await store.deleteMany([`/s/${key}~v1`], CALL);
        else await store.setMany([record(i, `/s/${key}~v1`)], CALL);
        await clock.advanceAsync(wait);
      }
      await settle();
      await clock.advanceAsync(180_000);
      const found = await store.getMany(
        [...last.keys()].map((key) => `/s/${key}~v1`),
        CALL,
      );
      expect(store.usage.refused).toBe(0);
      expect(found.map((one) => one?.value)).toEqual([...last.values()]);
    }),
    { numRuns: 150 },
  );
  digest.mockRestore();
});
