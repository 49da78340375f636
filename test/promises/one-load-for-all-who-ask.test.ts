/** However many ask for a cold key at once, its loader runs once; when it fails it fails once for each, and is tried anew. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { gatedLoads, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const places = [
  ['memory', () => [memory()]],
  ['memory before an asynchronous store', () => [memory(), new MapStore()]],
] as const;

describe.each(places)('in %s', (_, place) => {
  test('a thousand who ask at once are one load', async () => {
    const { calls, load } = gatedLoads<object>();
    const posts = createCache({ tiers: place() }).define<object>('post', { load });
    const reads = Array.from({ length: 1000 }, () => posts.get('1'));
    await idle();
    expect(calls).toHaveLength(1);
    calls[0].resolve({ title: 'one' });
    const values = await Promise.all(reads);
    expect(new Set(values).size).toBe(1);
    expect(values[0]).toEqual({ title: 'one' });
  });

  test('a load that fails with 200 callers is one load and one error for each', async () => {
    const { calls, load } = gatedLoads<string>();
    const posts = createCache({ tiers: place() }).define<string>('post', { load });
    const reads = Array.from({ length: 200 }, () => posts.get('1').catch((error: unknown) => error));
    await idle();
    const broken = new Error('no database');
    calls[0].reject(broken);
    expect(new Set(await Promise.all(reads))).toEqual(new Set([broken]));
    expect(calls).toHaveLength(1);
  });

  test('whoever asks again the moment a load has failed starts a new one', async () => {
    const { calls, load } = gatedLoads<string>();
    const posts = createCache({ tiers: place() }).define<string>('post', { load });
    const reads = [1, 2, 3].map(() => posts.get('1').catch(() => posts.get('1')));
    await idle();
    calls[0].reject(new Error('once'));
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('right');
    expect(await Promise.all(reads)).toEqual(['right', 'right', 'right']);
  });

  test('a loader that throws at once is a failing load like any other', async () => {
    let runs = 0;
    const cache = createCache({ tiers: place() });
    const posts = cache.define<string>('post', {
      load: () => {
        runs++;
        throw new RangeError('at once');
      },
    });
    const reads = [posts.get('1'), posts.get('1')].map((read) => read.catch((error: unknown) => error));
    expect(await Promise.all(reads)).toEqual([expect.any(RangeError), expect.any(RangeError)]);
    expect(runs).toBe(1);
    await expect(posts.get('1')).rejects.toThrow('at once');
    expect([runs, cache.stats().loadFailures]).toEqual([2, 2]);
  });

  test('different keys, and the same key in different collections, are loads of their own', async () => {
    const cache = createCache({ tiers: place() });
    const loaded: string[] = [];
    const make = (name: string) =>
      cache.define<string>(name, {
        load: async (key) => {
          loaded.push(`${name} ${key}`);
          return `${name} ${key}`;
        },
      });
    const [a, b] = [make('a'), make('b')];
    expect(await Promise.all([a.get('1'), a.get('2'), b.get('1'), a.get('1')])).toEqual(['a 1', 'a 2', 'b 1', 'a 1']);
    expect(loaded.toSorted()).toEqual(['a 1', 'a 2', 'b 1']);
  });

  test('reads without a collection join each other too', async () => {
    const { calls, load } = gatedLoads<number, unknown>();
    const cache = createCache({ tiers: place() });
    const reads = [1, 2, 3].map(() => cache.getOrLoad({ key: ['report', 5], load }));
    await idle();
    expect(calls).toHaveLength(1);
    calls[0].resolve(42);
    expect(await Promise.all(reads)).toEqual([42, 42, 42]);
  });

  test('a read that does not load neither starts a load nor waits for one', async () => {
    const { calls, load } = gatedLoads<string>();
    const posts = createCache({ tiers: place() }).define<string>('post', { load });
    expect(await posts.get('1', { load: false })).toBeUndefined();
    expect(calls).toHaveLength(0);
    const loading = posts.get('1');
    await idle();
    expect(await posts.get('1', { load: false })).toBeUndefined();
    calls[0].resolve('there');
    expect(await loading).toBe('there');
    expect(await posts.get('1', { load: false })).toBe('there');
  });

  test('a collection without a loader never loads', async () => {
    const posts = createCache({ tiers: place() }).define<string>('post');
    expect(await posts.get('1')).toBeUndefined();
    await posts.set('1', 'set');
    expect(await posts.get('1')).toBe('set');
  });
});
