/** Every figure was counted. */
import { describe, expect, test } from 'vitest';
import { bothModes, opened } from './opened.ts';

describe.each(bothModes)('$mode', ({ compat }) => {
  test('hits and misses of all views, loads included', async () => {
    const { cache } = await opened<number>(compat);
    expect(await cache.getStats()).toMatchObject({ hits: 0, misses: 0, hitRate: 0 });
    const view = cache.withNamespace('a');
    await cache.set('k', 1);
    await cache.get('k'); // hit
    await cache.has('k'); // hit
    await cache.get('absent'); // miss
    await view.get('k'); // miss
    await view.getOrLoad('k', () => 2); // miss
    await view.getOrLoad('k', () => 2); // hit
    await view.get('k'); // hit
    expect(await view.getStats()).toMatchObject({ hits: 4, misses: 3, hitRate: 4 / 7 });
  });

  test('entries, expired ones, bytes and namespaces', async () => {
    const { cache, clock } = await opened<string>({ ...compat, cleanupIntervalMs: 0, namespace: 'n' });
    expect(await cache.getStats()).toMatchObject({ totalEntries: 0, expiredEntries: 0, bytes: 0, namespaces: [] });
    await cache.set('a', 'x'.repeat(1000));
    const one = await cache.getStats();
    expect(one.bytes).toBeGreaterThan(1000);
    await cache.set('b', 'x', { ttlMs: 10 });
    await cache.withNamespace('m').set('c', 'x', { ttlMs: 20 });
    clock.advance(10);
    expect(await cache.getStats()).toMatchObject({
      totalEntries: 3,
      expiredEntries: 1,
      expired: 0,
      namespaces: ['n', 'n/m'],
    });
    await cache.sweepExpired();
    await cache.withNamespace('m').clear();
    expect(await cache.getStats()).toMatchObject({ totalEntries: 1, expired: 1, bytes: one.bytes, namespaces: ['n'] });
  });

  test('expired entries go by themselves, once a minute or as said', async () => {
    for (const [options, interval] of [
      [{}, 60_000],
      [{ cleanupIntervalMs: 500 }, 500],
    ] as const) {
      const { cache, clock } = await opened<number>({ ...compat, ...options });
      await cache.set('k', 1, { ttlMs: 10 });
      await clock.advanceAsync(interval - 1);
      expect((await cache.getStats()).totalEntries).toBe(1);
      await clock.advanceAsync(1);
      expect((await cache.getStats()).totalEntries).toBe(0);
    }
  });

  test('a limit in entries is kept, expired ones leave first, and what left is counted', async () => {
    const { cache, clock } = await opened<number>({ ...compat, maxEntries: 100, cleanupIntervalMs: 0 });
    for (let i = 0; i < 60; i++) await cache.set(`old${i}`, i, { ttlMs: 10 });
    clock.advance(10);
    for (let i = 0; i < 90; i++) await cache.set(`new${i}`, i);
    const stats = await cache.getStats();
    expect(stats).toMatchObject({ totalEntries: 90, expired: 60, evicted: 0 });
    for (let i = 90; i < 200; i++) {
      await cache.set(`new${i}`, i);
      expect((await cache.getStats()).totalEntries).toBeLessThanOrEqual(100);
    }
    const later = await cache.getStats();
    expect(later.evicted).toBe(200 - later.totalEntries);
  });
});

test('a thousand namespaces are listed in order, each once', async () => {
  const { cache } = await opened<number>();
  const names = Array.from({ length: 1000 }, (_, i) => `n${String(i).padStart(4, '0')}`);
  await Promise.all(names.map((name) => cache.withNamespace(name).set('k', 1)));
  await cache.withNamespace(names[7]).set('l', 1);
  expect((await cache.getStats()).namespaces).toEqual(names);
});

test('a sweep tells of itself, though the one that is made by itself is under way', async () => {
  const { cache, clock } = await opened<number>({ cleanupIntervalMs: 100 });
  await cache.batch(Array.from({ length: 2000 }, (_, i) => ({ type: 'put', key: `k${i}`, value: i, ttlMs: 10 })));
  clock.advance(100);
  const told: number[] = [];
  const removed = await cache.sweepExpired({ onSweep: (sofar) => told.push(sofar) });
  expect(told.at(-1)).toBe(removed);
  expect(await cache.getStats()).toMatchObject({ totalEntries: 0, expired: 2000 });
});

test('a sweep tells how far it is and can be given up', async () => {
  const { cache, clock } = await opened<number>({ cleanupIntervalMs: 0 });
  const view = cache.withNamespace('v');
  await view.batch(Array.from({ length: 1200 }, (_, i) => ({ type: 'put', key: `k${i}`, value: i, ttlMs: 10 })));
  clock.advance(10);
  const abort = new AbortController();
  const told: number[] = [];
  const sweeping = view.sweepExpired({
    signal: abort.signal,
    onSweep(removed) {
      told.push(removed);
      abort.abort(new Error('enough'));
    },
  });
  await expect(sweeping).rejects.toThrow('enough');
  expect(told).toEqual([500]);
  expect((await cache.getStats()).totalEntries).toBe(700);
  expect(await view.sweepExpired({ onSweep: (removed) => told.push(removed) })).toBe(700);
  expect(told).toEqual([500, 500, 700]);
});
