/** A tier that throws, stalls or is cut off costs a read at most its time limit, soon nothing at all, and is used again when it is back. */
import { describe, expect, test } from 'vitest';
import { type Call, createCache, type Events, type Store, TidemarkError } from 'tidemark';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

const never = () => new Promise<void>(() => {});

describe.each([true, false])('a store that throws (synchronous: %s)', (sync) => {
  function begin(failures = 3) {
    const store = new MapStore({ sync });
    const { cache, clock } = timedCache({
      behind: [{ store, breaker: { failures, pause: 1000 } }],
      memory: { maxEntries: 1 },
    });
    let loads = 0;
    const posts = cache.define<string>('post', { load: (key) => (loads++, `${key} ${loads}`) });
    const down = () => {
      store.before = () => {
        throw new Error('no route to host');
      };
    };
    const up = () => {
      store.before = () => {};
    };
    const tier = () => cache.stats().tiers[1];
    return { cache, clock, posts, store, down, up, tier };
  }

  test('is a miss for reads and no error for writes', async () => {
    const { cache, posts, down, tier } = begin(100);
    down();
    expect(await posts.get('1')).toBe('1 1');
    await idle();
    expect(await posts.get('1')).toBe('1 1'); // memory
    expect(await posts.set('2', 'set')).toMatchObject({ reach: 'everywhere' });
    expect(await posts.delete('2')).toMatchObject({ reach: 'everywhere' });
    expect(await cache.invalidate({ all: true })).toMatchObject({ reach: 'everywhere' });
    expect(await posts.get('1', { load: false })).toBeUndefined();
    expect(tier()).toMatchObject({ failures: 5, found: 0, breaker: 'closed' }); // read, write, write, delete, read
  });

  test('is left alone after some failures in a row, tried once after a pause, and twice as late after each vain try', async () => {
    const { clock, posts, store, down, up, tier } = begin(3);
    down();
    for (let i = 0; i < 3; i++) await posts.get(`x${i}`, { load: false });
    expect(tier()).toMatchObject({ breaker: 'open', failures: 3, skipped: 0 });
    const asked = store.calls.length;
    for (let i = 0; i < 10; i++) await posts.get(`y${i}`, { load: false });
    expect(store.calls).toHaveLength(asked);
    expect(tier().skipped).toBe(10);
    for (const pause of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      await clock.advanceAsync(pause - 1);
      const before = store.calls.length;
      await posts.get('z', { load: false });
      expect(store.calls).toHaveLength(before);
      await clock.advanceAsync(1);
      await posts.get('z', { load: false });
      expect(store.calls).toHaveLength(before + 1);
      expect(tier().breaker).toBe('open');
    }
    up();
    await clock.advanceAsync(30_000);
    await posts.get('z', { load: false });
    expect(tier().breaker).toBe('closed');
  });

  test('failures with successes between them do not open the breaker', async () => {
    const { posts, down, up, tier } = begin(3);
    for (let i = 0; i < 10; i++) {
      down();
      await posts.get('a', { load: false });
      await posts.get('b', { load: false });
      up();
      await posts.get('c', { load: false });
    }
    expect(tier()).toMatchObject({ breaker: 'closed', failures: 20 });
  });

  test('what it missed of changes meanwhile is not served when it is back', async () => {
    const { clock, posts, down, up } = begin(3);
    await posts.get('1');
    await posts.get('2'); // drives the first out of memory
    await idle();
    down();
    for (let i = 0; i < 3; i++) await posts.delete('1');
    up();
    await clock.advanceAsync(1000);
    await posts.get('probe', { load: false });
    expect(await posts.get('1')).toBe('1 3');
  });

  test('tells of it: each failure with its cause, and the breaker as it opens and closes', async () => {
    const { cache, clock, posts, down, up } = begin(2);
    const failures: unknown[] = [];
    const states: unknown[] = [];
    cache.on('tierFailed', ({ tier, operation, error }) => failures.push({ tier, operation, error }));
    cache.on('breaker', (event) => states.push(event));
    down();
    await posts.get('1', { load: false });
    await posts.get('1', { load: false });
    up();
    await clock.advanceAsync(1000);
    await posts.get('1', { load: false });
    const failure = {
      tier: 'map',
      operation: 'getMany',
      error: { code: 'store_failed', cause: new Error('no route to host') },
    };
    expect(failures).toMatchObject([failure, failure]);
    expect(states).toEqual([
      { tier: 'map', state: 'open' },
      { tier: 'map', state: 'closed' },
    ]);
  });
});

