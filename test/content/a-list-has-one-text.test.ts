/** A list is kept under a text: it says all that was asked for, in one way, and nothing that can't be asked. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Comparisons, Query, Scalar, Where } from 'tidemark/content';
import { holds } from '../../src/content/matching.ts';
import { normalQuery, queryOfText, textOfQuery } from '../../src/content/query.ts';

const TEXTS = ['x', 'y', '1', 'true', 'null', '', '"', '\\', '","is":"eq', '\n', '\ud800', '\u{1f600}', 'a,b', ']}'];
const FIELDS = ['a', 'b', 'is', '"', '__proto__', 'and '];
const scalar = fc.constantFrom<Scalar>(...TEXTS, 0, -0, 1, -1, 0.1, 1e21, 5e-324, true, false, null);
const ordered = fc.constantFrom<string | number>(...TEXTS, 0, -0, 1, 1e21);
const comparisons = fc.record(
  {
    eq: scalar,
    ne: scalar,
    in: fc.array(scalar, { maxLength: 20 }),
    gt: ordered,
    gte: ordered,
    lt: ordered,
    lte: ordered,
  },
  { requiredKeys: [] },
);
const fields = fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof(scalar, comparisons, fc.constant(undefined)), {
  maxKeys: 3,
}) as fc.Arbitrary<Where>;
const { where } = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 3 },
    fields,
    fc.record({ and: fc.array(tie('where'), { maxLength: 12 }) }),
    fc.record({ or: fc.array(tie('where'), { maxLength: 12 }) }),
    fc.record({ not: tie('where') }),
  ),
}));
const query: fc.Arbitrary<Query> = fc.record(
  {
    where,
    sort: fc.array(fc.constantFrom('a', '-a', '"', '--b', '\ud800'), { maxLength: 3 }),
    limit: fc.oneof(fc.nat(), fc.constantFrom(-0, Number.MAX_SAFE_INTEGER)),
    offset: fc.oneof(fc.nat(), fc.constant(-0)),
  },
  { requiredKeys: [] },
);
const item = fc.dictionary(fc.constantFrom(...FIELDS), scalar);

/** Does a query ask for an item? By what its words mean, one after the other. */
function asksFor(asked: Where, image: Readonly<Record<string, Scalar>>): boolean {
  return Object.entries(asked).every(([name, value]) => {
    if (value === undefined) return true;
    if (name === 'and') return (value as readonly Where[]).every((one) => asksFor(one, image));
    if (name === 'or') return (value as readonly Where[]).some((one) => asksFor(one, image));
    if (name === 'not') return !asksFor(value as Where, image);
    const found = image[name] ?? null;
    const compared = (typeof value === 'object' && value !== null ? value : { eq: value }) as Comparisons;
    return Object.entries(compared).every(([is, than]) => {
      if (is === 'eq') return found === than;
      if (is === 'ne') return found !== than;
      if (is === 'in') return (than as readonly Scalar[]).some((one) => one === found);
      if (typeof found !== typeof than) return false;
      if (is === 'gt') return found! > than;
      if (is === 'gte') return found! >= than;
      return is === 'lt' ? found! < than : found! <= than;
    });
  });
}

test('the text of a list asks for what the list asks for', () => {
  let found = 0;
  fc.assert(
    fc.property(query, fc.array(item, { minLength: 1, maxLength: 5 }), (asked, images) => {
      const text = textOfQuery(asked);
      const normal = queryOfText(text);
      expect(JSON.stringify(JSON.parse(text))).toBe(text);
      expect(normalQuery(asked)).toEqual(normal);
      expect([normal.sort, normal.limit, normal.offset]).toEqual([
        asked.sort ?? [],
        asked.limit === undefined ? undefined : asked.limit + 0,
        (asked.offset ?? 0) + 0,
      ]);
      for (const image of images) {
        const wanted = asksFor(asked.where ?? {}, image);
        if (wanted) found++;
        expect(holds(normal.where, image)).toBe(wanted);
      }
    }),
    { numRuns: 1500 },
  );
  expect(found).toBeGreaterThan(300);
});

