/**
 * Promise: a read that asks tells truthfully which tier answered, or that it was loaded, or that nothing was there, and how
 * long the answer stays fresh.
 */
import { expect, test } from 'vitest';
import type { Answer, CollectionOptions } from 'tidemark';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { deferred } from '../support/deferred.ts';
import { timedCache, type TimedOptions } from '../support/timed-cache.ts';

test('memory answers at once, a slower tier later, and then memory', async () => {
  const space = new SharedSpace();
  const [one, other] = [space, space].map((shared) => {
    const { cache } = timedCache({ behind: [sharedBackend({ space: shared })] });
    return cache.define<string, readonly string[]>('post');
  });
  await one.set(['a', 'b'], 'value');
  const answer = { value: 'value', from: 'tier', freshFor: Infinity };
  expect(one.ask(['a', 'b'])).toEqual({ ...answer, tier: 'memory' });
  expect(await other.ask(['a', 'b'])).toEqual({ ...answer, tier: 'shared' });
  expect(other.ask(['a', 'b'])).toEqual({ ...answer, tier: 'memory' });
  expect(await other.ask(['a'])).toEqual({ value: undefined, from: 'nothing', tier: undefined, freshFor: 0 });
});

test('a loader that a read brings is its own, and one load for all who ask meanwhile', async () => {
  const { cache } = timedCache();
  const posts = cache.define<string>('post');
  const load = deferred<string>();
  let loads = 0;
  const ask = () =>
    posts.ask('1', {
      load: () => {
        loads++;
        return load.promise;
      },
    });
  const all = [ask(), ask(), ask()];
  load.resolve('loaded');
  for (const answer of all)
    expect(await answer).toEqual({ value: 'loaded', from: 'load', tier: undefined, freshFor: Infinity });
  expect(loads).toBe(1);
  expect(await posts.get('1')).toBe('loaded');
  expect(cache.stats().collections['post']).toMatchObject({ loaded: 1, joined: 2, hits: 1, reads: 4 });
});

test('what a change overtakes is answered to those who asked before it, and not kept', async () => {
  const { cache } = timedCache();
  const posts = cache.define<string>('post');
  const load = deferred<string>();
  const before = posts.ask('1', { load: () => load.promise });
  await posts.invalidate('1');
  load.resolve('old');
  expect(await before).toMatchObject({ value: 'old', from: 'load', freshFor: 0 });
  expect(await posts.ask('1')).toMatchObject({ from: 'nothing' });
});

test('what is old by time says so', async () => {
  const { cache, clock } = timedCache();
  const posts = cache.define<number>('post', { ttl: '1m', staleFor: '1h', graceFor: '2h' });
  let loads = 0;
  const ask = (): Promise<Answer<number>> => Promise.resolve(posts.ask('1', { load: async () => ++loads }));
  await ask();
  clock.advance(60_001);
  expect(await ask()).toEqual({ value: 1, from: 'staleFor', tier: 'memory', freshFor: 0 });
  await expect.poll(() => posts.peek('1')).toBe(2);
  clock.advance(60_000 + 3_600_001);
  const down = { load: async () => Promise.reject(new Error('down')) };
  expect(await posts.ask('1', down)).toEqual({ value: 2, from: 'graceFor', tier: undefined, freshFor: 0 });
});

test.each([
  ['one segment', '1'],
  ['a path', ['a', 'b']],
])('every tier and every load says how long the answer stays fresh: a key of %s', async (_, key) => {
  const space = new SharedSpace();
  const clock = manualClock();
  const [one, other] = [space, space].map((shared) => {
    const { cache } = timedCache({ clock, maxSilence: '1d', behind: [sharedBackend({ space: shared })] });
    return cache.define<string, string | readonly string[]>('post', { ttl: '1h', staleFor: '1h' });
  });
  const load = async () => 'loaded';
  expect(await one.ask(key, { load })).toMatchObject({ from: 'load', freshFor: 3_600_000 });
  clock.advance(600_000);
  expect(one.ask(key)).toMatchObject({ tier: 'memory', freshFor: 3_000_000 });
  expect(await other.ask(key)).toMatchObject({ tier: 'shared', freshFor: 3_000_000 });
  clock.advance(600_000);
  expect(other.ask(key)).toMatchObject({ tier: 'memory', freshFor: 2_400_000 });
  await one.set(key, 'brief', { ttl: '1s' });
  expect(one.ask(key)).toMatchObject({ value: 'brief', freshFor: 1000 });
  await one.invalidate(key, { soft: true });
  expect(await one.ask(key)).toMatchObject({ value: 'brief', from: 'staleFor', freshFor: 0 });
});

test('how long it stays fresh is told of what is refreshed early, copied, not kept, and in a request', async () => {
  const ttl = 60_000;
  const ask = async (options: TimedOptions, terms: CollectionOptions<unknown>) => {
    const { cache, clock } = timedCache(options);
    const posts = cache.define('post', { ttl, ...terms });
    const load = () => {
      clock.advance(100);
      return { at: new Date(0) };
    };
    const { freshFor } = await posts.ask('1', { load });
    clock.advance(1000);
    return [freshFor, (await posts.ask('1')).freshFor];
  };
  expect(await ask({ random: () => 0 }, { earlyRefresh: true })).toEqual([ttl, ttl - 1000]);
  expect(await ask({}, { values: 'copied' })).toEqual([ttl, ttl - 1000]);
  expect(await ask({}, { values: 'shared' })).toEqual([ttl, ttl - 1000]);
  expect(await ask({}, { ttl: 0 })).toEqual([0, 0]);
  expect(await ask({ background: () => {} }, { values: 'shared' })).toEqual([ttl, ttl - 1000]);
});

test('bad options are named', async () => {
  const posts = timedCache().cache.define('post');
  await expect(posts.ask('1', { load: 1 } as never)).rejects.toMatchObject({ code: 'bad_option' });
  await expect(posts.ask('1', { wait: 1 } as never)).rejects.toMatchObject({ code: 'bad_option' });
});
