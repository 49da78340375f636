/** Rules: what an event brings is a literal part of what it drops, and can neither widen it nor make it miss. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createCache, type Key } from 'tidemark';
import { createContent, type Drop } from 'tidemark/content';
import { anyText } from '../support/arbitraries.ts';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

/** Texts that mean something somewhere between an event and the log. */
const nasty = fc.oneof(
  anyText,
  fc.string({ unit: fc.constantFrom(':', '*', '\\', '{', '}', '/', '~', '?', '#', 'a') }),
  fc.constantFrom('*', '**', ':', '\\', '{id}', 'a:b', '*:*', '~*', '\\*', '../x'),
);
const id = nasty.filter((text) => text !== '');

/** A cache that holds some keys of collection `content`, and what an event with one rule leaves of them. */
async function leftBy(
  drop: Drop,
  payload: Record<string, unknown>,
  keys: readonly Key[],
  tags: (key: Key) => string[] = () => [],
) {
  const cache = createCache();
  const held = cache.define<number, Key>('content', { tags: (_, key) => tags(key) });
  for (const [i, key] of keys.entries()) await held.set(key, i, { tags: tags(key) });
  const content = createContent({ cache, rules: [{ on: 'test.event', drop: [drop] }] });
  await content.events.emit('test.event', payload);
  const left = keys.filter((key) => held.peek(key) !== undefined);
  await cache.close();
  return left;
}

