/** A pattern invalidates exactly the keys that it matches, whatever separators or stars their segments are made of. */
import { describe, expect, test } from 'vitest';
import { createCache, type Key, memory, type PatternInput } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const keys: Key[] = [
  '1',
  '',
  '*',
  'a*b',
  'a:b',
  '\\',
  ['1', 'draft'],
  ['1', ''],
  ['2', 'draft'],
  ['2', 'final'],
  ['', 'draft'],
  ['1', 'x', 'draft'],
  ['1', 'x', 'y', 'draft'],
];

const table: readonly (readonly [PatternInput, Key[]])[] = [
  ['post:1', ['1']],
  ['post:*', ['1', '', '*', 'a*b', 'a:b', '\\']],
  ['post:\\*', ['*']],
  ['post:a\\*b', ['a*b']],
  ['post:a\\:b', ['a:b']],
  ['post:\\\\', ['\\']],
  ['post:', ['']],
  ['post:1:', [['1', '']]],
  ['post::draft', [['', 'draft']]],
  [':*', []],
  [':1', []],
  [
    'post:*:draft',
    [
      ['1', 'draft'],
      ['2', 'draft'],
      ['', 'draft'],
    ],
  ],
  [
    'post:**:draft',
    [
      ['1', 'draft'],
      ['2', 'draft'],
      ['', 'draft'],
      ['1', 'x', 'draft'],
      ['1', 'x', 'y', 'draft'],
    ],
  ],
  ['post:1:**', ['1', ['1', 'draft'], ['1', ''], ['1', 'x', 'draft'], ['1', 'x', 'y', 'draft']]],
  [
    'post:1:*:**',
    [
      ['1', 'draft'],
      ['1', ''],
      ['1', 'x', 'draft'],
      ['1', 'x', 'y', 'draft'],
    ],
  ],
  ['**', keys],
  ['post:**', keys],
  ['*', []],
  ['*:1', ['1']],
  ['user:**', []],
  [['post', 'a:b'], ['a:b']],
  [['post', '\\*'], ['*']],
  [
    ['post', 1, '*'],
    [
      ['1', 'draft'],
      ['1', ''],
    ],
  ],
  [
    ['**', 'x', '**'],
    [
      ['1', 'x', 'draft'],
      ['1', 'x', 'y', 'draft'],
    ],
  ],
];

const places = [
  ['memory', () => [memory()]],
  ['a synchronous store', () => [new MapStore({ sync: true })]],
  ['memory before an asynchronous store', () => [memory({ maxEntries: 2 }), new MapStore()]],
] as const;

describe.each(places)('in %s', (_, place) => {
  test.each(table)('%j', async (pattern, matched) => {
    const cache = createCache({ tiers: place() });
    const posts = cache.define<number, Key>('post', { load: () => 0 });
    for (const key of keys) await posts.set(key, 1);
    await idle();
    await cache.invalidate({ pattern });
    const values = await posts.getMany(keys);
    expect(keys.filter((_key, i) => values[i] === 0)).toEqual(keys.filter((key) => matched.some((m) => same(m, key))));
  });

  test('an entry that is loaded after the rule is not touched by it; the next rule touches it again', async () => {
    const cache = createCache({ tiers: place() });
    let loads = 0;
    const posts = cache.define<number>('post', { load: () => ++loads });
    for (let round = 1; round < 5; round++) {
      expect(await posts.get('1')).toBe(round);
      await idle();
      expect(await posts.get('1')).toBe(round);
      await cache.invalidate({ pattern: 'post:*' });
    }
  });

  test('keys without a collection are matched by their whole path', async () => {
    const cache = createCache({ tiers: place() });
    let loads = 0;
    const read = () => cache.getOrLoad({ key: ['report', 5, 'day'], load: () => ++loads });
    await read();
    await cache.invalidate({ pattern: 'report:*' });
    expect(await read()).toBe(1);
    await cache.invalidate({ pattern: 'report:*:day' });
    expect(await read()).toBe(2);
  });
});

function same(a: Key, b: Key): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
