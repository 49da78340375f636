/** What a cache answers is right, whatever the store or the log behind it does. */
import { expect, test } from 'vitest';
import { createCache, memory, type Store } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import {
  hostileLog,
  hostileStore,
  type ManualClock,
  manualClock,
  nullLog,
  nullStore,
  type StoreFault,
  type WireFault,
} from 'tidemark/testing';
import { bytesStore } from './bytes-store.ts';

const wireFaults: readonly WireFault[] = ['throw', 'reject', 'stall', 'late', 'slow', 'unanswered', 'repeat'];
const storeFaults: readonly StoreFault[] = [...wireFaults, 'lose', 'lie', 'short', 'long', 'garbage'];
const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'];

function asynchronous(): Store {
  const store = bytesStore();
  return {
    name: 'asynchronous bytes',
    sync: false,
    getMany: async (wanted) => store.getMany(wanted),
    setMany: async (records) => store.setMany(records),
    deleteMany: async (gone) => store.deleteMany(gone),
    clear: async () => store.clear(),
  };
}

/** What a promise settles with while at most six seconds pass. */
async function outcome(clock: ManualClock, work: Promise<unknown>): Promise<unknown> {
  const ended: unknown[] = [];
  work.then(
    (value) => ended.push(value),
    (error: unknown) => ended.push(error),
  );
  for (let i = 0; i < 30 && ended.length === 0; i++) await clock.advanceAsync(200);
  return ended.length > 0 ? ended[0] : 'still waiting';
}

const stores = storeFaults.flatMap((fault) => [
  { fault, kind: 'synchronous', make: bytesStore },
  { fault, kind: 'asynchronous', make: asynchronous },
]);

test.each(stores)('a $kind store with the fault $fault makes no read wrong, nor any fail', async ({ fault, make }) => {
  const clock = manualClock();
  const store = hostileStore({ store: make(), clock, delay: 3000 });
  const cache = createCache({ clock, tiers: [memory({ clock, maxEntries: 2 }), store] });
  let version = 0;
  const things = cache.define<string>('thing', { load: (key) => `${key}${version}`, tags: () => ['all'] });
  const readAll = async () => {
    const read: unknown[] = [];
    for (const key of keys) read.push(await outcome(clock, things.get(key)));
    return read;
  };
  const due = () => keys.map((key) => `${key}${version}`);

  expect(await readAll()).toEqual(due());
  store.fault = fault;
  for (let round = 0; round < 3; round++) {
    expect(await readAll(), `round ${round}`).toEqual(due());
    version++;
    expect(await outcome(clock, cache.invalidate({ tags: ['all'] }))).toMatchObject({ reach: 'everywhere' });
  }
  store.fault = undefined;
  expect(await readAll(), 'when all is well again').toEqual(due());
});

test.each(wireFaults)(
  'a log with the fault %s makes no read wrong, and hears of the change in the end',
  async (fault) => {
    const clock = manualClock();
    const log = hostileLog({ log: localLog(), clock, delay: 3000 });
    const cache = createCache({ clock, log, tiers: [memory({ clock }), bytesStore()] });
    let version = 1;
    const things = cache.define<number>('thing', { load: () => version });
    expect(await outcome(clock, things.get('a'))).toBe(1);

    log.fault = fault;
    version = 2;
    const change = cache.invalidate({ key: ['thing', 'a'] });
    await outcome(clock, change);
    expect(await outcome(clock, things.get('a'))).toBe(2);
    log.fault = undefined;
    await clock.advanceAsync(10_000);
    expect(await outcome(clock, things.get('a'))).toBe(2);
    expect(cache.stats().log.unsaid).toBe(0);
  },
);

test.each([
  { what: 'a log that remembers nothing', options: { log: nullLog() }, store: bytesStore() },
  { what: 'a store that keeps nothing', options: {}, store: nullStore() },
])('$what makes no read wrong', async ({ options, store }) => {
  const clock = manualClock();
  const cache = createCache({ ...options, clock, tiers: [memory({ clock, maxEntries: 1 }), store] });
  let version = 0;
  const things = cache.define<string>('thing', { load: (key) => `${key}${version}` });
  for (let round = 0; round < 5; round++) {
    for (const key of ['a', 'b', 'a']) expect(await things.get(key)).toBe(`${key}${version}`);
    version++;
    await cache.invalidate({ prefix: 'thing' });
  }
});
