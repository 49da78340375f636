/** Patterns: read as written, encoded without loss, and matched like the obvious recursive matcher but in bounded work. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodePattern,
  encodePattern,
  literalPrefix,
  matches,
  parsePattern,
  type Pattern,
} from '../../src/engine/pattern.ts';
import { encodePath } from '../../src/engine/key.ts';
import { anyText } from '../support/arbitraries.ts';

/** A pattern as an array of segments, and what each means: text, `*` or `**`. */
type Plain = readonly (string | { readonly wild: '*' | '**' })[];

const isText = (token: Plain[number]): token is string => typeof token === 'string';
const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('*', '\\*');
const written = (plain: Plain) => plain.map((token) => (isText(token) ? escaped(token) : token.wild));

/** The meaning of a pattern, without a thought for cost. */
function naive([first, ...rest]: Plain, path: readonly string[]): boolean {
  if (first === undefined) return path.length === 0;
  if (!isText(first) && first.wild === '**')
    return Array.from({ length: path.length + 1 }, (_, skip) => skip).some((skip) => naive(rest, path.slice(skip)));
  return path.length > 0 && (!isText(first) || first === path[0]) && naive(rest, path.slice(1));
}

const wild = fc.constantFrom<Plain[number]>({ wild: '*' }, { wild: '**' });
const few = fc.constantFrom('a', 'b');
const plainOf = (text: fc.Arbitrary<string>) =>
  fc.array(fc.oneof({ weight: 3, arbitrary: text }, { weight: 2, arbitrary: wild }), { minLength: 1, maxLength: 7 });

test('matches what the obvious matcher matches', () => {
  fc.assert(
    fc.property(plainOf(few), fc.array(few, { maxLength: 8 }), (plain, path) => {
      expect(matches(parsePattern(written(plain)), path)).toBe(naive(plain, path));
    }),
    { numRuns: 5000 },
  );
});

test('takes any text literally when it is escaped', () => {
  fc.assert(
    fc.property(plainOf(anyText), fc.array(anyText, { maxLength: 4 }), (plain, path) => {
      expect(matches(parsePattern(written(plain)), path)).toBe(naive(plain, path));
      const literally = plain.filter(isText);
      if (literally.length > 0) expect(matches(parsePattern(written(literally)), literally)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('one text with colons means the same as its segments', () => {
  fc.assert(
    fc.property(plainOf(anyText), (plain) => {
      const segments = written(plain);
      const text = segments.map((segment) => segment.replaceAll(':', '\\:')).join(':');
      if (text === '') return; // the empty text is no pattern
      expect(encodePattern(parsePattern(text))).toBe(encodePattern(parsePattern(segments)));
    }),
    { numRuns: 2000 },
  );
});

test('the encoded text gives the pattern back, and two patterns never share one', () => {
  fc.assert(
    fc.property(plainOf(anyText), plainOf(anyText), (a, b) => {
      const [p, q] = [parsePattern(written(a)), parsePattern(written(b))];
      expect(decodePattern(encodePattern(p))).toEqual(p);
      expect(encodePattern(p) === encodePattern(q)).toBe(
        p.length === q.length && p.every((token, i) => token === q[i]),
      );
    }),
    { numRuns: 2000 },
  );
});

test('whatever a pattern matches lies at or below its literal beginning', () => {
  fc.assert(
    fc.property(plainOf(few), fc.array(few, { maxLength: 8 }), (plain, path) => {
      const pattern = parsePattern(written(plain));
      const prefix = literalPrefix(pattern);
      fc.pre(matches(pattern, path));
      expect(path.slice(0, prefix.length)).toEqual(prefix);
      expect((encodePath(path) + '/').startsWith(encodePath(prefix) + '/')).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

/** How many comparisons a match makes: how often it looks at the pattern. */
function looks(pattern: Pattern, path: readonly string[]): number {
  let count = 0;
  const counting = new Proxy(pattern, {
    get: (target, name, receiver) => {
      if (typeof name === 'string' && /^\d+$/.test(name)) count++;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  matches(counting, path);
  return count;
}

describe('the work is bounded by pattern length times path length', () => {
  const worst = (n: number): [string, Plain, string[]][] => {
    const a = (count: number) => Array.from({ length: count }, () => 'a');
    const stars = Array.from({ length: n }, () => [{ wild: '**' } as const, 'a']).flat();
    return [
      ['** a ** a … b', [...stars, 'b'], a(4 * n)],
      ['** a a a … b', [{ wild: '**' }, ...a(n), 'b'], a(8 * n)],
      ['** a * a * … b', [{ wild: '**' }, ...a(n).flatMap((x) => [x, { wild: '*' } as const]), 'b'], a(8 * n)],
      ['a a a … **', [...a(n), { wild: '**' }], a(8 * n)],
      ['** x', [{ wild: '**' }, 'x'], a(64 * n)],
    ];
  };

  test.each(worst(20).map(([name], i) => [name, i] as const))('%s', (_, i) => {
    for (const n of [5, 10, 20, 30]) {
      const [, plain, path] = worst(n)[i];
      expect(looks(parsePattern(written(plain)), path)).toBeLessThanOrEqual(2 * (plain.length + 1) * (path.length + 2));
    }
  });
});

describe('what is no pattern', () => {
  test.each(['a*', '*a', 'a:b*c', '***', 'a:***', '\\\\*', '*\\*', '\\**'])('%s: a star inside a segment', (text) => {
    expect(() => parsePattern(text)).toThrow(expect.objectContaining({ code: 'bad_pattern' }));
  });

  test.each([
    { input: '' },
    { input: [] },
    { input: Array.from({ length: 65 }, () => 'a') },
    { input: 5 },
    { input: null },
  ])('$input', ({ input }) => {
    expect(() => parsePattern(input as string)).toThrow(expect.objectContaining({ code: 'bad_pattern' }));
  });

  test.each([[[null]], [[NaN]], [['a', {}]]])('%j: bad_key, as in a key', (input) => {
    expect(() => parsePattern(input as unknown as string[])).toThrow(expect.objectContaining({ code: 'bad_key' }));
  });
});

test('stars beside each other are one', () => {
  expect(encodePattern(parsePattern('a:**:**:**:b'))).toBe(encodePattern(parsePattern('a:**:b')));
  expect(parsePattern(Array.from({ length: 1000 }, () => '**'))).toHaveLength(1);
});

test('an empty segment counts wherever it stands', () => {
  expect(encodePattern(parsePattern(':a'))).toBe('//a');
  expect(encodePattern(parsePattern('a::b:'))).toBe('/a//b/');
  expect(encodePattern(parsePattern(':'))).toBe('//');
});

test('a backslash at the very end stands for itself', () => {
  expect(matches(parsePattern('a\\'), ['a\\'])).toBe(true);
});