describe('a store that stalls', () => {
  test('costs a read its time limit and no more; the operation is aborted', async () => {
    const store = new MapStore();
    const signals: AbortSignal[] = [];
    store.before = (_operation, { signal }: Call) => {
      signals.push(signal);
      return never();
    };
    const { cache, clock } = timedCache({ behind: [{ store, timeout: 300 }] });
    const failed: Events['tierFailed'][] = [];
    cache.on('tierFailed', (event) => failed.push(event));
    const posts = cache.define<string>('post', { load: () => 'loaded' });
    let got: string | undefined;
    const read = posts.get('1').then((value) => (got = value));
    await clock.advanceAsync(299);
    expect([got, signals[0].aborted]).toEqual([undefined, false]);
    await clock.advanceAsync(1);
    expect(await read).toBe('loaded');
    expect(signals[0].aborted).toBe(true);
    expect(failed).toMatchObject([{ tier: 'map', operation: 'getMany', error: { code: 'store_timeout' } }]);
  });

  test('a set waits for it no longer than its time limit, and is in memory before', async () => {
    const store = new MapStore();
    store.before = never;
    const { cache, clock } = timedCache({ behind: [{ store, timeout: 300 }] });
    const posts = cache.define<string>('post');
    const done = posts.set('1', 'set');
    await idle();
    expect(posts.peek('1')).toBe('set');
    await clock.advanceAsync(300);
    expect(await done).toMatchObject({ reach: 'everywhere' });
  });

  test('with many tiers and many keys the delays do not add up over keys', async () => {
    const stores = [new MapStore({ name: 'a' }), new MapStore({ name: 'b' })];
    for (const store of stores) store.before = never;
    const { cache, clock } = timedCache({ behind: stores.map((store) => ({ store, timeout: 300 })) });
    const posts = cache.define<string>('post', { load: (key) => key });
    const keys = Array.from({ length: 50 }, (_, i) => String(i));
    const read = posts.getMany(keys);
    await clock.advanceAsync(600);
    expect(await read).toEqual(keys);
  });

  test('an answer that comes after the time limit is not used, and does not close the breaker', async () => {
    const store = new MapStore();
    const { cache, clock } = timedCache({ behind: [{ store, timeout: 300, breaker: { failures: 1, pause: 1000 } }] });
    const posts = cache.define<string>('post');
    let go = () => {};
    store.before = () => new Promise<void>((resolve) => (go = resolve));
    const read = posts.get('1', { load: false });
    await clock.advanceAsync(300);
    expect(await read).toBeUndefined();
    go();
    await idle();
    expect(cache.stats().tiers[1].breaker).toBe('open');
  });

  test('writes do not pile up behind it', async () => {
    const store = new MapStore();
    const { cache } = timedCache({ behind: [{ store, maxBatch: 5000 }] });
    const posts = cache.define<string>('post', { load: (key) => key });
    store.before = (operation) => (operation === 'setMany' ? never() : undefined);
    for (let round = 0; round < 5; round++) await posts.getMany(Array.from({ length: 500 }, (_, i) => `${round} ${i}`));
    await idle();
    const written = store.made('setMany').reduce((sum, keys) => sum + keys.length, 0);
    expect(written).toBeLessThanOrEqual(1024);
    expect(cache.stats().tiers[1].skipped).toBe(2500 - written);
  });

  test('one tier’s outage is not another’s', async () => {
    const [near, far] = [new MapStore({ name: 'near' }), new MapStore({ name: 'far' })];
    const { cache } = timedCache({ behind: [{ store: near, breaker: { failures: 1 } }, far] });
    const posts = cache.define<string>('post');
    await posts.set('1', 'set');
    await posts.set('2', 'set');
    const other = timedCache({ behind: [near, far] }).cache;
    expect(other.stats().tiers).toHaveLength(3);
    near.before = () => {
      throw new Error('down');
    };
    await posts.get('0', { load: false });
    expect(cache.stats().tiers.map((tier) => tier.breaker)).toEqual(['closed', 'open', 'closed']);
    expect(far.made('getMany')).toHaveLength(1);
  });
});

