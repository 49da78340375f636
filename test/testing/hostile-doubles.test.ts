/** Hostile doubles do exactly the harm that a test asks for, as long as it asks for it. */
import { describe, expect, test } from 'vitest';
import type { ChangeLog, Entry, Position } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import {
  hostileBackend,
  hostileLog,
  hostileStore,
  type LogOperation,
  type ManualClock,
  manualClock,
  nullCodec,
  nullLog,
  nullStore,
  seededRandom,
  sharedBackend,
  SharedSpace,
  type StoreFault,
  type WireFault,
} from 'tidemark/testing';
import { bytesStore } from './bytes-store.ts';

const call = { signal: new AbortController().signal };
const entryOf = (value: unknown): Entry => ({
  value,
  mark: 1,
  incarnation: 'one',
  dependencies: [],
  freshUntil: Infinity,
  keptUntil: Infinity,
});
const record = (key: string, value: unknown) => ({ key, entry: entryOf(value) });

/** A hostile store over a good one that holds `a: 1` and `b: 2`. */
function storeWith(fault: StoreFault | undefined): {
  readonly good: ReturnType<typeof bytesStore>;
  readonly store: ReturnType<typeof hostileStore>;
  readonly clock: ManualClock;
} {
  const [good, clock] = [bytesStore(), manualClock()];
  const store = hostileStore({ store: good, clock, delay: 100 });
  void store.setMany([record('a', 1), record('b', 2)], call);
  store.fault = fault;
  return { good, store, clock };
}

const valuesOf = (entries: readonly (Entry | undefined)[]) => entries.map((entry) => entry?.value);

/** Whether a promise has settled once all that can has. */
async function settled(clock: ManualClock, promise: unknown): Promise<boolean> {
  let done = false;
  const mark = () => (done = true);
  Promise.resolve(promise).then(mark, mark);
  await clock.advanceAsync(0);
  return done;
}