/** The same question in another order, and some of it twice. */
function turned(asked: Where): Where {
  const twice = <T>(list: readonly T[]): T[] => [...list.toReversed(), ...list.slice(0, 1)];
  const entries = Object.entries(asked).map(([name, value]): [string, unknown] => {
    if (name === 'and' || name === 'or') return [name, twice((value as readonly Where[]).map(turned))];
    if (name === 'not') return [name, turned(value as Where)];
    if (typeof value !== 'object' || value === null) return [name, value];
    const others = Object.entries(value).map(([is, than]): [string, unknown] => [
      is,
      is === 'in' ? twice(than as readonly Scalar[]) : than,
    ]);
    return [name, Object.fromEntries(others.toReversed())];
  });
  return Object.fromEntries(entries.toReversed()) as Where;
}

test('who asks the same in another order, or something twice, asks with the same text', () => {
  fc.assert(
    fc.property(query, (asked) => {
      const other = { ...asked, ...(asked.where && { where: turned(asked.where) }) };
      expect(textOfQuery(other)).toBe(textOfQuery(asked));
    }),
    { numRuns: 1500 },
  );
});

test.each<readonly [what: string, asked: unknown]>([
  ['a date in the place of comparisons', { where: { at: new Date(0) } }],
  ['a map', { where: { at: new Map([['eq', 1]]) } }],
  ['a number that is an object', { where: { at: Object(1) as unknown } }],
  ['an object that shows nothing of its own', { where: { at: Object.create({ like: 1 }) as unknown } }],
  ['an array', { where: { at: [1, 2] } }],
  ['a date in the place of conditions', { where: new Date(0) }],
  ['a date that is not', { where: { not: new Date(0) } }],
  ['a date among others', { where: { and: [{ a: 1 }, new Date(0)] } }],
  ['a condition that is missing', { where: { or: [undefined] } }],
  ['a hole', { where: { or: new Array(1) } }],
  ['a hole to be compared with', { where: { a: { in: new Array(1) } } }],
  ['no number', { where: { a: NaN } }],
  ['infinity', { where: { a: { in: [Infinity] } } }],
  ['a bigint', { where: { a: 1n } }],
  ['a date to compare with', { where: { a: { gt: new Date(0) } } }],
  ['less than nothing', { where: { a: { lt: null } } }],
  ['a comparison that there is not', { where: { a: { like: 'x' } } }],
  ['an option that there is not', { filter: {} }],
  ['a text to sort by', { sort: 'a' }],
  ['an empty field to sort by', { sort: ['-'] }],
  ['a hole to sort by', { sort: new Array(1) }],
  ['half an item', { limit: 0.5 }],
  ['an offset of null', { offset: null }],
])('%s is refused', (_, asked) => {
  expect(() => textOfQuery(asked as Query)).toThrow(expect.objectContaining({ code: 'bad_option' }) as Error);
});

test('two queries have one text exactly if they ask the same', () => {
  expect(textOfQuery({ where: { a: 1, b: { gt: 2, lt: 5 } } })).toBe(
    textOfQuery({ where: { b: { lt: 5, gt: 2 }, a: 1 } }),
  );
  expect(textOfQuery({ where: { and: [{ a: 1 }, { b: 2 }, { a: 1 }] } })).toBe(textOfQuery({ where: { b: 2, a: 1 } }));
  expect(textOfQuery({ where: { or: [{ a: 1 }, { b: 2 }] } })).toBe(
    textOfQuery({ where: { or: [{ b: 2 }, { a: 1 }] } }),
  );
  const others: Query[] = [
    {},
    { where: { a: 1 } },
    { where: { a: '1' } },
    { where: { a: null } },
    { where: { or: [{ a: 1 }, { b: 2 }] } },
    { where: { a: 1, b: 2 } },
    { where: { not: { a: 1, b: 2 } } },
    { where: { a: 1 }, limit: 1 },
    { where: { a: 1 }, offset: 1 },
    { where: { a: 1 }, sort: ['a'] },
    { where: { a: 1 }, sort: ['-a'] },
  ];
  expect(new Set(others.map(textOfQuery)).size).toBe(others.length);
});
