/** A value that can't be kept faithfully is refused with `bad_value`, and nothing has changed. */
import { describe, expect, test } from 'vitest';
import { createCache } from 'tidemark';

class Point {
  readonly x = 1;
}
const deep = () => {
  let value: unknown = 1;
  for (let i = 0; i < 1100; i++) value = [value];
  return value;
};
// A thenable is what is tested here.
// oxlint-disable-next-line unicorn/no-thenable
const thenable = () => ({ then: (go: (value: number) => void) => go(1) });

const refused: readonly (readonly [string, () => unknown])[] = [
  ['a function', () => () => 1],
  ['a symbol', () => Symbol('s')],
  ['an instance of a class', () => new Point()],
  ['an error', () => new Error('e')],
  ['a regular expression', () => /x/],
  ['a URL', () => new URL('https://example.org')],
  ['a WeakMap', () => new WeakMap()],
  ['a subclass of Map', () => new (class Sub extends Map {})()],
  ['data nested too deep', deep],
];

const bad = expect.objectContaining({ name: 'TidemarkError', code: 'bad_value' });

describe.each(['frozen', 'copied'] as const)('values: %s', (values) => {
  describe.each(refused)('%s', (_, make) => {
    const nested = { there: [1, { here: make() }] };

    test.each([
      ['itself', make],
      ['deep inside', () => nested],
      ['in a map', () => new Map([['k', make()]])],
      ['in a set', () => new Set([make()])],
    ])('%s, loaded', async (_where, value) => {
      const cache = createCache();
      const posts = cache.define<unknown>('post', { load: () => value(), values });
      await expect(posts.get('1')).rejects.toEqual(bad);
      expect(await posts.get('1', { load: false })).toBeUndefined();
      expect(cache.stats()).toMatchObject({ loadFailures: 1, failed: 1 });
    });

    test('set: the value before it stays, its mark too, and the given data is left as it was', async () => {
      const cache = createCache();
      const posts = cache.define<unknown>('post', { values });
      await posts.set('1', 'before');
      const { known } = cache.stats().log;
      const given = { fine: { n: 1 }, not: make() };
      await expect(posts.set('1', given)).rejects.toEqual(bad);
      expect(await posts.get('1')).toBe('before');
      expect(cache.stats().log.known).toBe(known);
      expect(cache.stats().sets).toBe(1);
      expect([Object.isFrozen(given), Object.isFrozen(given.fine)]).toEqual([false, false]);
    });
  });
});

describe.each(['frozen', 'copied', 'shared'] as const)('values: %s', (values) => {
  test('a thenable is not set', async () => {
    const posts = createCache().define<unknown>('post', { values });
    await expect(posts.set('1', thenable())).rejects.toEqual(bad);
    await expect(posts.set('1', Promise.resolve(1))).rejects.toEqual(bad);
    expect(await posts.get('1')).toBeUndefined();
  });
});

test('a refused batch member fails alone', async () => {
  const posts = createCache().define<unknown>('post', {
    loadMany: (keys) => keys.map((k) => (k === 'bad' ? () => 1 : k)),
  });
  const reads = ['a', 'bad', 'b'].map((key) => posts.get(key).catch((error: unknown) => error));
  expect(await Promise.all(reads)).toEqual(['a', bad, 'b']);
});

test('a bad tag or TTL of a set is refused before anything has changed, the given data included', async () => {
  const cache = createCache();
  const posts = cache.define<object>('post', { tags: () => [] });
  const given = { n: 1 };
  await expect(posts.set('1', given, { tags: [''] })).rejects.toMatchObject({ code: 'bad_key' });
  await expect(posts.set('1', given, { ttl: 'soon' as '1s' })).rejects.toMatchObject({ code: 'bad_option' });
  expect(cache.stats().log.known).toBe(0);
  expect(await posts.get('1')).toBeUndefined();
  expect(Object.isFrozen(given)).toBe(false);
});