describe('an id is a literal part', () => {
  test('of a pattern: exactly the keys with this very segment fall', async () => {
    await fc.assert(
      fc.asyncProperty(id, fc.uniqueArray(id, { maxLength: 5 }), async (asked, others) => {
        const ids = [...new Set([asked, ...others])];
        const keys = ids.flatMap((one) => [
          ['post', one, 'v1'],
          [one, 'post', 'v1'],
          ['post', one],
        ]);
        const left = await leftBy({ pattern: 'content:*:{id}:*' }, { id: asked }, keys);
        expect(left).toEqual(keys.filter((key) => !(key.length === 3 && key[1] === asked)));
      }),
      { numRuns: 100 },
    );
  });

  test('of a pattern whose segment is more than it', async () => {
    await fc.assert(
      fc.asyncProperty(id, fc.uniqueArray(id, { maxLength: 4 }), async (asked, others) => {
        const keys = [...new Set([asked, ...others])].flatMap((one) => [
          [`p-${one}`, 'v'],
          [one, 'v'],
          [`p-${one}x`, 'v'],
        ]);
        const unique = [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
        const left = await leftBy({ pattern: ['content', 'p-{id}', '**'] }, { id: asked }, unique);
        expect(left).toEqual(unique.filter(([first]) => first !== `p-${asked}`));
      }),
      { numRuns: 50 },
    );
  });

  test('of a prefix, of a key and of a tag', async () => {
    await fc.assert(
      fc.asyncProperty(id, fc.uniqueArray(id, { maxLength: 4 }), async (asked, others) => {
        const ids = [...new Set([asked, ...others])];
        const keys = ids.flatMap((one) => [
          ['post', one],
          ['post', one, 'below'],
        ]);
        expect(await leftBy({ prefix: 'content:post:{id}' }, { id: asked }, keys)).toEqual(
          keys.filter((key) => key[1] !== asked),
        );
        expect(await leftBy({ key: ['content', 'post', '{id}'] }, { id: asked }, keys)).toEqual(
          keys.filter((key) => key.length === 3 || key[1] !== asked),
        );
        const tags = (key: Key) => [`post#${(key as string[])[1]}`];
        expect(await leftBy({ tags: ['post#{id}'] }, { id: asked }, keys, tags)).toEqual(
          keys.filter((key) => key[1] !== asked),
        );
      }),
      { numRuns: 50 },
    );
  });
});

test('numbers are ids as well, and a list is dropped item by item in one change', async () => {
  const keys = [
    ['post', '7'],
    ['post', '8'],
    ['post', '9'],
  ];
  expect(await leftBy({ pattern: 'content:*:{id}' }, { id: 7 }, keys)).toEqual(keys.slice(1));
  expect(await leftBy({ pattern: 'content:*:{id}' }, { id: [7, 8n] }, keys)).toEqual(keys.slice(2));
  expect(await leftBy({ prefix: 'content:post:{id}' }, { id: ['7', '9'] }, keys)).toEqual([keys[1]]);
});

test('ids that are too many for patterns make all that might be meant fall', async () => {
  const keys = [
    ['post', '1', 'v1'],
    ['post', 'other', 'v1'],
    ['post', 'shorter'],
  ];
  const ids = Array.from({ length: 21 }, (_, i) => `${i}`);
  expect(await leftBy({ pattern: 'content:*:{id}:*' }, { id: ids }, keys)).toEqual([['post', 'shorter']]);
  expect(await leftBy({ pattern: 'content:*:{id}:*' }, { id: ids.slice(1) }, keys)).toEqual(keys.slice(1));
});

test('literal text may have stars, braces, colons and backslashes', async () => {
  const keys = ['*', '{id}', 'a:b', '\\', 'x'].map((segment) => ['post', segment]);
  expect(await leftBy({ pattern: 'content:post:\\*' }, {}, keys)).toEqual(keys.slice(1));
  expect(await leftBy({ key: 'content:post:\\{id}' }, {}, keys)).toEqual(keys.filter(([, one]) => one !== '{id}'));
  expect(await leftBy({ prefix: 'content:post:a\\:b' }, {}, keys)).toEqual(keys.filter(([, one]) => one !== 'a:b'));
  expect(await leftBy({ key: ['content', 'post', '\\\\'] }, {}, keys)).toEqual(keys.filter(([, one]) => one !== '\\'));
});

describe('what is no rule is refused by its place', () => {
  const cache = createCache();
  test.each([
    [[{ on: 'x', drop: [{ pattern: 'content:post-*' }] }], 'rules[0].drop[0].pattern'],
    [[{ on: 'x', drop: [{ pattern: 'content:{id}*' }] }], 'rules[0].drop[0].pattern'],
    [[{ on: 'x', drop: [{ pattern: 'content:?' }] }], "'?'"],
    [[{ on: 'x', drop: [{ pattern: [] }] }], 'rules[0].drop[0].pattern'],
    [[{ on: 'x', drop: [{ pattern: Array.from({ length: 65 }, () => 'a') }] }], 'rules[0].drop[0].pattern'],
    [[{ on: 'x', drop: [{ prefix: '' }] }], 'rules[0].drop[0].prefix'],
    [[{ on: 'x', drop: [{ prefix: 'a:{' }] }], 'rules[0].drop[0].prefix'],
    [[{ on: 'x', drop: [{ prefix: 'a:{}' }] }], 'rules[0].drop[0].prefix'],
    [[{ on: 'x', drop: [{ prefix: ['a', null] }] }], 'rules[0].drop[0].prefix'],
    [[{ on: 'x', drop: [{ tags: ['a', 7] }] }], 'rules[0].drop[0].tags[1]'],
    [[{ on: 'x', drop: [{ tags: 'a' }] }], 'rules[0].drop[0].tags'],
    [[{ on: 'x', drop: [{ all: false }] }], 'rules[0].drop[0].all'],
    [[{ on: 'x', drop: [{}] }], 'rules[0].drop[0]'],
    [[{ on: 'x', drop: [{ keys: ['a'] }] }], 'keys'],
    [[{ on: 'x', drop: { all: true } }], 'rules[0].drop'],
    [
      [
        { on: 'y', drop: [] },
        { on: '', drop: [] },
      ],
      'rules[1].on',
    ],
    [[{ on: 'x', drop: [], name: '' }], 'rules[0].name'],
    [{}, 'rules'],
  ])('%j', (rules, named) => {
    expect(() => createContent({ cache, rules: rules as never })).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(named) as string }),
    );
  });
});
