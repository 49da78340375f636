/** `peek` answers at once with what memory has fresh, however values are isolated, and leaves nothing but a trace of use. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

describe.each(['frozen', 'copied', 'shared'] as const)('values: %s', (values) => {
  test.each([
    ['plain data', () => ({ n: 1 })],
    ['a date', () => new Date(5)],
    ['text', () => 'text'],
  ])('%s', async (_, make) => {
    const posts = createCache().define<unknown>('post', { load: make, values });
    expect(posts.peek('1')).toBeUndefined();
    await posts.get('1');
    expect(posts.peek('1')).toEqual(make());
    await posts.invalidate('1');
    expect(posts.peek('1')).toBeUndefined();
  });
});

test('a value that may be refreshed early is still fresh', async () => {
  const { cache, clock } = timedCache();
  const posts = cache.define<number>('post', {
    ttl: '10s',
    earlyRefresh: true,
    load: () => (clock.advance(2000), 1),
  });
  await posts.get('1');
  await clock.advanceAsync(1000);
  expect(posts.peek('1')).toBe(1);
});

test('it neither loads, nor waits for a slower tier, nor counts as a read', async () => {
  const store = new MapStore();
  let loads = 0;
  const cache = createCache({ tiers: [memory(), store] });
  const posts = cache.define<number>('post', { load: () => ++loads });
  expect(posts.peek('1')).toBeUndefined();
  await posts.get('1');
  expect(posts.peek('1')).toBe(1);
  expect([loads, store.made('getMany').length, cache.stats().reads]).toEqual([1, 1, 1]);
});
