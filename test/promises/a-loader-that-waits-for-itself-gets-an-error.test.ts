/** A loader that waits for its own key, directly or around any number of corners, gets `load_cycle` instead of waiting for ever. */
import { describe, expect, test } from 'vitest';
import { type Cache, type Collection, createCache, memory } from 'tidemark';
import { deferred, failure, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const cycle = expect.objectContaining({ name: 'TidemarkError', code: 'load_cycle' });

const places = [
  ['memory', () => [memory()]],
  ['memory before an asynchronous store', () => [memory(), new MapStore()]],
] as const;

/** When the loader asks for the next key: at once, after an await, or after the event loop has turned. */
const moments = [
  ['at once', () => undefined],
  ['after an await', () => Promise.resolve()],
  ['after a turn of the event loop', idle],
] as const;

describe.each(places)('in %s', (_, place) => {
  describe.each(moments)('asking %s', (_when, pause) => {
    /** A collection whose loader of a key reads the keys that `next` names. */
    function ring(next: Readonly<Record<string, readonly string[]>>, ways: 'get' | 'getMany' = 'get') {
      const cache = createCache({ tiers: place() });
      const posts: Collection<string> = cache.define<string>('post', {
        load: async (key) => {
          await pause();
          const keys = next[key] ?? [];
          const parts = ways === 'get' ? await Promise.all(keys.map((k) => posts.get(k))) : await posts.getMany(keys);
          return [key, ...parts].join('<');
        },
      });
      return { cache, posts };
    }

    test('its own key', async () => {
      const { posts } = ring({ a: ['a'] });
      expect(await failure(posts.get('a'))).toEqual(cycle);
    });

    test('a cycle of two', async () => {
      const { posts } = ring({ a: ['b'], b: ['a'] });
      expect(await failure(posts.get('a'))).toEqual(cycle);
    });

    test('a cycle of three', async () => {
      const { posts } = ring({ a: ['b'], b: ['c'], c: ['a'] });
      expect(await failure(posts.get('b'))).toEqual(cycle);
    });

    test('a cycle of three through getMany', async () => {
      const { posts } = ring({ a: ['x', 'b'], b: ['y', 'c'], c: ['z', 'a'] }, 'getMany');
      expect(await failure(posts.get('a'))).toEqual(cycle);
    });

    test('a cycle of two whose members were started independently', async () => {
      const { posts } = ring({ a: ['b'], b: ['a'] });
      expect(await Promise.all([failure(posts.get('a')), failure(posts.get('b'))])).toEqual([cycle, cycle]);
    });

    test('a cycle of three whose members were started independently', async () => {
      const { posts } = ring({ a: ['b'], b: ['c'], c: ['a'] });
      expect(await Promise.all(['a', 'b', 'c'].map((k) => failure(posts.get(k))))).toEqual([cycle, cycle, cycle]);
    });

    test('a diamond is no cycle', async () => {
      const { posts, cache } = ring({ a: ['b', 'c'], b: ['d'], c: ['d'] });
      expect(await posts.get('a')).toBe('a<b<d<c<d');
      expect(cache.stats().loads).toBe(4);
    });

    test('after a cycle everything can be read again', async () => {
      const next: Record<string, string[]> = { a: ['b'], b: ['a'] };
      const { posts } = ring(next);
      expect(await failure(posts.get('a'))).toEqual(cycle);
      next['b'] = [];
      expect(await posts.get('a')).toBe('a<b');
    });

    test('a batch loader that asks for a key of its own batch', async () => {
      const cache = createCache({ tiers: place() });
      const posts: Collection<string> = cache.define<string>('post', {
        loadMany: async (keys) => {
          await pause();
          return [await posts.get('a'), ...keys.slice(1)];
        },
      });
      expect(await Promise.all([failure(posts.get('a')), failure(posts.get('b'))])).toEqual([cycle, cycle]);
    });

    test('two batch loaders that wait for each other', async () => {
      const cache: Cache = createCache({ tiers: place() });
      const a: Collection<string> = cache.define<string>('a', {
        loadMany: async (keys) => {
          await pause();
          return b.getMany(keys);
        },
      });
      const b: Collection<string> = cache.define<string>('b', {
        loadMany: async (keys) => {
          await pause();
          return a.getMany(keys);
        },
      });
      expect(await failure(a.getMany(['1', '2']))).toEqual(cycle);
      expect(await Promise.all([failure(a.getMany(['3', '4'])), failure(b.getMany(['3', '4']))])).toEqual([
        cycle,
        cycle,
      ]);
    });

    test('a cycle over two caches', async () => {
      const [one, two] = [createCache({ tiers: place() }), createCache({ tiers: place() })];
      const a: Collection<string> = one.define<string>('a', {
        load: async (key) => {
          await pause();
          return b.get(key);
        },
      });
      const b: Collection<string> = two.define<string>('b', {
        load: async (key) => {
          await pause();
          return a.get(key);
        },
      });
      expect(await failure(a.get('1'))).toEqual(cycle);
    });
  });

  test('a loader that has found the cycle may answer without it', async () => {
    const posts: Collection<string> = createCache({ tiers: place() }).define<string>('post', {
      load: async (key) => posts.get(key).catch(() => 'without'),
    });
    expect(await posts.get('a')).toBe('without');
  });

  test('a load that goes on beside another of the same collection is no cycle', async () => {
    const gate = deferred();
    const posts: Collection<string> = createCache({ tiers: place() }).define<string>('post', {
      load: async (key) => {
        if (key === 'slow') await gate.promise;
        return key === 'a' ? `a<${await posts.get('slow')}` : key;
      },
    });
    const reads = [posts.get('slow'), posts.get('a'), posts.get('a')];
    await idle();
    gate.resolve();
    expect(await Promise.all(reads)).toEqual(['slow', 'a<slow', 'a<slow']);
  });
});

test('without a loader nobody is suspected: a program may read one key in many places', async () => {
  const posts = createCache().define<string>('post', { load: async (key) => (await idle(), key) });
  expect(await Promise.all(Array.from({ length: 50 }, () => posts.get('a')))).toHaveLength(50);
});
