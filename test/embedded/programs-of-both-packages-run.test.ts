/** What the users of level-cache and of lmdb-cache do with them works here, in both modes. */
import { describe, expect, test } from 'vitest';
import { bothModes, listed, opened } from './opened.ts';

describe.each(bothModes)('$mode', ({ compat }) => {
  test('what is set is there', async () => {
    const { cache } = await opened({ ...compat, namespace: 'n1' });
    await cache.set('a', 123);
    expect(await cache.has('a')).toBe(true);
    expect(await cache.get('a')).toBe(123);
  });

  test('what has expired is not there any more', async () => {
    const { cache, clock } = await opened({ ...compat, namespace: 'n1' });
    await cache.set('k', 'v', { ttlMs: 500 });
    expect(await cache.get('k')).toBe('v');
    clock.advance(499);
    expect(await cache.get('k')).toBe('v');
    clock.advance(1);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.has('k')).toBe(false);
  });

  test('namespaces are isolated and can be composed', async () => {
    const { cache } = await opened<number>({ ...compat, namespace: 'root' });
    const [a, b] = ['a', 'b'].map((name) => cache.withNamespace(name));
    await cache.set('x', 1);
    await a.set('x', 2);
    await b.set('x', 3);
    expect(await Promise.all([cache, a, b].map((view) => view.get('x')))).toEqual([1, 2, 3]);
    const child = a.withNamespace('child');
    await child.set('y', 42);
    expect(await child.get('y')).toBe(42);
    expect(await a.get('y')).toBeUndefined();
  });

  test('a listing has the logical keys of what lives', async () => {
    const { cache, clock } = await opened<number>({ ...compat, namespace: 'ns' });
    await cache.withNamespace('below').set('elsewhere', 0);
    await cache.batch([
      { type: 'put', key: 'a', value: 1 },
      { type: 'put', key: 'b', value: 2, ttlMs: 500 },
    ]);
    expect(await listed(cache.entries())).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    clock.advance(500);
    expect(await listed(cache.entries())).toEqual([['a', 1]]);
  });

  test('a batch may remove a key that is not there', async () => {
    const { cache } = await opened(compat);
    await cache.batch([
      { type: 'put', key: 'one', value: 'first' },
      { type: 'put', key: 'two', value: 'second', ttlMs: 1000 },
      { type: 'del', key: 'three' },
    ]);
    expect(await Promise.all(['one', 'two', 'three'].map(cache.get))).toEqual(['first', 'second', undefined]);
  });

  test('a sweep removes what has expired and says how much', async () => {
    const { cache, clock } = await opened({ ...compat, cleanupIntervalMs: 0 });
    await cache.set('lasting', 'keep');
    await cache.set('passing', 'go', { ttlMs: 100 });
    clock.advance(200);
    expect(await cache.sweepExpired()).toBe(1);
    expect(await cache.sweepExpired()).toBe(0);
    expect(await cache.get('lasting')).toBe('keep');
    expect(await cache.get('passing')).toBeUndefined();
    expect((await cache.getStats()).totalEntries).toBe(1);
  });

  test('a listing can be limited', async () => {
    const { cache } = await opened(compat);
    for (let i = 0; i < 10; i++) await cache.set(`key${i}`, i);
    expect(await listed(cache.entries({ limit: 5 }))).toHaveLength(5);
    expect(await listed(cache.entries({ limit: 0 }))).toHaveLength(0);
    expect(await listed(cache.entries({ limit: 99 }))).toHaveLength(10);
  });

  test('ten writes and ten reads may go on at the same time', async () => {
    const { cache } = await opened(compat);
    const keys = Array.from({ length: 10 }, (_, i) => `key${i}`);
    await Promise.all(keys.map((key) => cache.set(key, `of ${key}`)));
    expect(await Promise.all(keys.map(cache.get))).toEqual(keys.map((key) => `of ${key}`));
  });

  test('the default TTL is that of what is stored without one', async () => {
    const { cache, clock } = await opened({ ...compat, defaultTtlMs: 500, cleanupIntervalMs: 0 });
    await cache.set('by default', 1);
    await cache.set('by itself', 2, { ttlMs: 800 });
    await cache.set('for ever', 3, { ttlMs: Infinity });
    clock.advance(500);
    expect(await Promise.all(['by default', 'by itself', 'for ever'].map(cache.get))).toEqual([undefined, 2, 3]);
    clock.advance(1e12);
    expect(await Promise.all(['by default', 'by itself', 'for ever'].map(cache.get))).toEqual([
      undefined,
      undefined,
      3,
    ]);
  });

  test('methods can be passed on by themselves', async () => {
    const { cache } = await opened<number>(compat);
    const { get, has, set, del, batch, entries, withNamespace, getOrLoad } = cache;
    await set('a', 1);
    await batch([{ type: 'put', key: 'b', value: 2 }]);
    expect(await get('a')).toBe(1);
    expect(await listed(entries())).toHaveLength(2);
    expect(await withNamespace('below').has('a')).toBe(false);
    expect(await getOrLoad('c', () => 3)).toBe(3);
    await del('a');
    expect(await has('a')).toBe(false);
  });

  test('null is a value, undefined is none', async () => {
    const { cache } = await opened(compat);
    await cache.set('null', null);
    await cache.set('undefined', undefined);
    expect(await cache.has('null')).toBe(true);
    expect(await cache.get('null')).toBeNull();
    expect(await cache.has('undefined')).toBe(false);
    expect(await listed(cache.entries())).toEqual([['null', null]]);
  });

  test('a TTL of 0 is over at once', async () => {
    const { cache } = await opened(compat);
    await cache.set('k', 'before');
    await cache.set('k', 'after', { ttlMs: 0 });
    expect(await cache.get('k')).toBeUndefined();
  });
});

test('a value of many kinds comes back equal, its date as a date', async () => {
  const { cache } = await opened();
  const value = {
    text: 'test',
    number: 42,
    array: [1, 2, 3],
    nested: { a: 'b', c: 'd' },
    date: new Date(0),
    map: new Map([[1, new Set([2n])]]),
    bytes: Uint8Array.of(1, 2, 3),
    odd: [-0, NaN, Infinity, undefined],
  };
  await cache.set('value', value);
  expect(await cache.get('value')).toStrictEqual(value);
});
