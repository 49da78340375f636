/** No namespace reaches into another, whatever their names and keys hold. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failure } from '../support/deferred.ts';
import { anyText } from '../support/arbitraries.ts';
import { listed, opened } from './opened.ts';

test('a key that holds the separator of level-cache is a key like any other', async () => {
  const { cache } = await opened<number>();
  const [a, ab] = [cache.withNamespace('a'), cache.withNamespace('a\u241fb')];
  await a.set('b\u241fk', 1);
  await ab.set('k', 2);
  await cache.set('a\u241fb\u241fk', 3);
  expect(await listed(a.entries())).toEqual([['b\u241fk', 1]]);
  expect(await listed(ab.entries())).toEqual([['k', 2]]);
  expect(await listed(cache.entries())).toEqual([['a\u241fb\u241fk', 3]]);
});

test('the namespace "a/b" is not that of b below a', async () => {
  const { cache } = await opened<number>();
  const [slash, below] = [cache.withNamespace('a/b'), cache.withNamespace('a').withNamespace('b')];
  await slash.set('k', 1);
  await below.set('k', 2);
  expect(await slash.get('k')).toBe(1);
  expect(await below.get('k')).toBe(2);
  expect((await cache.getStats()).namespaces).toEqual(['a/b', 'a~1b']);
});

test('a listing may name a namespace below', async () => {
  const { cache } = await opened<number>();
  await cache.withNamespace('a').set('k', 1);
  expect(await listed(cache.entries({ namespace: 'a' }))).toEqual([['k', 1]]);
});

test('any names and keys have places of their own', async () => {
  const name = anyText.filter((text) => text !== '');
  const place = fc.record({ names: fc.array(name, { maxLength: 2 }), key: anyText });
  const places = fc.uniqueArray(place, { selector: (one) => JSON.stringify(one), minLength: 1, maxLength: 8 });
  const { cache } = await opened<number>();
  await fc.assert(
    fc.asyncProperty(places, async (given) => {
      const views = given.map(({ names }) => names.reduce((view, one) => view.withNamespace(one), cache));
      for (const [i, { key }] of given.entries()) await views[i].set(key, i);
      for (const [i, { key }] of given.entries()) expect(await views[i].get(key)).toBe(i);
      const listings = await Promise.all(views.map((view) => listed(view.entries())));
      for (const [i, { key }] of given.entries()) expect(listings[i]).toContainEqual([key, i]);
      expect(new Set(listings.flat().map(([, value]) => value)).size).toBe(given.length);
      for (const view of views) await view.clear();
      expect((await cache.getStats()).totalEntries).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('clearing a namespace leaves those above, below and beside it', async () => {
  const { cache } = await opened<number>();
  const a = cache.withNamespace('a');
  const others = [cache, a.withNamespace('below'), cache.withNamespace('a\0'), cache.withNamespace('aa')];
  for (const view of [a, ...others])
    for (const key of ['', 'k', 'z'.repeat(5000), '\u{10ffff}']) await view.set(key, 1);
  const told: number[] = [];
  expect(await a.clear({ onSweep: (removed) => told.push(removed) })).toBe(4);
  expect(told).toEqual([4]);
  expect(await listed(a.entries())).toEqual([]);
  for (const view of others) expect(await listed(view.entries())).toHaveLength(4);
});

test('a namespace whose name is too long is refused, also bit by bit', async () => {
  const { cache } = await opened();
  expect(() => cache.withNamespace('n'.repeat(201))).toThrow(expect.objectContaining({ code: 'bad_option' }));
  const deep = cache.withNamespace('n'.repeat(150));
  expect(() => deep.withNamespace('n'.repeat(150))).toThrow(expect.objectContaining({ code: 'bad_option' }));
  expect(await failure(opened({ namespace: 'n'.repeat(201) }))).toMatchObject({ code: 'bad_option' });
});
