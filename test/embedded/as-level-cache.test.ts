/** `compat: 'level-cache'` behaves as that package where a program may rely on it. */
import { expect, test } from 'vitest';
import { defaultNamespace, openLevelCache, openLmdbCache } from 'tidemark/embedded';
import { manualClock } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { freshPath, listed, opened } from './opened.ts';

const DAY = 24 * 60 * 60 * 1000;

test('openLevelCache is the mode by the name that programs call', async () => {
  const clock = manualClock();
  await using cache = await openLevelCache({ path: freshPath(), clock });
  await cache.set('k', new Date(0));
  expect(await cache.get('k')).toBe('1970-01-01T00:00:00.000Z');
});

test('values live for 24 hours unless something else is said', async () => {
  const { cache, clock } = await opened({ compat: 'level-cache' });
  await cache.set('k', 1);
  clock.advance(DAY - 1);
  expect(await cache.get('k')).toBe(1);
  clock.advance(1);
  expect(await cache.get('k')).toBeUndefined();
});

test('a TTL below 0 is over at once, one that is no finite number is never over', async () => {
  const { cache, clock } = await opened({ compat: 'level-cache' });
  const ttls = [-1, NaN, Infinity, -Infinity];
  for (const ttlMs of ttls) await cache.set(`${ttlMs}`, 'there', { ttlMs });
  clock.advance(10 * DAY);
  const values = await Promise.all(ttls.map((ttlMs) => cache.get(`${ttlMs}`)));
  expect(values).toEqual([undefined, 'there', 'there', 'there']);
});

test('an expired entry is removed when it is read', async () => {
  const { cache, clock } = await opened({ compat: 'level-cache', cleanupIntervalMs: 0 });
  await cache.set('read', 1, { ttlMs: 10 });
  await cache.set('unread', 1, { ttlMs: 10 });
  clock.advance(10);
  await cache.get('read');
  expect((await cache.getStats()).totalEntries).toBe(1);
});

test('the namespace is "default", nested ones are joined by a slash, and an empty name leads back', async () => {
  const { cache, again } = await opened<number>({ compat: 'level-cache' });
  const nested = cache.withNamespace('a').withNamespace('b');
  await cache.set('x', 1);
  await nested.set('x', 2);
  expect(await nested.withNamespace('').get('x')).toBe(1);
  expect((await cache.getStats()).namespaces).toEqual(['default', 'default/a/b']);
  expect(defaultNamespace({ namespace: 'default' }, 'a')).toBe('default/a');
  expect(defaultNamespace({}, 'a')).toBe('a');
  const direct = await again({ namespace: 'default/a/b' });
  expect(await direct.get('x'), 'a/b and b below a are one').toBe(2);
});

test('a key that holds the separator reaches another namespace', async () => {
  const { cache, again } = await opened<number>({ compat: 'level-cache', namespace: 'a' });
  await cache.set('b\u241fk', 1);
  const other = await again({ namespace: 'a\u241fb' });
  expect(await other.get('k')).toBe(1);
});

test('without a namespace, keys are what is stored, and a listing has them all', async () => {
  const { cache, again } = await opened<number>({ compat: 'level-cache', namespace: '' });
  await (await again({ namespace: 'n' })).set('k', 1);
  await cache.set('plain', 2);
  expect(await cache.get('n\u241fk')).toBe(1);
  expect(await listed(cache.entries())).toEqual([
    ['n\u241fk', 1],
    ['plain', 2],
  ]);
  expect((await cache.getStats()).namespaces).toEqual(['n']);
});

test('values are what JSON makes of them', async () => {
  class Point {
    readonly x = 1;
    toJSON(): unknown {
      return { x: this.x, made: 'by itself' };
    }
  }
  const { cache } = await opened({ compat: 'level-cache' });
  await cache.set('value', { date: new Date(0), map: new Map([[1, 2]]), nothing: undefined, nan: NaN, run() {} });
  await cache.set('instance', new Point());
  expect(await cache.get('value')).toStrictEqual({ date: '1970-01-01T00:00:00.000Z', map: {}, nan: null });
  expect(await cache.get('instance')).toEqual({ x: 1, made: 'by itself' });
});

test('what is loaded is at once what will be read later', async () => {
  const { cache } = await opened({ compat: 'level-cache' });
  const loaded = await cache.getOrLoad('k', () => ({ at: new Date(0) }));
  expect(loaded).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  expect(await cache.get('k')).toEqual(loaded);
});

test('a view sweeps every namespace', async () => {
  const { cache, clock } = await opened({ compat: 'level-cache', cleanupIntervalMs: 0 });
  await cache.set('k', 1, { ttlMs: 10 });
  await cache.withNamespace('a').set('k', 1, { ttlMs: 10 });
  clock.advance(10);
  expect(await cache.withNamespace('b').sweepExpired()).toBe(2);
});

test('closing a view closes everything', async () => {
  const { cache } = await opened({ compat: 'level-cache' });
  const view = cache.withNamespace('a');
  const other = cache.withNamespace('b');
  await view.close();
  for (const one of [cache, view, other]) expect(await failure(one.get('k'))).toMatchObject({ code: 'closed' });
});

test('the two modes do not see each other', async () => {
  const { cache, path, clock } = await opened({ compat: 'level-cache', namespace: 'n' });
  await cache.set('k', 'of level-cache');
  await using own = await openLmdbCache({ path, clock, namespace: 'n' });
  expect(await own.get('k')).toBeUndefined();
  expect(await listed(own.entries())).toEqual([]);
  await own.set('k', 'own');
  expect(await cache.get('k')).toBe('of level-cache');
  expect(await listed(cache.entries())).toEqual([['k', 'of level-cache']]);
});
