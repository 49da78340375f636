/** `sourceLag`: what was loaded within that time after a change of what it rests on may be old: it is answered, not kept. */
import { describe, expect, test } from 'vitest';
import { timedCache } from '../support/timed-cache.ts';

const ways = ['define', 'getOrLoad'] as const;

describe.each(ways)('%s', (way) => {
  function begin(sourceLag: number | undefined) {
    const { cache, clock } = timedCache();
    let loads = 0;
    const lag = sourceLag === undefined ? {} : { sourceLag };
    const posts = cache.define<number>('post', { load: () => ++loads, tags: () => ['t'], ...lag });
    const read = () =>
      way === 'define'
        ? posts.get('1')
        : cache.getOrLoad({ key: ['post', '1'], load: () => ++loads, tags: ['t'], ...lag });
    return { cache, clock, read };
  }

  test.each([
    ['its key', { key: ['post', '1'] }],
    ['its tag', { tags: ['t'] }],
    ['its prefix', { prefix: 'post' }],
    ['a pattern', { pattern: 'post:*' }],
    ['all', { all: true }],
  ] as const)('within the lag after a change of %s each read loads; after it one load is kept', async (_, selector) => {
    const { cache, clock, read } = begin(2000);
    await read();
    expect(await read()).toBe(1);
    await cache.invalidate(selector);
    expect([await read(), await read()]).toEqual([2, 3]);
    await clock.advanceAsync(1999);
    expect([await read(), await read()]).toEqual([4, 5]);
    await clock.advanceAsync(200); // changes may be remembered a little longer than the lag, never shorter
    expect([await read(), await read()]).toEqual([6, 6]);
  });

  test('a change of something else is no reason', async () => {
    const { cache, read } = begin(2000);
    await cache.invalidate({ key: ['post', '2'], tags: ['u'], prefix: 'user', pattern: 'post:*:*' });
    expect([await read(), await read()]).toEqual([1, 1]);
  });

  test('of many changes each counts until its own lag is over', async () => {
    const { cache, clock, read } = begin(1000);
    for (let i = 0; i < 50; i++) {
      await cache.invalidate({ tags: [i % 2 ? 't' : 'u'] });
      await clock.advanceAsync(100);
    }
    expect([await read(), await read()]).toEqual([1, 2]);
    await clock.advanceAsync(1000);
    expect([await read(), await read()]).toEqual([3, 3]);
  });

  test('without it the first load after a change is kept', async () => {
    const { cache, read } = begin(undefined);
    await cache.invalidate({ tags: ['t'] });
    expect([await read(), await read()]).toEqual([1, 1]);
  });
});

test('a value that was set is kept: it does not come from the lagging source', async () => {
  const { cache } = timedCache();
  const posts = cache.define<string>('post', { load: () => 'from the replica', sourceLag: '2s' });
  await posts.set('1', 'set');
  expect([await posts.get('1'), await posts.get('1')]).toEqual(['set', 'set']);
});
