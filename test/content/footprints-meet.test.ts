/** Whatever a write does to a list, it touches something that the list rests on; and most writes that don't, don't. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createCache } from 'tidemark';
import { createRepository, memorySource, type Query, type Where } from 'tidemark/content';
import { listed } from '../../src/content/matching.ts';
import { normalQuery } from '../../src/content/query.ts';

vi.setConfig({ testTimeout: 60_000 }); // thousands of lists

interface Post {
  readonly id: string;
  readonly status?: string | number | null;
  readonly stars?: number | string | null;
  readonly at?: string | null;
  readonly hidden?: boolean | null;
  readonly note?: string;
}

const declaring = (together: readonly (readonly (keyof Post)[])[]) =>
  createRepository<Post>({
    cache: createCache(),
    name: 'post',
    source: memorySource<Post>(),
    fields: { status: 'text', stars: 'number', at: 'time', hidden: 'boolean' },
    together,
  });
const posts = declaring([]);
const joint = declaring([
  ['status', 'hidden'],
  ['status', 'stars', 'hidden'],
  ['hidden', 'at'],
]);

const time = fc
  .integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) })
  .chain((ms) => fc.constantFrom(new Date(ms).toISOString(), new Date(ms).toISOString().slice(0, 10), 'some day'));
const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const noDay = fc.constantFrom('2024-02-30', '2024-02-31', '2024-03-01', '2024-03-02'); // the last two are days
const status = fc.constantFrom<string | number | null>('draft', 'published', '5', 5, null);
const post: fc.Arbitrary<Post> = fc.record(
  {
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    status,
    stars: fc.oneof(number, fc.constantFrom<string | number | null>('5', null, NaN, Infinity, -Infinity)),
    at: fc.oneof(time, noDay, fc.constant(null)),
    hidden: fc.constantFrom(true, false, null),
    note: fc.constantFrom('x', 'y'),
  },
  { requiredKeys: ['id'] },
);

const comparison = fc.oneof(
  fc.record({
    status: fc.oneof(status, fc.record({ ne: status }), fc.record({ in: fc.array(status, { maxLength: 3 }) })),
  }),
  fc.record({
    stars: fc.oneof(
      number,
      fc.record({ gt: number }),
      fc.record({ gte: number, lt: number }),
      fc.record({ lte: number }),
    ),
  }),
  fc.record({
    at: fc.oneof(
      time,
      ...[time, noDay].flatMap((at) => [fc.record({ gte: at, lt: at }), fc.record({ gt: at }), fc.record({ lte: at })]),
    ),
  }),
  fc.record({ hidden: fc.boolean() }),
  fc.record({ note: fc.constantFrom('x', 'y') }),
) as fc.Arbitrary<Where>;
const { where } = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 3 },
    comparison,
    fc.array(comparison, { maxLength: 3 }).map((all) => Object.assign({}, ...all) as Where),
    fc.record({ and: fc.array(tie('where'), { maxLength: 3 }) }) as fc.Arbitrary<Where>,
    fc.record({ or: fc.array(tie('where'), { maxLength: 3 }) }) as fc.Arbitrary<Where>,
    fc.record({ not: tie('where') }) as fc.Arbitrary<Where>,
  ),
}));
const query: fc.Arbitrary<Query> = fc.record(
  {
    where,
    sort: fc.array(fc.constantFrom('stars', '-stars', 'at', '-note'), { maxLength: 2 }),
    limit: fc.integer({ min: 0, max: 3 }),
    offset: fc.integer({ min: 0, max: 2 }),
  },
  { requiredKeys: ['where'] },
);

test.each([
  ['each by itself', posts],
  ['some together', joint],
])('a write that changes a list touches it: fields are asked for %s', (_, repository) => {
  let changed = 0;
  let spared = 0;
  fc.assert(
    fc.property(query, fc.array(post, { maxLength: 4 }), post, fc.boolean(), (asked, items, image, gone) => {
      const before = new Map(items.map((item) => [item.id, item]));
      const after = new Map(before);
      if (gone) after.delete(image.id);
      else after.set(image.id, image);
      const list = (of: Map<string, Post>) => listed(normalQuery(asked), of.values(), ({ id }) => id);
      const differs = JSON.stringify(list(before)) !== JSON.stringify(list(after));
      const touches = repository.touches(before.get(image.id), after.get(image.id));
      const met = repository.restsOn(asked).some((tag) => touches.includes(tag));
      if (differs) changed++;
      if (!met) spared++;
      expect(differs && !met).toBe(false);
    }),
    { numRuns: 5000 },
  );
  expect(changed).toBeGreaterThan(300);
  expect(spared).toBeGreaterThan(300); // it isn't just that everything touches everything
});

test('a list of several conditions falls with one of them', () => {
  expect(posts.restsOn({ where: { status: 'published', stars: { gte: 3 } } })).toEqual(
    posts.restsOn({ where: { status: 'published' } }),
  );
  const tags = posts.touches({ id: 'a', status: 'draft', stars: 4 }, { id: 'a', status: 'draft', stars: 5 });
  const met = (asked: Query) => posts.restsOn(asked).some((tag) => tags.includes(tag));
  expect(met({ where: { status: 'draft' } })).toBe(true);
  expect(met({ where: { status: 'published' } })).toBe(false);
  expect(met({ where: { stars: { gte: 4.5 } } })).toBe(true);
  expect(met({ where: { stars: { gte: 1000 } } })).toBe(false);
  expect(met({ where: { note: 'x' } })).toBe(true); // not declared
  expect(met({})).toBe(true);
});

test.each([
  ['no number', { stars: NaN }, { stars: { gt: 3 } }],
  ['beyond all numbers', { stars: Infinity }, { stars: { gt: 3 } }],
  ['no day', { at: '2024-02-31' }, { at: { lte: '2024-03-01' } }],
])('a list is touched by what is %s', (_, image, asks) => {
  const touches = posts.touches(undefined, { id: 'a', ...image });
  const item = { id: 'a', ...image };
  expect(listed(normalQuery({ where: asks }), [item], ({ id }) => id)).toEqual([item]);
  expect(posts.restsOn({ where: asks }).some((tag) => touches.includes(tag))).toBe(true);
});

test('what a value holds does not make a list rest on less', () => {
  const met = (asks: Where, before: Omit<Post, 'id'>) =>
    posts.restsOn({ where: asks }).some((tag) => posts.touches({ id: 'a', ...before }, undefined).includes(tag));
  expect(met({ status: 'a~1', stars: { gt: 3 } }, { status: 'b', stars: 4 })).toBe(false);
  expect(met({ status: 'a~1', stars: { gt: 3 } }, { status: 'a~1', stars: 4 })).toBe(true);
});

test('only what was declared is', () => {
  const image = { id: 'a', constructor: null } as never;
  const touches = posts.touches(undefined, image);
  expect(posts.restsOn({ where: { constructor: null } }).some((tag) => touches.includes(tag))).toBe(true);
});

test('a list that asks for fields together falls with a write that has all its values, and with no other', () => {
  const met = (asked: Query, before: Omit<Post, 'id'>, after: Omit<Post, 'id'>) => {
    const touches = joint.touches({ id: 'a', ...before }, { id: 'a', ...after });
    return joint.restsOn(asked).some((tag) => touches.includes(tag));
  };
  const asked: Query = { where: { status: { in: ['draft', 'published'] }, hidden: false } };
  expect(met(asked, { status: 'draft', hidden: true }, { status: 'published', hidden: true })).toBe(false);
  expect(met(asked, { status: 'archived', hidden: false }, { status: null, hidden: false })).toBe(false);
  expect(met(asked, { status: 'draft', hidden: true }, { status: 'draft', hidden: false })).toBe(true);
  expect(met(asked, { status: 5, hidden: true }, { status: 'archived', hidden: true })).toBe(true); // 5 may be anything
  expect(met({ where: { status: 'draft' } }, { status: 'draft', hidden: true }, { status: 'x' })).toBe(true);
});

test.each([
  ['a text', 'status'],
  ['fields that are not declared', [['status', 'note']]],
  ['a field alone', [['status']]],
  ['no fields', [[]]],
])('together must not be %s', (_, together) => {
  expect(() => declaring(together as never)).toThrow(expect.objectContaining({ code: 'bad_option' }) as Error);
});
