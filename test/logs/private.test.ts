/** The log that a cache makes for itself keeps nothing: what the cache has forgotten, nobody knows, and it is no hit. */
import { expect, test } from 'vitest';
import { createCache, type Entry, type Store } from 'tidemark';

/** A store that answers with the first that it was ever given. */
function firstOnly(): Store {
  const first = new Map<string, Entry>();
  return {
    name: 'first only',
    sync: true,
    getMany: (keys) => keys.map((key) => first.get(key)),
    setMany: (records) =>
      records.map(({ key, entry }) => {
        if (!first.has(key)) first.set(key, entry);
        return true;
      }),
    deleteMany: () => {},
    clear: () => {},
  };
}

const LONG = 100_000; // changes, of more keys than are remembered

test('an entry that has been overtaken is not served once its stamp is forgotten', async () => {
  let version = 1;
  const cache = createCache({ tiers: [firstOnly()] });
  const posts = cache.define<number>('post', { load: () => version });
  expect([await posts.get('a'), await posts.get('a', { load: false })]).toEqual([1, 1]);
  version = 2;
  await posts.invalidate('a');
  expect(await posts.get('a', { load: false })).toBeUndefined();
  for (let n = 0; n < LONG; n++) await posts.invalidate(`other ${n}`);
  expect(cache.stats().log.stamps.floor).toBeGreaterThan(2);
  expect(await posts.get('a', { load: false })).toBeUndefined();
  expect(await posts.get('a')).toBe(2);
});

test('an entry that nothing has overtaken is served as long as that is known', async () => {
  const cache = createCache({ tiers: [firstOnly()] });
  const posts = cache.define<number>('post', { load: () => 1 });
  await posts.get('a');
  for (let n = 0; n < 1000; n++) await posts.invalidate(`other ${n}`);
  expect(await posts.get('a', { load: false })).toBe(1);
});

test('a pattern that matches is a change of the key, also once its rule is forgotten', async () => {
  const cache = createCache({ tiers: [firstOnly()] });
  const posts = cache.define<number>('post', { load: () => 1 });
  await posts.get('a');
  await cache.invalidate({ pattern: 'post:*' });
  expect(await posts.get('a', { load: false })).toBeUndefined();
  for (let n = 0; n < 600; n++) await cache.invalidate({ pattern: `media:*:${n}` });
  expect(await posts.get('a', { load: false })).toBeUndefined();
});
