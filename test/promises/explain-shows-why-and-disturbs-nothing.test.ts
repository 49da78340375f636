/** `explain` says, tier by tier, what is there and why it would or would not be served, and leaves everything as it was. */
import { describe, expect, test } from 'vitest';
import { type Cache, createCache, type ExplainedTier, memory } from 'tidemark';
import { gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

const tiersOf = async (cache: Cache, id = '1'): Promise<readonly ExplainedTier[]> =>
  (await cache.explain(['post', id])).tiers;

const served = (tiers: readonly ExplainedTier[]) => tiers.map((tier) => tier.served);

test('nothing', async () => {
  const cache = createCache({ name: 'shop', tiers: [memory(), new MapStore()] });
  cache.define<string>('post');
  expect(await cache.explain(['post', '1'])).toEqual({
    key: ['post', '1'],
    collection: 'post',
    mark: 0,
    floor: 0,
    incarnation: expect.any(String) as string,
    inFlight: false,
    tiers: ['memory', 'map'].map((tier) => ({ tier, found: false, served: false, why: 'nothing is there' })),
  });
});

describe.each([true, false])('before a second tier (synchronous: %s)', (sync) => {
  function begin() {
    const { calls, load } = gatedLoads<string>();
    const { cache, clock } = timedCache({ name: 'shop', behind: [new MapStore({ sync })] });
    const posts = cache.define<string>('post', {
      load,
      ttl: 10_000,
      staleFor: 5000,
      graceFor: 20_000,
      tags: () => ['t'],
    });
    const fill = async () => {
      const read = posts.get('1');
      await idle();
      calls.at(-1)!.resolve('one');
      await read;
      await idle();
    };
    return { cache, clock, posts, calls, fill };
  }

  test('fresh: the faster tier answers, the slower one would', async () => {
    const { cache, clock, fill } = begin();
    await cache.invalidate({ tags: ['other'] });
    await fill();
    await clock.advanceAsync(1000);
    const tiers = await tiersOf(cache);
    expect(tiers).toMatchObject([
      { tier: 'memory', found: true, mark: 1, freshFor: 9000, keptFor: 29_000, verdict: 'valid', served: true },
      { tier: 'map', found: true, mark: 1, freshFor: 9000, keptFor: 29_000, verdict: 'valid', served: false },
    ]);
    expect(tiers[0].why).toBe('nothing that it rests on changed after 1');
    expect(tiers[1].why).toContain('a faster tier answers first');
    const dependencies = tiers[1].dependencies ?? [];
    expect(dependencies.map(({ dependency }) => dependency)).toEqual([
      '^/shop',
      '^/shop/post',
      '^/shop/post/1',
      '=/shop/post/1',
      '#/shop/t',
    ]);
    expect(dependencies.filter(({ stamp, newer }) => newer || (stamp ?? 0) > 1)).toEqual([]);
  });

  test('wrong by a tag: it names the tag and the marks', async () => {
    const { cache, fill } = begin();
    await fill();
    await cache.invalidate({ tags: ['t'] });
    const tiers = await tiersOf(cache);
    expect(served(tiers)).toEqual([false, false]);
    expect(tiers.map(({ verdict }) => verdict)).toEqual(['invalid', 'invalid']);
    expect(tiers[1].why).toBe('#/shop/t changed at 1, after 0');
    expect(tiers[1].dependencies).toContainEqual({ dependency: '#/shop/t', stamp: 1, newer: true });
  });

  test('wrong by a pattern', async () => {
    const { cache, fill } = begin();
    await fill();
    await cache.invalidate({ pattern: 'post:*' });
    const tiers = await tiersOf(cache);
    expect(served(tiers)).toEqual([false, false]);
    expect(tiers[1]).toMatchObject({ verdict: 'invalid', why: '=/shop/post/1 changed at 1, after 0' });
  });

  test('old by time: served stale, then good for grace only, then not at all', async () => {
    const { cache, clock, fill } = begin();
    await fill();
    await clock.advanceAsync(12_000);
    expect(await tiersOf(cache)).toMatchObject([
      { served: true, freshFor: -2000, why: 'its time is over; it is served while a refresh runs' },
      { served: false },
    ]);
    await clock.advanceAsync(10_000);
    expect(await tiersOf(cache)).toMatchObject([
      { served: false, why: 'its time is over; it is good only for grace and conditional reloads' },
      { served: false },
    ]);
  });

  test('soft: old, not wrong', async () => {
    const { cache, fill } = begin();
    await fill();
    await cache.invalidate({ tags: ['t'] }, { soft: true });
    const tiers = await tiersOf(cache);
    expect(tiers.map(({ verdict }) => verdict)).toEqual(['soft', 'soft']);
    expect(tiers[0]).toMatchObject({
      served: true,
      why: 'a soft change made it old; it is served while a refresh runs',
    });
  });

  test('in flight', async () => {
    const { cache, posts, calls } = begin();
    const read = posts.get('1');
    await idle();
    expect(await cache.explain(['post', '1'])).toMatchObject({ inFlight: true });
    expect(await cache.explain(['post', '2'])).toMatchObject({ inFlight: false });
    calls[0].resolve('one');
    await read;
    expect(await cache.explain(['post', '1'])).toMatchObject({ inFlight: false });
  });

  test('whatever it shows, a read does', async () => {
    const { cache, clock, posts, fill, calls } = begin();
    const steps = [
      () => fill(),
      () => clock.advanceAsync(9999),
      () => cache.invalidate({ tags: ['t'] }, { soft: true }),
      () => cache.invalidate({ tags: ['t'] }),
      () => fill(),
      () => clock.advanceAsync(14_000),
      () => clock.advanceAsync(2000),
      () => posts.set('1', 'set'),
    ];
    for (const step of steps) {
      await step();
      const will = served(await tiersOf(cache)).includes(true);
      const asked = calls.length;
      const got = await posts.get('1', { load: false });
      expect(got !== undefined).toBe(will);
      await idle();
      for (const call of calls.slice(asked)) call.reject(new Error('no refresh'));
      await idle();
    }
  });

  test('it counts no read, refreshes nothing, promotes nothing, drops nothing, and asks the source nothing', async () => {
    const { cache, clock, posts, fill, calls } = begin();
    await fill();
    const told: string[] = [];
    for (const event of ['hit', 'stale', 'miss', 'load'] as const) cache.on(event, () => told.push(event));
    for (const step of [
      () => clock.advanceAsync(12_000),
      () => cache.invalidate({ tags: ['t'] }),
      () => clock.advanceAsync(60_000),
    ]) {
      const before = { ...cache.stats(), log: 0 };
      await tiersOf(cache);
      await tiersOf(cache, 'unknown');
      await idle();
      expect({ ...cache.stats(), log: 0 }).toEqual(before);
      await step();
    }
    expect([calls.length, told]).toEqual([1, []]);
    expect(posts.peek('1')).toBeUndefined();
  });
});

test('it does not make an entry younger in the eyes of the policy', async () => {
  const cache = createCache({ tiers: [memory({ maxEntries: 2, policy: 'lru' })] });
  const posts = cache.define<string>('post');
  await posts.set('old', 'old');
  await posts.set('young', 'young');
  await cache.explain(['post', 'old']);
  await posts.set('new', 'new');
  expect(['old', 'young', 'new'].map((key) => posts.peek(key))).toEqual([undefined, 'young', 'new']);
});

test('a key without a collection', async () => {
  const cache = createCache();
  await cache.getOrLoad({ key: ['report', 5], load: () => 1, tags: ['sales'] });
  expect(await cache.explain(['report', 5])).toMatchObject({
    key: ['report', '5'],
    collection: undefined,
    tiers: [{ tier: 'memory', found: true, served: true }],
  });
});

test('an entry of another incarnation', async () => {
  const store = new MapStore();
  const make = () => {
    const cache = createCache({ tiers: [store] });
    return { cache, posts: cache.define<string>('post', { load: () => 'one' }) };
  };
  await make().posts.get('1');
  await idle();
  expect(await tiersOf(make().cache)).toMatchObject([
    { found: true, served: false, verdict: 'invalid', why: 'it belongs to another incarnation of the log' },
  ]);
});

test('a change that could not be said', async () => {
  const backend = new MapBackend({ sync: true });
  const cache = createCache({ tiers: [backend] });
  const posts = cache.define<string>('post', { load: () => 'one' });
  await posts.get('1');
  backend.before = (operation) => {
    if (operation === 'append') throw new Error('down');
  };
  await posts.invalidate('1');
  const [tier] = await tiersOf(cache);
  expect(tier).toMatchObject({
    verdict: 'invalid',
    served: false,
    why: 'a rule, or a change not yet said, touches it',
  });
});