describe('a backend that is cut off', () => {
  function begin() {
    const backend = new MapBackend();
    const { cache, clock } = timedCache({
      behind: [{ store: backend, timeout: 300, breaker: { failures: 3, pause: 1000 } }],
    });
    let loads = 0;
    const posts = cache.define<number>('post', { load: () => ++loads, ttl: '1h', graceFor: '1h', staleFor: '1h' });
    return { backend, cache, clock, posts };
  }

  test('a change says that it is local, nothing that rests on it is served, and it is said when the log is back', async () => {
    const { backend, cache, clock, posts } = begin();
    await posts.getMany(['1', '2']);
    await idle();
    backend.before = () => {
      throw new Error('down');
    };
    expect(await posts.invalidate('1')).toEqual({ mark: undefined, reach: 'local' });
    expect(cache.stats().log.unsaid).toBe(1);
    expect(posts.peek('1')).toBeUndefined();
    expect(await posts.get('1')).toBe(3);
    expect(await posts.get('1')).toBe(4); // answered, but nobody can vouch for it yet
    expect(await posts.get('2')).toBe(2); // not touched
    backend.before = () => {};
    await clock.advanceAsync(10_000);
    expect(cache.stats().log.unsaid).toBe(0);
    expect(await posts.get('1')).toBe(5);
    await idle();
    expect(await posts.get('1')).toBe(5);
    const other = timedCache({ behind: [backend] }).cache.define<number>('post', { load: () => 0 });
    expect(await other.get('1')).toBe(5);
  });

  test.each([
    ['a tag', { tags: ['t'] }],
    ['a prefix', { prefix: 'post' }],
    ['a pattern', { pattern: 'post:1' }],
    ['a pattern of any depth', { pattern: '**' }],
    ['all', { all: true }],
  ] as const)('%s that could not be said is distrusted like a key', async (_name, selector) => {
    const backend = new MapBackend();
    const { cache, clock } = timedCache({ behind: [backend] });
    let loads = 0;
    const posts = cache.define<number>('post', { load: () => ++loads, tags: () => ['t'], graceFor: '1h' });
    await posts.get('1');
    await idle();
    backend.before = (operation) => {
      if (operation === 'append') throw new Error('down');
    };
    expect(await cache.invalidate(selector)).toMatchObject({ reach: 'local' });
    expect([await posts.get('1'), await posts.get('1')]).toEqual([2, 3]);
    backend.before = () => {};
    await clock.advanceAsync(10_000);
    expect([await posts.get('1'), await posts.get('1')]).toEqual([4, 4]);
  });

  test('a set that could not be said is not kept anywhere', async () => {
    const { backend, clock, posts } = begin();
    backend.before = () => {
      throw new Error('down');
    };
    expect(await posts.set('1', 77)).toEqual({ mark: undefined, reach: 'local' });
    expect(await posts.get('1')).toBe(1);
    backend.before = () => {};
    await clock.advanceAsync(10_000);
    expect(await posts.get('1')).toBe(2);
  });

  test('a soft change that could not be said makes old, not wrong', async () => {
    const { backend, cache, posts } = begin();
    await posts.get('1');
    await idle();
    backend.before = (operation) => {
      if (operation === 'append') throw new Error('down');
    };
    expect(await posts.invalidate('1', { soft: true })).toMatchObject({ reach: 'local' });
    expect(await posts.get('1')).toBe(1);
    await idle();
    expect(cache.stats()).toMatchObject({ stale: 1, refreshes: 1 });
  });

  test('a change that names the same thing twice is trusted again once it has been said', async () => {
    const { backend, cache, clock, posts } = begin();
    await idle();
    backend.before = () => {
      throw new Error('down');
    };
    expect(
      await cache.invalidate({
        keys: [
          ['post', '1'],
          ['post', '1'],
        ],
      }),
    ).toMatchObject({ reach: 'local' });
    backend.before = () => {};
    await clock.advanceAsync(10_000);
    expect(cache.stats().log.unsaid).toBe(0);
    expect([await posts.get('1'), await posts.get('1')]).toEqual([1, 1]);
  });

  test('more than a thousand changes that wait become one: everything', async () => {
    const { backend, cache, clock, posts } = begin();
    await posts.get('kept');
    await idle();
    backend.before = () => {
      throw new Error('down');
    };
    for (let i = 0; i < 1000; i++) await posts.invalidate(String(i));
    expect(await posts.get('kept')).toBe(1);
    await posts.invalidate('one more');
    expect(cache.stats().log.unsaid).toBeLessThanOrEqual(1000);
    expect(await posts.get('kept')).toBe(2);
    backend.before = () => {};
    await clock.advanceAsync(40_000);
    expect(cache.stats().log.unsaid).toBe(0);
    expect([await posts.get('kept'), await posts.get('kept')]).toEqual([3, 3]);
  });
});

