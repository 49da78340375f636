/** Closing a view closes the view; closing the cache that was opened closes everything. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { failure, gatedLoads } from '../support/deferred.ts';
import { listed, opened, until } from './opened.ts';

test('a closed view is closed, and only it', async () => {
  const { cache } = await opened<number>();
  const view = cache.withNamespace('a');
  const below = view.withNamespace('b');
  await view.set('k', 1);
  await view.close();
  await view.close();
  expect(await failure(view.get('k'))).toMatchObject({ code: 'closed' });
  expect(() => view.withNamespace('c')).toThrow(expect.objectContaining({ code: 'closed' }));
  await below.set('k', 2);
  expect(await below.get('k')).toBe(2);
  expect(await cache.withNamespace('a').get('k')).toBe(1);
});

test('after the cache is closed, everything rejects with "closed"', async () => {
  const { cache } = await opened<number>();
  const view = cache.withNamespace('a');
  await cache.getOrLoad('k', () => 1);
  await cache.close();
  await cache.close();
  for (const one of [cache, view]) {
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => one.get('k'),
      () => one.has('k'),
      () => one.set('k', 1),
      () => one.del('k'),
      () => one.batch([]),
      () => listed(one.entries()),
      () => one.sweepExpired(),
      () => one.clear(),
      () => one.getStats(),
      () => one.getOrLoad('k', () => 2),
      () => one.invalidateTags(['t']),
    ];
    for (const attempt of attempts)
      expect(await failure(attempt()), attempt.toString()).toMatchObject({ code: 'closed' });
    expect(() => one.backend).toThrow(expect.objectContaining({ code: 'closed' }));
  }
});

test('closing ends what waits for nothing but time: no timer is left', async () => {
  const { cache, clock } = await opened<number>();
  await cache.getOrLoad('k', () => 1);
  expect(clock.pending).toBeGreaterThan(0);
  await cache.close();
  clock.advance(1); // an engine's time is good for a millisecond
  expect(clock.pending).toBe(0);
});

test('closing waits for a load that was accepted', async () => {
  const { cache, again } = await opened<number>();
  const { calls, load } = gatedLoads<number>();
  const loaded = cache.getOrLoad('k', load);
  await until(() => calls.length === 1);
  const closing = cache.close();
  calls[0].resolve(7);
  expect(await loaded).toBe(7);
  await closing;
  expect(await (await again()).get('k')).toBe(7);
});

test('closing a cache that has the file as a tier leaves the file open', async () => {
  const { cache, clock } = await opened<number>();
  const over = createCache({ name: 'kv', tiers: [memory({ clock }), cache.backend], clock });
  await over.close();
  await cache.set('k', 1);
  expect(await cache.get('k')).toBe(1);
});
