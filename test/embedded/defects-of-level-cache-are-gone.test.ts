/** Each defect that was measured in level-cache: none of them loses data here, in either mode. */
import { describe, expect, test } from 'vitest';
import { bothModes, listed, opened } from './opened.ts';

describe.each(bothModes)('$mode', ({ compat }) => {
  test('an expired read beside a set never removes what was set: 200 of 200', async () => {
    const { cache, clock } = await opened({ ...compat, cleanupIntervalMs: 0 });
    let kept = 0;
    for (let i = 0; i < 200; i++) {
      await cache.set('k', 'old', { ttlMs: 10 });
      clock.advance(10);
      const [read] = await Promise.all([cache.get('k'), cache.set('k', `fresh ${i}`)]);
      expect(read).not.toBe('old');
      if ((await cache.get('k')) === `fresh ${i}`) kept++;
    }
    expect(kept).toBe(200);
  });

  test('the same when the file has another user, and writes take their time', async () => {
    const { cache, clock, again } = await opened({ ...compat, cleanupIntervalMs: 0 });
    const other = await again();
    for (let i = 0; i < 50; i++) {
      await cache.set('k', 'old', { ttlMs: 10 });
      clock.advance(10);
      await Promise.all([cache.get('k'), other.set('k', `fresh ${i}`), cache.get('k')]);
      expect(await cache.get('k')).toBe(`fresh ${i}`);
      await cache.withNamespace('v').set('k', 'old', { ttlMs: 10 });
      clock.advance(10);
      await Promise.all([cache.withNamespace('v').set('k', 'new'), cache.withNamespace('v').sweepExpired()]);
      expect(await cache.withNamespace('v').get('k')).toBe('new');
    }
  });

  test('a sweep beside a set never removes what was set', async () => {
    const { cache, clock } = await opened({ ...compat, cleanupIntervalMs: 0 });
    const view = cache.withNamespace('v');
    for (const [target, sweeper] of [
      [cache, cache],
      [view, view],
    ] as const) {
      await target.set('k', 'old', { ttlMs: 10 });
      clock.advance(10);
      await Promise.all([sweeper.sweepExpired(), target.set('k', 'fresh')]);
      expect(await target.get('k')).toBe('fresh');
    }
  });

  test('keys that begin with an emoji are listed', async () => {
    const { cache } = await opened<number>({ ...compat, namespace: 'n' });
    const keys = ['a', '\uffff', '\u{1f600}', '\u{10ffff}'];
    for (const key of keys) await cache.set(key, 1);
    expect((await listed(cache.entries())).map(([key]) => key)).toEqual(keys);
  });

  test('a limit counts what lives', async () => {
    const { cache, clock } = await opened<number>({ ...compat, cleanupIntervalMs: 0 });
    for (let i = 0; i < 10; i++) await cache.set(`a${i}`, i, { ttlMs: 10 });
    for (let i = 0; i < 10; i++) await cache.set(`b${i}`, i);
    clock.advance(10);
    expect((await listed(cache.entries({ limit: 3 }))).map(([key]) => key)).toEqual(['b0', 'b1', 'b2']);
  });
});

test('a view sweeps its own namespace, the cache that was opened sweeps everything', async () => {
  const { cache, clock } = await opened({ cleanupIntervalMs: 0 });
  const a = cache.withNamespace('a');
  for (const view of [cache, a, a.withNamespace('below'), cache.withNamespace('b')])
    await view.batch(['x', 'y'.repeat(3000)].map((key) => ({ type: 'put', key, value: 1, ttlMs: 10 })));
  clock.advance(10);
  expect(await a.sweepExpired()).toBe(2);
  expect((await cache.getStats()).expiredEntries).toBe(6);
  expect(await cache.sweepExpired()).toBe(6);
  expect((await cache.getStats()).totalEntries).toBe(0);
});

test('a date comes back as a date', async () => {
  const { cache } = await opened();
  await cache.set('k', new Date(5));
  expect(await cache.get('k')).toEqual(new Date(5));
});