describe('hostileStore', () => {
  test('without a fault it is the store that it wraps', async () => {
    const { store } = storeWith(undefined);
    expect([store.name, store.sync]).toEqual(['bytes', true]);
    expect(valuesOf(await store.getMany(['b', 'c', 'a'], call))).toEqual([2, undefined, 1]);
    await store.deleteMany(['a'], call);
    expect(valuesOf(await store.getMany(['a'], call))).toEqual([undefined]);
    await store.clear(call);
    expect(valuesOf(await store.getMany(['b'], call))).toEqual([undefined]);
    expect(store.calls).toEqual({ getMany: 3, setMany: 1, deleteMany: 1, clear: 1 });
  });

  test('throw throws at once, and reject later, and neither does anything', async () => {
    const { store, good } = storeWith('throw');
    expect(() => store.deleteMany(['a'], call)).toThrow(/deleteMany failed/);
    store.fault = 'reject';
    await expect(store.deleteMany(['a'], call)).rejects.toThrow(/deleteMany failed/);
    expect(good.bytes.has('a')).toBe(true);
  });

  test('stall never answers, whatever the signal says', async () => {
    const { store, good, clock } = storeWith('stall');
    const given = new AbortController();
    const answer = store.deleteMany(['a'], { signal: given.signal });
    given.abort();
    await clock.advanceAsync(1e9);
    expect(await settled(clock, answer)).toBe(false);
    expect(good.bytes.has('a')).toBe(true);
  });

  test('late does it after the delay, slow at once, and both answer after it', async () => {
    for (const fault of ['late', 'slow'] as const) {
      const { store, good, clock } = storeWith(fault);
      const answer = store.deleteMany(['a'], call);
      await clock.advanceAsync(99);
      expect([await settled(clock, answer), good.bytes.has('a')], fault).toEqual([false, fault === 'late']);
      await clock.advanceAsync(1);
      expect([await settled(clock, answer), good.bytes.has('a')], fault).toEqual([true, false]);
    }
  });

  test('unanswered does it and says that it failed', async () => {
    const { store, good } = storeWith('unanswered');
    await expect(store.deleteMany(['a'], call)).rejects.toThrow(/deleteMany failed/);
    expect(good.bytes.has('a')).toBe(false);
  });

  test('repeat does it twice and answers once', async () => {
    const asked: string[] = [];
    const good = bytesStore();
    const store = hostileStore({
      store: { ...good, getMany: (keys) => (asked.push(...keys), good.getMany(keys)) },
      fault: 'repeat',
    });
    expect(valuesOf(await store.getMany(['a'], call))).toEqual([undefined]);
    expect([asked, store.calls.getMany]).toEqual([['a', 'a'], 1]);
  });

  test('lose finds nothing, and acknowledges what it does not do', async () => {
    const { store, good } = storeWith('lose');
    expect(valuesOf(await store.getMany(['a', 'b'], call))).toEqual([undefined, undefined]);
    expect(await store.setMany([record('c', 3)], call)).toEqual([true]);
    await store.deleteMany(['a'], call);
    await store.clear(call);
    expect([...good.bytes.keys()]).toEqual(['a', 'b']);
  });

  test('lie brings back what was overwritten and deleted', async () => {
    const { store } = storeWith(undefined);
    await store.setMany([record('a', 'newer'), record('c', 'only')], call);
    await store.deleteMany(['b'], call);
    expect(valuesOf(await store.getMany(['a', 'b', 'c', 'd'], call))).toEqual(['newer', undefined, 'only', undefined]);
    store.fault = 'lie';
    expect(valuesOf(await store.getMany(['a', 'b', 'c', 'd'], call))).toEqual([1, 2, 'only', undefined]);
  });

  test('short and long answer with a position too few and too many', async () => {
    const { store } = storeWith('short');
    expect(await store.getMany(['a', 'b'], call)).toHaveLength(1);
    expect(await store.setMany([record('a', 1)], call)).toHaveLength(0);
    store.fault = 'long';
    expect(await store.getMany(['a', 'b'], call)).toHaveLength(3);
    expect(await store.setMany([record('a', 1)], call)).toHaveLength(2);
  });

  test('garbage answers with what is no entry, a different one each time', async () => {
    const { store } = storeWith('garbage');
    const found: unknown[] = [];
    for (let i = 0; i < 10; i++) found.push(...(await store.getMany(['a'], call)));
    const whole = found.filter((one) => JSON.stringify(one) === JSON.stringify(entryOf(1)));
    expect(whole).toEqual([]);
    expect(new Set(found.map((one) => JSON.stringify(one))).size).toBeGreaterThanOrEqual(8);
    const kept = await store.setMany([record('a', 1), record('b', 2)], call);
    expect(kept.filter((one) => typeof one === 'boolean')).toEqual([]);
  });

  test('a plan chooses the fault for each operation', async () => {
    const { store } = storeWith(undefined);
    let nth = 0;
    store.fault = (operation) => (operation === 'getMany' && ++nth % 2 === 0 ? 'lose' : undefined);
    const values = [];
    for (let i = 0; i < 4; i++) values.push(...valuesOf(await store.getMany(['a'], call)));
    expect(values).toEqual([1, undefined, 1, undefined]);
    expect(await store.setMany([record('c', 3)], call)).toEqual([true]);
  });
});

describe('hostileLog', () => {
  const logWith = (fault: WireFault | undefined) => {
    const [good, clock] = [localLog(), manualClock()];
    const log = hostileLog({ log: good, clock, delay: 100, fault });
    return { log, clock, head: () => (good.position(call) as Position).head };
  };

  test('without a fault it is the log that it wraps', async () => {
    const { log } = logWith(undefined);
    const { head, incarnation } = await log.append(['#/s/a'], call);
    expect(await log.position(call)).toEqual({ head, incarnation });
    expect((await log.read(0, call)).changes).toEqual([{ mark: head, change: ['#/s/a'] }]);
    expect((await log.stamps(['#/s/a', '#/s/b'], call)).stamps).toEqual([head, 0]);
    expect(log.calls).toEqual({ append: 1, position: 1, read: 1, stamps: 1 });
  });

  test('reject refuses an append; unanswered appends and loses the answer; repeat appends twice', async () => {
    const { log, head } = logWith('reject');
    await expect(log.append(['#/s/a'], call)).rejects.toThrow(/append failed/);
    expect(head()).toBe(0);
    log.fault = 'unanswered';
    await expect(log.append(['#/s/a'], call)).rejects.toThrow(/append failed/);
    expect(head()).toBe(1);
    log.fault = 'repeat';
    expect((await log.append(['#/s/a'], call)).head).toBe(3);
  });

  test('late appends after the delay', async () => {
    const { log, clock, head } = logWith('late');
    const answer = log.append(['#/s/a'], call);
    await clock.advanceAsync(99);
    expect([await settled(clock, answer), head()]).toEqual([false, 0]);
    await clock.advanceAsync(1);
    expect([await settled(clock, answer), head()]).toEqual([true, 1]);
  });

  test('a plan spares the operations that it does not name', async () => {
    const { log } = logWith(undefined);
    log.fault = (operation: LogOperation) => (operation === 'read' ? 'throw' : undefined);
    await log.append(['#/s/a'], call);
    expect(() => log.read(0, call)).toThrow(/read failed/);
    expect((await log.stamps(['#/s/a'], call)).stamps).toEqual([1]);
  });

  test('wake-ups are passed on, doubled or withheld', async () => {
    const { log } = logWith(undefined);
    let woken = 0;
    const stop = log.watch!(() => woken++);
    const appended = async (wakes: typeof log.wakes) => {
      log.wakes = wakes;
      const before = woken;
      await log.append(['#/s/a'], call);
      return woken - before;
    };
    expect([await appended('passed'), await appended('doubled'), await appended('withheld')]).toEqual([1, 2, 0]);
    stop();
    expect(await appended('doubled')).toBe(0);
  });

  test('it watches and polls exactly as the other does', () => {
    const nothing = () => Promise.reject(new Error('not asked'));
    const unwatched: ChangeLog = {
      sync: false,
      pollEvery: 50,
      append: nothing,
      position: nothing,
      read: nothing,
      stamps: nothing,
    };
    const log = hostileLog({ log: unwatched });
    expect(log).toMatchObject({ sync: false, pollEvery: 50, watch: undefined });
    const watched = hostileLog({ log: nullLog() });
    expect(watched).toMatchObject({ sync: true, watch: expect.any(Function) as unknown });
    expect(watched.pollEvery).toBeUndefined();
  });
});