describe('a log without a store', () => {
  test('that fails is as a backend that fails: nothing rejects, what could not be said waits', async () => {
    const backend = new MapBackend();
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const { cache, clock } = timedCache({ log: backend.log });
    let loads = 0;
    const posts = cache.define<number>('post', { load: () => ++loads });
    await posts.get('1');
    backend.before = () => {
      throw new Error('down');
    };
    const result: unknown = await posts.invalidate('1').catch((error: unknown) => error);
    await clock.advanceAsync(5000);
    expect([await posts.get('1'), await posts.get('1')]).toEqual([2, 3]);
    backend.before = () => {};
    await clock.advanceAsync(40_000);
    expect([await posts.get('1'), await posts.get('1')]).toEqual([4, 4]);
    process.off('unhandledRejection', note);
    expect(result).toEqual({ mark: undefined, reach: 'local' });
    expect(unhandled).toEqual([]);
  });

  test('that stalls does not hang a change', async () => {
    const backend = new MapBackend();
    const { cache, clock } = timedCache({ log: backend.log });
    await idle();
    backend.before = never;
    let result: unknown;
    void cache.invalidate({ all: true }).then((r) => (result = r));
    await clock.advanceAsync(60_000);
    expect(result).toEqual({ mark: undefined, reach: 'local' });
  });
});

test('a store that cannot represent a value is not taken to be down', async () => {
  const store: Store = new MapStore({ sync: true });
  const refusing: Store = {
    name: 'picky',
    sync: true,
    getMany: (keys, call) => store.getMany(keys, call),
    setMany: () => {
      throw new TidemarkError('bad_value', 'not in this store');
    },
    deleteMany: (keys, call) => store.deleteMany(keys, call),
    clear: (call) => store.clear(call),
  };
  const { cache } = timedCache({ behind: [{ store: refusing, breaker: { failures: 2 } }] });
  const posts = cache.define<number>('post', { load: () => 1 });
  for (let i = 0; i < 10; i++) await posts.get(String(i));
  expect(cache.stats().tiers[1]).toMatchObject({ breaker: 'closed', failures: 10 });
  expect(await posts.get('3')).toBe(1);
});

test('a shared place that stalls costs a load one time limit, not another one for the lease', async () => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const cache = createCache({ clock, tiers: [{ store: sharedBackend({ space }), timeout: 300 }] });
  const values = cache.define<number>('c', { load: () => 1 });
  await values.get('before');
  space.stall();
  const began = clock.now();
  const read = values.get('k').then(() => clock.now() - began);
  for (let i = 0; i < 20; i++) await clock.advanceAsync(50);
  expect(await read).toBe(300);
});
