/** Warming reads every key of a plan, few at a time, counts what failed, and never overwrites anything newer. */
import { expect, test } from 'vitest';
import { createCache, type WarmProgress } from 'tidemark';
import { deferred, gatedLoads, idle } from '../support/deferred.ts';

test.each([1, 3, 8])('never more than %d under way at once, in order of the plan', async (concurrency) => {
  const cache = createCache();
  const begun: string[] = [];
  let running = 0;
  let most = 0;
  const load = async (key: string) => {
    begun.push(key);
    most = Math.max(most, ++running);
    await idle();
    running--;
    return key;
  };
  const [a, b] = [cache.define<string>('a', { load }), cache.define<string>('b', { load })];
  const plan = [
    { collection: a, keys: ['1', '2', '3', '4', '5'] },
    { collection: b, keys: new Set(['6', '7', '8', '9', '10']) },
  ];
  expect(await cache.warm(plan, { concurrency })).toEqual({ warmed: 10, failed: 0 });
  expect(most).toBe(concurrency);
  expect(begun).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  expect([a.peek('5'), b.peek('10')]).toEqual(['5', '10']);
});

test('takes keys as they come, and no more of them than it can use', async () => {
  const cache = createCache();
  const { calls, load } = gatedLoads<string>();
  const posts = cache.define<string>('post', { load });
  let given = 0;
  async function* keys() {
    for (; given < 100; given++) yield String(given);
  }
  const warming = cache.warm([{ collection: posts, keys: keys() }], { concurrency: 2 });
  await idle();
  expect([calls.length, given <= 3]).toEqual([2, true]);
  for (let i = 0; i < 100; i++) {
    calls[i].resolve('x');
    await idle();
  }
  expect(await warming).toEqual({ warmed: 100, failed: 0 });
});

test('a key that fails is counted and passed over; progress is told after each key', async () => {
  const cache = createCache();
  const posts = cache.define<string>('post', {
    load: (key) => {
      if (key === 'bad') throw new Error('no such post');
      return key;
    },
  });
  const told: WarmProgress[] = [];
  const done = await cache.warm([{ collection: posts, keys: ['a', 'bad', 'b', 'bad'] }], {
    concurrency: 1,
    onProgress: (progress) => told.push(progress),
  });
  expect(done).toEqual({ warmed: 2, failed: 2 });
  expect(told.map(({ warmed, failed }) => [warmed, failed])).toEqual([
    [1, 0],
    [1, 1],
    [2, 1],
    [2, 2],
  ]);
});

test('what is there already is not loaded, and what changes meanwhile is not overwritten', async () => {
  const cache = createCache();
  const { calls, load } = gatedLoads<string>();
  const posts = cache.define<string>('post', { load });
  await posts.set('there', 'set');
  const warming = cache.warm([{ collection: posts, keys: ['there', 'changing'] }]);
  await idle();
  await posts.set('changing', 'newer');
  calls[0].resolve('older');
  expect(await warming).toEqual({ warmed: 2, failed: 0 });
  expect(calls).toHaveLength(1);
  expect([posts.peek('there'), posts.peek('changing')]).toEqual(['set', 'newer']);
});

test('an abort ends it, the loads under way included', async () => {
  const cache = createCache();
  const signals: AbortSignal[] = [];
  const posts = cache.define<string>('post', {
    load: (_key, ctx) => {
      signals.push(ctx.signal);
      return new Promise(() => {});
    },
  });
  const stop = new AbortController();
  const warming = cache.warm([{ collection: posts, keys: ['1', '2', '3'] }], { concurrency: 2, signal: stop.signal });
  await idle();
  stop.abort('enough');
  await expect(warming).rejects.toBe('enough');
  await idle();
  expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
});

test('an abort ends it while it waits for the next key', async () => {
  const cache = createCache();
  const posts = cache.define<string>('post', { load: (key) => key });
  const gate = deferred();
  async function* keys() {
    yield '1';
    await gate.promise;
    yield '2';
  }
  const stop = new AbortController();
  let ended: unknown;
  const warming = cache
    .warm([{ collection: posts, keys: keys() }], { signal: stop.signal })
    .catch((error: unknown) => (ended = error));
  await idle();
  stop.abort('enough');
  await idle();
  const before = ended;
  gate.resolve();
  await warming;
  expect([before, ended]).toEqual(['enough', 'enough']);
});

test('keys that fail to come end it', async () => {
  const cache = createCache();
  const posts = cache.define<string>('post', { load: (key) => key });
  function* keys() {
    yield '1';
    throw new Error('no keys');
  }
  await expect(cache.warm([{ collection: posts, keys: keys() }])).rejects.toThrow('no keys');
  expect(posts.peek('1')).toBe('1');
});