describe('hostileBackend', () => {
  test('store, log and commits have faults of their own', async () => {
    const backend = hostileBackend({ backend: sharedBackend({ space: new SharedSpace(), sync: true }) });
    const { incarnation } = await backend.log.position(call);
    const own = { key: '/s/a~v1', entry: { ...entryOf(1), incarnation } };
    backend.log.fault = 'reject';
    await expect(backend.log.append(['#/s/a'], call)).rejects.toThrow(/append failed/);
    expect((await backend.commit!(['=/s/a'], [own], call)).head).toBe(1);
    backend.commitFault = 'unanswered';
    await expect(backend.commit!(['=/s/a'], [own], call)).rejects.toThrow(/commit failed/);
    backend.log.fault = undefined;
    expect((await backend.log.position(call)).head).toBe(2);
    expect(valuesOf(await backend.getMany(['/s/a~v1'], call))).toEqual([1]);
    backend.fault = 'lose';
    expect(valuesOf(await backend.getMany(['/s/a~v1'], call))).toEqual([undefined]);
    expect(await backend.leases?.acquire('/s/a~v1', { ttl: 1000, incarnation, mark: 2, since: 2 }, call)).toBeDefined();
  });
});

describe('null doubles', () => {
  test('the null store keeps nothing and says so', async () => {
    const store = nullStore();
    expect(await store.setMany([record('a', 1)], call)).toEqual([false]);
    expect(await store.getMany(['a', 'b'], call)).toEqual([undefined, undefined]);
    await store.deleteMany(['a'], call);
    await store.clear(call);
  });

  test('the null log knows its head and vouches for nothing before it', async () => {
    const [log, other] = [nullLog(), nullLog()];
    const { head, incarnation } = await log.append(['#/s/a'], call);
    expect(await log.read(0, call)).toEqual({ head, incarnation, complete: head, changes: [] });
    expect((await log.stamps(['#/s/b'], call)).stamps).toEqual([head]);
    expect((await other.position(call)).incarnation).not.toBe(incarnation);
  });

  test('the null codec refuses all values and all bytes', () => {
    expect(() => nullCodec.encode(null)).toThrow(expect.objectContaining({ code: 'bad_value' }));
    expect(() => nullCodec.decode(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
  });
});

test('seededRandom repeats itself for a seed, differs between seeds, and stays within its range', () => {
  const numbers = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 2000 }, () => random());
  };
  expect(numbers(7)).toEqual(numbers(7));
  expect(numbers(7)).not.toEqual(numbers(8));
  for (const seed of [0, 1, -1, 0x2545f491, 2 ** 31]) {
    const some = numbers(seed);
    expect(some.every((n) => n >= 0 && n < 1)).toBe(true);
    const mean = some.reduce((sum, n) => sum + n, 0) / some.length;
    expect(Math.abs(mean - 0.5), `mean of seed ${seed}`).toBeLessThan(0.05);
  }
});
