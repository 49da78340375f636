/** Promise: a read that asks tells truthfully which tier answered, or that it was loaded, or that nothing was there. */
import { expect, test } from 'vitest';
import type { Answer } from 'tidemark';
import { sharedBackend, SharedSpace } from 'tidemark/testing';
import { deferred } from '../support/deferred.ts';
import { timedCache } from '../support/timed-cache.ts';

test('memory answers at once, a slower tier later, and then memory', async () => {
  const space = new SharedSpace();
  const [one, other] = [space, space].map((shared) => {
    const { cache } = timedCache({ behind: [sharedBackend({ space: shared })] });
    return cache.define<string, readonly string[]>('post');
  });
  await one.set(['a', 'b'], 'value');
  expect(one.ask(['a', 'b'])).toEqual({ value: 'value', from: 'tier', tier: 'memory' });
  expect(await other.ask(['a', 'b'])).toEqual({ value: 'value', from: 'tier', tier: 'shared' });
  expect(other.ask(['a', 'b'])).toEqual({ value: 'value', from: 'tier', tier: 'memory' });
  expect(await other.ask(['a'])).toEqual({ value: undefined, from: 'nothing', tier: undefined });
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
  for (const answer of all) expect(await answer).toEqual({ value: 'loaded', from: 'load', tier: undefined });
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
  expect(await before).toMatchObject({ value: 'old', from: 'load' });
  expect(await posts.ask('1')).toMatchObject({ from: 'nothing' });
});

test('what is old by time says so', async () => {
  const { cache, clock } = timedCache();
  const posts = cache.define<number>('post', { ttl: '1m', staleFor: '1h', graceFor: '2h' });
  let loads = 0;
  const ask = (): Promise<Answer<number>> => Promise.resolve(posts.ask('1', { load: async () => ++loads }));
  await ask();
  clock.advance(60_001);
  expect(await ask()).toEqual({ value: 1, from: 'staleFor', tier: 'memory' });
  await expect.poll(() => posts.peek('1')).toBe(2);
  clock.advance(60_000 + 3_600_001);
  const down = { load: async () => Promise.reject(new Error('down')) };
  expect(await posts.ask('1', down)).toEqual({ value: 2, from: 'graceFor', tier: undefined });
});

test('bad options are named', async () => {
  const posts = timedCache().cache.define('post');
  await expect(posts.ask('1', { load: 1 } as never)).rejects.toMatchObject({ code: 'bad_option' });
  await expect(posts.ask('1', { wait: 1 } as never)).rejects.toMatchObject({ code: 'bad_option' });
});
