/** Dropping a subtree is one change, and nothing that lies below it is served afterwards, however deep its path. */
import { describe, expect, test } from 'vitest';
import { createCache, type Key, memory } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const stores = [
  ['memory', () => [memory()]],
  ['memory and a synchronous store', () => [memory(), new MapStore({ sync: true })]],
  ['memory and an asynchronous store', () => [memory(), new MapStore()]],
  ['an asynchronous store', () => [new MapStore()]],
] as const;

describe.each(stores)('in %s', (_, tiers) => {
  const deep: Key[] = ['1', ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd', 'e']];
  const below = (key: Key, prefix: readonly string[]) =>
    prefix.every((segment, i) => segment === (Array.isArray(key) ? key : [key])[i]);

  test.each([[[]], [['a']], [['a', 'b']], [['a', 'b', 'c']], [['a', 'b', 'c', 'd']], [['1']], [['x']]])(
    'a prefix post/%j reaches what lies at or below it, and nothing else',
    async (prefix: string[]) => {
      let loads = 0;
      const cache = createCache({ tiers: tiers() });
      const posts = cache.define<number, Key>('post', { load: () => ++loads });
      const before = await posts.getMany(deep);
      await cache.invalidate({ prefix: ['post', ...prefix] });
      const after = await posts.getMany(deep);
      expect(deep.map((_key, i) => after[i] !== before[i])).toEqual(deep.map((key) => below(key, prefix)));
    },
  );

  test('a prefix reaches keys that belong to no collection', async () => {
    let loads = 0;
    const cache = createCache({ tiers: tiers() });
    const read = (key: Key) => cache.getOrLoad({ key, load: () => ++loads });
    await read(['report', 5]);
    await read(['reports', 5]);
    await cache.invalidate({ prefix: 'report' });
    expect(await read(['report', 5])).toBe(3);
    expect(await read(['reports', 5])).toBe(2);
  });

  test('a prefix reaches what depends on a key below it', async () => {
    let loads = 0;
    const cache = createCache({ tiers: tiers() });
    const pages = cache.define<number>('page', { load: (_key, ctx) => (ctx.dependsOn(['post', 'a', 'b']), ++loads) });
    await pages.get('home');
    await cache.invalidate({ prefix: ['post', 'z'] });
    expect(await pages.get('home')).toBe(1);
    await cache.invalidate({ prefix: ['post', 'a'] });
    expect(await pages.get('home')).toBe(2);
  });

  test('a soft prefix makes what lies below it old, not wrong', async () => {
    let loads = 0;
    const cache = createCache({ tiers: tiers() });
    const posts = cache.define<number, Key>('post', { load: () => ++loads, staleFor: '1h' });
    await posts.get(['a', 'b']);
    await cache.invalidate({ prefix: ['post', 'a'] }, { soft: true });
    expect(await posts.get(['a', 'b'])).toBe(1);
    await idle();
    expect(await posts.get(['a', 'b'])).toBe(2);
  });
});
