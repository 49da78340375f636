/** `staleFor` and `graceFor` serve what is old by time, never what a change has made wrong, unless the change itself was soft. */
import { describe, expect, test } from 'vitest';
import { failure, gatedLoads, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

const places = [
  ['memory', () => []],
  ['memory before a synchronous store', () => [new MapStore({ sync: true })]],
  ['memory before an asynchronous store', () => [new MapStore()]],
] as const;

describe.each(places)('in %s', (_, behind) => {
  function begin(options: { readonly ttl?: number; readonly staleFor?: number; readonly graceFor?: number }) {
    const { cache, clock } = timedCache({ behind: behind() });
    const { calls, load } = gatedLoads<string>();
    const posts = cache.define<string>('post', { load, ...options, tags: () => ['t'] });
    const fill = async (value: string) => {
      const read = posts.get('1');
      await idle();
      calls.at(-1)!.resolve(value);
      await read;
      await idle();
    };
    return { cache, clock, posts, calls, fill };
  }

  test('fresh until the TTL, not a moment longer', async () => {
    const { clock, posts, calls, fill } = begin({ ttl: 1000 });
    await fill('one');
    await clock.advanceAsync(999);
    expect(await posts.get('1')).toBe('one');
    await clock.advanceAsync(1);
    expect(posts.peek('1')).toBeUndefined();
    const read = posts.get('1');
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('two');
    expect(await read).toBe('two');
  });

  test('staleFor: served at once while exactly one load runs for all', async () => {
    const { cache, clock, posts, calls, fill } = begin({ ttl: 1000, staleFor: 5000 });
    await fill('one');
    await clock.advanceAsync(1500);
    const reads = await Promise.all(Array.from({ length: 100 }, () => posts.get('1')));
    expect(new Set(reads)).toEqual(new Set(['one']));
    expect(await posts.get('1')).toBe('one');
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('two');
    await idle();
    expect(await posts.get('1')).toBe('two');
    await clock.advanceAsync(999);
    expect(await posts.get('1')).toBe('two');
    expect(calls).toHaveLength(2);
    expect(cache.stats()).toMatchObject({ stale: 101, loads: 2 });
  });

  test('staleFor ends', async () => {
    const { clock, posts, calls, fill } = begin({ ttl: 1000, staleFor: 5000 });
    await fill('one');
    await clock.advanceAsync(6000);
    const read = posts.get('1');
    await idle();
    calls[1].resolve('two');
    expect(await read).toBe('two');
  });

  test('staleFor: a refresh that fails leaves the old value, and the next read tries again', async () => {
    const { clock, posts, calls, fill } = begin({ ttl: 1000, staleFor: 5000 });
    await fill('one');
    await clock.advanceAsync(1500);
    expect(await posts.get('1')).toBe('one');
    await idle();
    calls[1].reject(new Error('down'));
    await idle();
    expect(await posts.get('1')).toBe('one');
    await idle();
    expect(calls).toHaveLength(3);
    calls[2].resolve('three');
    await idle();
    expect(await posts.get('1')).toBe('three');
  });

  test('graceFor: served when the load fails, to everyone who waited for it', async () => {
    const { cache, clock, posts, calls, fill } = begin({ ttl: 1000, graceFor: 5000 });
    await fill('one');
    await clock.advanceAsync(1500);
    const reads = [posts.get('1'), posts.get('1')];
    await idle();
    expect(calls).toHaveLength(2); // grace asks the source first
    calls[1].reject(new Error('down'));
    expect(await Promise.all(reads)).toEqual(['one', 'one']);
    expect(cache.stats()).toMatchObject({ stale: 2, failed: 0, loadFailures: 1 });
  });

  test('graceFor that ends while the load runs is over', async () => {
    const { clock, posts, calls, fill } = begin({ ttl: 1000, graceFor: 5000 });
    await fill('one');
    await clock.advanceAsync(5000);
    const failed = failure(posts.get('1'));
    await clock.advanceAsync(1000);
    calls[1].reject(new Error('down'));
    expect(await failed).toEqual(new Error('down'));
  });

  test('graceFor ends', async () => {
    const { clock, posts, calls, fill } = begin({ ttl: 1000, graceFor: 5000 });
    await fill('one');
    await clock.advanceAsync(6000);
    const read = posts.get('1');
    const failed = failure(read);
    await idle();
    calls[1].reject(new Error('down'));
    expect(await failed).toEqual(new Error('down'));
  });

  test.each([
    ['before the load', true],
    ['while the load runs', false],
  ])('graceFor: never after an invalidation %s', async (_when, before) => {
    const { cache, clock, posts, calls, fill } = begin({ ttl: 1000, graceFor: 5000 });
    await fill('one');
    await clock.advanceAsync(1500);
    if (before) await cache.invalidate({ tags: ['t'] });
    const failed = failure(posts.get('1'));
    await idle();
    if (!before) await cache.invalidate({ tags: ['t'] });
    calls[1].reject(new Error('down'));
    expect(await failed).toEqual(new Error('down'));
    await expect(cache.explain(['post', '1'])).resolves.not.toMatchObject({ tiers: [{ served: true }] });
  });

  test.each([
    ['a tag', { tags: ['t'] }],
    ['the key', { key: ['post', '1'] }],
    ['a prefix', { prefix: 'post' }],
    ['a pattern', { pattern: 'post:*' }],
    ['all', { all: true }],
  ] as const)('staleFor: never after a hard invalidation by %s, often after a soft one', async (_name, selector) => {
    const { cache, posts, calls, fill } = begin({ ttl: 60_000, staleFor: 5000 });
    await fill('one');
    await cache.invalidate(selector, { soft: true });
    expect(posts.peek('1')).toBeUndefined();
    expect(await posts.get('1')).toBe('one');
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('two');
    await idle();
    expect(await posts.get('1')).toBe('two');
    await cache.invalidate(selector);
    const read = posts.get('1');
    await idle();
    expect(calls).toHaveLength(3);
    calls[2].resolve('three');
    expect(await read).toBe('three');
  });

  test('a soft invalidation is served stale for staleFor from then on, and no longer', async () => {
    const { clock, posts, calls, fill } = begin({ ttl: 60_000, staleFor: 5000 });
    await fill('one');
    await clock.advanceAsync(10_000);
    await posts.invalidate('1', { soft: true });
    expect(await posts.get('1')).toBe('one');
    await idle();
    calls[1].reject(new Error('down'));
    await idle();
    await clock.advanceAsync(4999);
    expect(await posts.get('1')).toBe('one');
    await idle();
    calls[2].reject(new Error('down'));
    await clock.advanceAsync(60_000);
    const read = posts.get('1');
    await idle();
    calls[3].resolve('four');
    expect(await read).toBe('four');
  });

  test('without staleFor and graceFor a soft invalidation is as a hard one', async () => {
    const { posts, calls, fill } = begin({ ttl: 60_000 });
    await fill('one');
    await posts.invalidate('1', { soft: true });
    const read = posts.get('1');
    await idle();
    calls[1].resolve('two');
    expect(await read).toBe('two');
  });

  test('a soft invalidation after a hard one does not soften it', async () => {
    const { posts, calls, fill } = begin({ ttl: 60_000, staleFor: 5000, graceFor: 5000 });
    await fill('one');
    await posts.invalidate('1');
    await posts.invalidate('1', { soft: true });
    const read = posts.get('1');
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('two');
    expect(await read).toBe('two');
  });
});
