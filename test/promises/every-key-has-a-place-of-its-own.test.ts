/** No two keys share a place, whatever characters they are made of; what can't be a key is refused. */
import { describe, expect, test } from 'vitest';
import { createCache, type Key, memory } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const texts = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'then',
  'undefined',
  'null',
  '\0',
  '\0a',
  '\0/a',
  '\0\0',
  'a',
  'a/b',
  'a:b',
  'a~b',
  'a~0b',
  'a~1b',
  '~',
  '~0',
  '~1',
  '~ud800',
  '/',
  '//',
  'a/',
  '/a',
  '*',
  '**',
  '?',
  '=',
  '^',
  '#',
  '\\',
  '\\*',
  '~*',
  '~v1',
  'a~v1',
  '~a',
  '😀',
  '\ud83d',
  '\ude00',
  '\ud800\ud800',
  '\udc00\ud800',
  'é',
  'e\u0301',
  'A',
  '0',
  '00',
  '1',
  '1.0',
  '-1',
  'x'.repeat(10_000),
  'x'.repeat(10_001),
];

const paths: Key[] = [
  ...texts,
  ['a', 'b'],
  ['a', 'b', ''],
  ['', 'a', 'b'],
  ['a', '', 'b'],
  ['', ''],
  ['', '', ''],
  ['a/b', 'c'],
  ['a', 'b/c'],
  ['a:b', 'c'],
  ['a', 'b:c'],
  ['a~1b', 'c'],
  ['\0', 'a'],
  ['\0/a', ''],
  ['__proto__', 'constructor'],
  ['\ud83d', '\ude00'],
  [1, 2],
  ['1', '02'],
  [12n, 'x'],
];

const places = [
  ['memory', () => [memory()]],
  ['memory before an asynchronous store', () => [memory(), new MapStore()]],
  ['a synchronous store', () => [new MapStore({ sync: true })]],
] as const;

describe.each(places)('in %s', (_, place) => {
  test('each key gets its own value, and loses it alone', async () => {
    const cache = createCache({ tiers: place() });
    const posts = cache.define<number, Key>('post');
    for (const [i, key] of paths.entries()) await posts.set(key, i);
    expect(await posts.getMany(paths)).toEqual(paths.map((_key, i) => i));
    for (const [i, key] of paths.entries()) {
      await posts.delete(key);
      const values = await posts.getMany(paths);
      expect(values.findIndex((value) => value !== undefined)).toBe(i + 1 < paths.length ? i + 1 : -1);
      expect(values.filter((value) => value !== undefined)).toHaveLength(paths.length - i - 1);
    }
  });

  test('a key without a collection is no collection key', async () => {
    const cache = createCache({ tiers: place() });
    const posts = cache.define<string, Key>('post', { load: () => 'collection' });
    const adHoc = (key: Key) => cache.getOrLoad({ key, load: () => 'ad hoc' });
    expect(await posts.get('1')).toBe('collection');
    expect(await adHoc(['post', '1'])).toBe('ad hoc');
    await idle();
    expect(await posts.get('1')).toBe('collection');
    expect(await adHoc(['post', '1'])).toBe('ad hoc');
  });

  test('invalidating a key of a collection means the key of no collection at the same path too', async () => {
    const cache = createCache({ tiers: place() });
    let loads = 0;
    const read = () => cache.getOrLoad({ key: ['post', '1'], load: () => ++loads });
    await read();
    await cache.invalidate({ key: ['post', '1'] });
    expect(await read()).toBe(2);
  });

  test.each<[string, Key[]]>([
    ['numbers, bigints and their text', [7, 7n, '7', [7], ['7']]],
    ['zeros', [0, -0, 0n, '0']],
    ['large numbers', [1e21, '1e+21']],
    [
      'paths of them',
      [
        ['a', 7],
        ['a', '7'],
        ['a', 7n],
      ],
    ],
  ])('%s are one key', async (_name, keys) => {
    const posts = createCache({ tiers: place() }).define<number, Key>('post', { load: () => 0 });
    for (const [i, key] of keys.entries()) {
      await posts.set(key, i + 1);
      expect(await posts.getMany(keys)).toEqual(keys.map(() => i + 1));
    }
    await posts.delete(keys[0]);
    expect(await posts.getMany(keys)).toEqual(keys.map(() => 0));
  });
});

const noKeys: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['an object', { a: 1 }],
  ['a function', () => 'a'],
  ['a symbol', Symbol('s')],
  ['an empty path', []],
  ['a path with undefined in it', ['a', undefined]],
  ['a path in a path', ['a', ['b']]],
  ['a date', new Date(0)],
];

describe.each(noKeys)('%s is no key', (_, value) => {
  const key = value as string;
  const bad = expect.objectContaining({ name: 'TidemarkError', code: 'bad_key' });

  test('for any operation, and nothing has changed', async () => {
    const cache = createCache();
    const posts = cache.define<string>('post', { load: () => 'loaded' });
    await expect(posts.get(key)).rejects.toEqual(bad);
    await expect(posts.get(key, { load: false })).rejects.toEqual(bad);
    await expect(posts.getMany(['fine', key])).rejects.toEqual(bad);
    await expect(posts.set(key, 'x')).rejects.toEqual(bad);
    await expect(posts.delete(key)).rejects.toEqual(bad);
    if (value !== undefined) await expect(posts.invalidate(key)).rejects.toEqual(bad);
    expect(() => posts.peek(key)).toThrow(bad);
    await expect(cache.getOrLoad({ key, load: () => 1 })).rejects.toEqual(bad);
    if (value !== undefined) await expect(cache.invalidate({ key })).rejects.toEqual(bad);
    await expect(cache.invalidate({ keys: ['fine', key] })).rejects.toEqual(bad);
    if (value !== undefined && !Array.isArray(value))
      await expect(cache.invalidate({ prefix: key })).rejects.toEqual(bad);
    await expect(cache.explain(key)).rejects.toEqual(bad);
    expect(cache.stats()).toMatchObject({ sets: 0, log: { known: 0 } });
  });
});

test.each(['', 7, null, undefined, ['a']])('%j is no tag', async (tag) => {
  const cache = createCache();
  const bad = { code: 'bad_key' };
  await expect(cache.invalidate({ tags: ['fine', tag as string] })).rejects.toMatchObject(bad);
  const posts = cache.define<string>('post', { load: () => 'x', tags: () => [tag as string] });
  await expect(posts.get('1')).rejects.toMatchObject(bad);
  expect(cache.stats().log.known).toBe(0);
});
