/** Whatever is changed while a load runs, in whatever way: the load answers those who asked before the change, and no one else. */
import { describe, expect, test } from 'vitest';
import { type Cache, type Collection, createCache, memory } from 'tidemark';
import { gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';

type Posts = Collection<string>;
type Change = (cache: Cache, posts: Posts) => Promise<unknown>;

const changes: readonly (readonly [string, Change])[] = [
  ['delete', (_, posts) => posts.delete('1')],
  ['invalidate of the key by its collection', (_, posts) => posts.invalidate('1')],
  ['invalidate of the collection', (_, posts) => posts.invalidate()],
  ['invalidate of the key', (cache) => cache.invalidate({ key: ['post', '1'] })],
  [
    'invalidate of keys',
    (cache) =>
      cache.invalidate({
        keys: [
          ['post', '0'],
          ['post', '1'],
        ],
      }),
  ],
  ['a prefix that is the collection', (cache) => cache.invalidate({ prefix: 'post' })],
  ['a prefix that is the key', (cache) => cache.invalidate({ prefix: ['post', '1'] })],
  ['a tag of the collection', (cache) => cache.invalidate({ tags: ['all posts'] })],
  ['a tag that the loader says', (cache) => cache.invalidate({ tags: ['said'] })],
  ['a key that the value depends on', (cache) => cache.invalidate({ key: ['author', '7'] })],
  ['a prefix of a key that the value depends on', (cache) => cache.invalidate({ prefix: 'author' })],
  ['a pattern over a key that the value depends on', (cache) => cache.invalidate({ pattern: 'author:*' })],
  ['a pattern', (cache) => cache.invalidate({ pattern: 'post:*' })],
  ['a pattern of many segments', (cache) => cache.invalidate({ pattern: '**:1' })],
  ['all', (cache) => cache.invalidate({ all: true })],
  ['a soft invalidate', (cache) => cache.invalidate({ key: ['post', '1'] }, { soft: true })],
];

const places = [
  ['memory', () => [memory()]],
  ['memory before a synchronous store', () => [memory(), new MapStore({ sync: true })]],
  ['memory before an asynchronous store', () => [memory(), new MapStore()]],
  ['an asynchronous store', () => [new MapStore()]],
  ['memory before a synchronous backend', () => [memory(), new MapBackend({ sync: true })]],
  ['memory before an asynchronous backend', () => [memory(), new MapBackend()]],
] as const;

function begin(place: (typeof places)[number][1]) {
  const { calls, load } = gatedLoads<string>();
  const cache = createCache({ tiers: place() });
  const posts: Posts = cache.define<string>('post', {
    load: (key, ctx) => {
      ctx.tag('said');
      ctx.dependsOn(['author', '7']);
      return load(key);
    },
    tags: () => ['all posts'],
  });
  return { cache, posts, calls };
}

describe.each(places)('in %s', (_, place) => {
  test.each(changes)('%s: what was loaded before is not kept', async (_name, change) => {
    const { cache, posts, calls } = begin(place);
    const before = posts.get('1');
    await idle();
    await change(cache, posts);
    calls[0].resolve('old');
    expect(await before).toBe('old');
    expect(posts.peek('1')).toBeUndefined();
    expect(await posts.get('1', { load: false })).toBeUndefined();
    const after = posts.get('1');
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('new');
    expect(await after).toBe('new');
    await idle();
    expect(await posts.get('1')).toBe('new');
    expect(cache.stats()).toMatchObject({ loads: 2, overtaken: 1 });
  });

  test.each(changes)('%s: who asks afterwards is not answered by the older load', async (_name, change) => {
    const { cache, posts, calls } = begin(place);
    const before = posts.get('1');
    await idle();
    await change(cache, posts);
    const after = posts.get('1');
    await idle();
    calls[0].resolve('old');
    expect(await before).toBe('old');
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('new');
    expect(await after).toBe('new');
    await idle();
    expect(await posts.get('1')).toBe('new');
  });

  test.each(changes.filter(([name]) => !/tag|depends/.test(name)))(
    '%s: an older load that ends after a newer one does not overwrite it',
    async (_name, change) => {
      const { cache, posts, calls } = begin(place);
      const before = posts.get('1');
      await idle();
      await change(cache, posts);
      const after = posts.get('1');
      await idle();
      expect(calls).toHaveLength(2);
      calls[1].resolve('new');
      expect(await after).toBe('new');
      calls[0].resolve('old');
      expect(await before).toBe('old');
      await idle();
      expect(posts.peek('1') ?? (await posts.get('1', { load: false }))).toBe('new');
    },
  );

  test('set: the value that was set stays, and answers those who ask after it', async () => {
    const { posts, calls } = begin(place);
    const before = posts.get('1');
    await idle();
    await posts.set('1', 'set');
    expect(await posts.get('1')).toBe('set');
    calls[0].resolve('old');
    expect(await before).toBe('old');
    await idle();
    expect(await posts.get('1')).toBe('set');
    expect(calls).toHaveLength(1);
  });

  test('of two sets begun together the later one stays', async () => {
    const { posts } = begin(place);
    await Promise.all([posts.set('1', 'first'), posts.set('1', 'second')]);
    await idle();
    expect(await posts.get('1')).toBe('second');
  });

  test('a delete after a set, begun together, leaves nothing', async () => {
    const { posts, calls } = begin(place);
    await Promise.all([posts.set('1', 'set'), posts.delete('1')]);
    await idle();
    expect(await posts.get('1', { load: false })).toBeUndefined();
    expect(calls).toHaveLength(0);
  });

  test('a change of something else disturbs neither the load nor its value', async () => {
    const { cache, posts, calls } = begin(place);
    const reads = [posts.get('1')];
    await idle();
    await cache.invalidate({ key: ['post', '2'], tags: ['other'], prefix: ['post', '11'], pattern: 'post:2:*' });
    reads.push(posts.get('1'));
    await idle();
    expect(calls).toHaveLength(1);
    calls[0].resolve('right');
    expect(await Promise.all(reads)).toEqual(['right', 'right']);
    await idle();
    expect(await posts.get('1')).toBe('right');
  });
});

test('a read that is overtaken again and again loads for itself in the end', async () => {
  const cache = createCache();
  let loads = 0;
  const posts = cache.define<number>('post', {
    load: async (_key, ctx) => {
      const mine = ++loads;
      ctx.tag('busy');
      await idle();
      if (loads < 20) await cache.invalidate({ tags: ['busy'] });
      return mine;
    },
  });
  const first = posts.get('1');
  await cache.invalidate({ tags: ['other'] });
  const second = posts.get('1');
  expect(await first).toBe(1);
  expect(await second).toBeGreaterThan(1);
  expect(loads).toBeLessThan(10);
});

test('a refresh in the background is overtaken like any other load', async () => {
  const { calls, load } = gatedLoads<string>();
  const cache = createCache();
  const posts = cache.define<string>('post', { load, staleFor: '1h' });
  const first = posts.get('1');
  calls[0].resolve('first');
  await first;
  await posts.invalidate('1', { soft: true });
  expect(await posts.get('1')).toBe('first');
  expect(calls).toHaveLength(2);
  await posts.delete('1');
  calls[1].resolve('old');
  await idle();
  const after = posts.get('1');
  expect(calls).toHaveLength(3);
  calls[2].resolve('new');
  expect(await after).toBe('new');
});
