/** Closing finishes what was accepted, refuses what is new with `closed`, lets go of every store, and may be done twice. */
import { describe, expect, test } from 'vitest';
import { type Cache, type Collection, createCache, memory } from 'tidemark';
import { deferred, gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

const closed = expect.objectContaining({ name: 'TidemarkError', code: 'closed' });

/** Whether a promise has settled. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const note = () => {
    done = true;
  };
  promise.then(note, note);
  await idle();
  return done;
}

test('a load under way is finished, answered and stored', async () => {
  const store = new MapStore();
  const { calls, load } = gatedLoads<string>();
  const cache = createCache({ tiers: [memory(), store] });
  const posts = cache.define<string>('post', { load });
  const read = posts.get('1');
  await idle();
  const closing = cache.close();
  expect([await settled(closing), store.closed]).toEqual([false, 0]);
  calls[0].resolve('one');
  expect(await read).toBe('one');
  await closing;
  expect([store.entries.size, store.closed]).toEqual([1, 1]);
});

test('a load under way may still read what it needs', async () => {
  const gate = deferred();
  const cache = createCache();
  const users = cache.define<string>('user', { load: (key) => `user ${key}` });
  const posts: Collection<string> = cache.define<string>('post', {
    load: async (key) => {
      await gate.promise;
      return `${key} by ${await users.get('7')}`;
    },
  });
  const read = posts.get('1');
  const closing = cache.close();
  gate.resolve();
  expect(await read).toBe('1 by user 7');
  await closing;
});

test('a refresh in the background is finished', async () => {
  const { calls, load } = gatedLoads<string>();
  const { cache, clock } = timedCache();
  const posts = cache.define<string>('post', { load, ttl: 1000, staleFor: 1000 });
  const first = posts.get('1');
  calls[0].resolve('one');
  await first;
  await clock.advanceAsync(1500);
  await posts.get('1');
  const closing = cache.close();
  expect(await settled(closing)).toBe(false);
  calls[1].reject(new Error('down'));
  await closing;
});

test.each<[string, (cache: Cache, posts: Collection<string>) => Promise<unknown>]>([
  ['an invalidation', (cache) => cache.invalidate({ tags: ['t'] })],
  ['an invalidation by the collection', (_, posts) => posts.invalidate('1')],
  ['a set', (_, posts) => posts.set('1', 'one')],
  ['a delete', (_, posts) => posts.delete('1')],
  ['a read of a slow tier', (_, posts) => posts.get('1', { load: false })],
])('%s under way is finished before the store is let go of', async (_, start) => {
  const backend = new MapBackend();
  const cache = createCache({ tiers: [backend] });
  const posts = cache.define<string>('post');
  await posts.get('0');
  const gate = deferred();
  backend.before = () => gate.promise;
  const work = start(cache, posts);
  await idle();
  const closing = cache.close();
  await idle();
  expect(backend.closed).toBe(0);
  gate.resolve();
  await work;
  await closing;
  expect(backend.closed).toBe(1);
});

test('what could not be said is said once more', async () => {
  const backend = new MapBackend();
  const { cache } = timedCache({ behind: [backend] });
  await idle();
  backend.before = () => {
    throw new Error('down');
  };
  expect(await cache.invalidate({ tags: ['t'] })).toMatchObject({ reach: 'local' });
  backend.before = () => {};
  await cache.close();
  expect(await backend.log.position({ signal: new AbortController().signal })).toMatchObject({ head: 1 });
});

test('everything new is refused', async () => {
  const cache = createCache();
  const posts = cache.define<string>('post', { load: (key) => key });
  await posts.get('1');
  await cache.close();
  await expect(posts.get('1')).rejects.toEqual(closed);
  await expect(posts.get('1', { load: false })).rejects.toEqual(closed);
  await expect(posts.getMany(['1'])).rejects.toEqual(closed);
  await expect(posts.set('1', 'x')).rejects.toEqual(closed);
  await expect(posts.delete('1')).rejects.toEqual(closed);
  await expect(posts.invalidate()).rejects.toEqual(closed);
  await expect(cache.invalidate({ all: true })).rejects.toEqual(closed);
  await expect(cache.getOrLoad({ key: 'a', load: () => 1 })).rejects.toEqual(closed);
  await expect(cache.warm([{ collection: posts, keys: ['1'] }])).rejects.toEqual(closed);
  await expect(cache.memo().get(posts, '1')).rejects.toEqual(closed);
  expect(() => cache.define('other')).toThrow(closed);
  expect(posts.peek('1')).toBeUndefined();
});

test('also from the moment that closing begins', async () => {
  const { calls, load } = gatedLoads<string>();
  const cache = createCache();
  const posts = cache.define<string>('post', { load });
  const read = posts.get('1');
  const closing = cache.close();
  await expect(posts.get('2')).rejects.toEqual(closed);
  calls[0].resolve('one');
  await read;
  await closing;
});

test('twice is once', async () => {
  const store = new MapStore();
  const cache = createCache({ tiers: [memory(), store] });
  const closings = [cache.close(), cache.close()];
  await Promise.all(closings);
  await cache.close();
  expect(store.closed).toBe(1);
});

test('await using', async () => {
  const store = new MapStore();
  let posts: Collection<string> | undefined;
  {
    await using cache = createCache({ tiers: [store] });
    posts = cache.define<string>('post', { load: (key) => key });
    expect(await posts.get('1')).toBe('1');
  }
  expect(store.closed).toBe(1);
  await expect(posts.get('1')).rejects.toEqual(closed);
});

describe('every store is let go of', () => {
  test('also one whose breaker is open', async () => {
    const store = new MapStore();
    const cache = createCache({ tiers: [memory(), { store, breaker: { failures: 1 } }] });
    const posts = cache.define<string>('post');
    store.before = () => {
      throw new Error('down');
    };
    await posts.get('1', { load: false });
    expect(cache.stats().tiers[1].breaker).toBe('open');
    await cache.close();
    expect(store.closed).toBe(1);
  });

  test('also after one that throws', async () => {
    const [bad, good] = [new MapStore({ name: 'bad' }), new MapStore({ name: 'good' })];
    bad.close = () => {
      throw new Error('busy');
    };
    const cache = createCache({ tiers: [bad, good] });
    await cache.close();
    expect(good.closed).toBe(1);
  });

  test('one that never finishes is waited for no longer than its time limit', async () => {
    const store = Object.assign(new MapStore(), { close: () => new Promise<void>(() => {}) });
    const { cache, clock } = timedCache({ behind: [{ store, timeout: 300 }] });
    const closing = cache.close();
    await clock.advanceAsync(300);
    expect(await settled(closing)).toBe(true);
  });
});

test('no timer is left, and nothing follows the log any more', async () => {
  const backend = new MapBackend();
  const { cache, clock } = timedCache({ behind: [backend] });
  const posts = cache.define<string>('post', { load: (key) => key });
  await posts.get('1');
  await cache.close();
  await clock.advanceAsync(10);
  expect(clock.pending).toBe(0);
  const asked = backend.calls.length;
  await backend.log.append(['#/cache/t'], { signal: new AbortController().signal });
  await clock.advanceAsync(60_000);
  expect(backend.calls).toHaveLength(asked + 1);
});
