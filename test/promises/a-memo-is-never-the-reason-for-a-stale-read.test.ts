/** A memo remembers what one request has read, and forgets it as soon as anything at all changes. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';

test('the same key gives the same promise, and the same copy', async () => {
  const cache = createCache();
  const posts = cache.define<{ n: number }>('post', { load: () => ({ n: 1 }), values: 'copied' });
  const memo = cache.memo();
  const first = memo.get(posts, '1');
  expect(memo.get(posts, '1')).toBe(first);
  expect(await memo.get(posts, '1')).toBe(await first);
  expect(await posts.get('1')).not.toBe(await first);
  expect(cache.stats().reads).toBe(2);
});

test('collections, keys and memos are kept apart; a number and its text are one key', async () => {
  const cache = createCache();
  let loads = 0;
  const a = cache.define<string, string | number>('a', { load: (key) => `a ${key} ${++loads}` });
  const b = cache.define<string, string | number>('b', { load: (key) => `b ${key} ${++loads}` });
  const [one, two] = [cache.memo(), cache.memo()];
  expect(await Promise.all([one.get(a, '1'), one.get(b, '1'), one.get(a, 2), one.get(a, '2')])).toEqual([
    'a 1 1',
    'b 1 2',
    'a 2 3',
    'a 2 3',
  ]);
  expect(two.get(a, '1')).not.toBe(one.get(a, '1'));
});

test('any change makes it forget', async () => {
  const cache = createCache();
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads });
  const memo = cache.memo();
  expect(await memo.get(posts, '1')).toBe(1);
  await posts.invalidate('1');
  expect(await memo.get(posts, '1')).toBe(2);
  await cache.invalidate({ all: true });
  expect(await memo.get(posts, '1')).toBe(3);
});

test('a read that began before a change is not given to who asks after it', async () => {
  const { calls, load } = gatedLoads<string>();
  const cache = createCache();
  const posts = cache.define<string>('post', { load });
  const memo = cache.memo();
  const before = memo.get(posts, '1');
  await posts.invalidate('1');
  const after = memo.get(posts, '1');
  calls[0].resolve('old');
  calls[1].resolve('new');
  expect([await before, await after]).toEqual(['old', 'new']);
  expect(await memo.get(posts, '1')).toBe('new');
});

test('a change made elsewhere makes it forget, once it is known here', async () => {
  const log = localLog();
  const [here, there] = [createCache({ log }), createCache({ log })];
  let loads = 0;
  const posts = here.define<number>('post', { load: () => ++loads });
  const memo = here.memo();
  await memo.get(posts, '1');
  await there.invalidate({ key: ['post', '1'] });
  expect(await memo.get(posts, '1')).toBe(2);
});

test('with strong consistency it asks the log like any read', async () => {
  const log = localLog();
  const unwatched = new MapBackend({ log });
  Reflect.deleteProperty(unwatched.log, 'watch'); // nobody tells it of changes: it has to ask
  const here = createCache({ tiers: [memory(), unwatched], consistency: 'strong' });
  const there = createCache({ log });
  let loads = 0;
  const posts = here.define<number>('post', { load: () => ++loads });
  const memo = here.memo();
  expect(await memo.get(posts, '1')).toBe(1);
  await there.invalidate({ key: ['post', '1'] });
  expect(await memo.get(posts, '1')).toBe(2);
});

test('a read that failed is not remembered', async () => {
  const cache = createCache();
  let loads = 0;
  const posts = cache.define<string>('post', {
    load: async () => {
      await idle();
      if (++loads === 1) throw new Error('down');
      return 'right';
    },
  });
  const memo = cache.memo();
  const reads = [memo.get(posts, '1'), memo.get(posts, '1')].map((read) => expect(read).rejects.toThrow('down'));
  await Promise.all(reads);
  expect(await memo.get(posts, '1')).toBe('right');
});

test('it stands in front of slower tiers as well', async () => {
  const store = new MapStore();
  const cache = createCache({ tiers: [store] });
  const posts = cache.define<string>('post', { load: () => 'one' });
  await posts.get('1');
  await idle();
  store.calls.length = 0;
  const memo = cache.memo();
  await memo.get(posts, '1');
  await memo.get(posts, '1');
  expect(store.made('getMany')).toHaveLength(1);
});
