/** A store may lose entries, bring old ones back, mix them up or answer with garbage: a read gets slower by it, never wrong. */
import { describe, expect, test } from 'vitest';
import { createCache, type Entry, type MaybePromise, memory, type Store } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';

class Row {
  readonly n = 1;
}

describe.each([true, false])('synchronous: %s', (sync) => {
  /** A cache whose memory holds one entry, in front of the store. */
  function begin(store: Store) {
    const cache = createCache({ tiers: [memory({ maxEntries: 1 }), store] });
    let loads = 0;
    const posts = cache.define<string>('post', {
      load: (key) => `${key} v${++loads}`,
      tags: (_v, key) => [`tag ${key}`],
    });
    const evict = async () => {
      await posts.set('other', 'other');
      await idle();
    };
    return { cache, posts, evict };
  }

  test.each([
    ['by key', (cache: ReturnType<typeof begin>['cache']) => cache.invalidate({ key: ['post', '1'] })],
    ['by tag', (cache: ReturnType<typeof begin>['cache']) => cache.invalidate({ tags: ['tag 1'] })],
    ['by pattern', (cache: ReturnType<typeof begin>['cache']) => cache.invalidate({ pattern: 'post:1' })],
  ])('it brings back, again and again, what was invalidated %s', async (_, invalidate) => {
    const store = new MapStore({ sync });
    const { cache, posts, evict } = begin(store);
    await posts.get('1');
    await idle();
    const [key, old] = [...store.entries][0];
    for (let version = 2; version < 6; version++) {
      await invalidate(cache);
      store.entries.set(key, old);
      await evict();
      expect(await posts.get('1')).toBe(`1 v${version}`);
    }
  });

  test('it keeps what was deleted and forgets what was stored', async () => {
    const store = new MapStore({ sync });
    store.deleteMany = () => (sync ? undefined : Promise.resolve());
    const { posts, evict } = begin(store);
    await posts.get('1');
    await posts.delete('1');
    await evict();
    expect(await posts.get('1')).toBe('1 v2');
    await idle();
    store.entries.clear();
    await evict();
    expect(await posts.get('1')).toBe('1 v3');
  });

  test('entries of another log are worth nothing', async () => {
    const store = new MapStore({ sync });
    await begin(store).posts.get('1');
    await idle();
    const restarted = begin(store); // its log is a new one: what happened in between nobody knows
    await restarted.posts.get('0');
    expect(await restarted.posts.get('1')).toBe('1 v2');
  });

  const garbage: readonly (readonly [string, unknown])[] = [
    ['nothing at all', undefined],
    ['null', null],
    ['text', 'entry'],
    ['an object', {}],
    ['no positions', []],
    ['null at the position', [null]],
    ['a number at the position', [5]],
    ['an empty object at the position', [{}]],
    ['an entry of no log', [{ value: 'lie', mark: 1e9, dependencies: [], freshUntil: Infinity, keptUntil: Infinity }]],
    ['too many', [undefined, undefined, { value: 'lie' }]],
  ];

  test.each(garbage)('it answers a read with %s: a miss', async (_, answer) => {
    const store = new MapStore({ sync });
    store.getMany = () => (sync ? answer : Promise.resolve(answer)) as MaybePromise<readonly (Entry | undefined)[]>;
    const { posts } = begin(store);
    expect(await posts.get('1')).toBe('1 v1');
    expect(await posts.get('2', { load: false })).toBeUndefined();
    expect(await posts.getMany(['3', '4'])).toEqual(['3 v2', '4 v3']);
  });

  test.each(garbage)('it answers a write with %s: no error', async (_, answer) => {
    const store = new MapStore({ sync });
    store.setMany = () => (sync ? answer : Promise.resolve(answer)) as MaybePromise<readonly boolean[]>;
    const { posts } = begin(store);
    expect(await posts.set('1', 'set')).toMatchObject({ reach: 'everywhere' });
    expect(await posts.get('1')).toBe('set');
  });

  test('it answers with a value that cannot be kept: a miss', async () => {
    const store = new MapStore({ sync });
    const { posts, evict } = begin(store);
    await posts.get('1');
    await idle();
    const [key, entry] = [...store.entries][0];
    await evict();
    store.getMany = (keys) => {
      const answers = keys.map((k) => (k === key ? { ...entry, value: new Row() } : undefined));
      return sync ? answers : Promise.resolve(answers);
    };
    expect(await posts.get('1')).toBe('1 v2');
  });
});

test('a backend that stores everything, old or not, and brings it back, makes no read wrong', async () => {
  const backend = new MapBackend();
  const make = () => createCache({ tiers: [memory(), backend] });
  const [one, two] = [make(), make()];
  let version = 1;
  const [a, b] = [one, two].map((cache) => cache.define<number>('post', { load: async () => (await idle(), version) }));
  for (let round = 0; round < 5; round++) {
    const racing = a.get('1');
    await idle();
    version++;
    await b.invalidate('1');
    await racing;
    await idle();
    expect([await b.get('1'), await a.get('1')]).toEqual([version, version]);
    await idle();
  }
});
