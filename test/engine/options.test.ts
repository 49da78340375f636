/** Reading durations, sizes and words: what is taken, what it means, and that nothing else is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TidemarkError } from 'tidemark';
import { duration, fraction, oneOf, positiveInteger, size } from '../../src/engine/options.ts';

const bad = expect.objectContaining({
  code: 'bad_option',
  message: expect.stringContaining('what') as string,
}) as Error;

describe('duration', () => {
  test.each([
    [0, 0],
    [250, 250],
    [0.5, 0.5],
    [Infinity, Infinity],
    ['0s', 0],
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
  ] as const)('%s is %d ms', (given, ms) => expect(duration('what', given)).toBe(ms));

  test('text of any number and unit is their product', () => {
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(99), fc.constantFrom(...Object.keys(units)), (whole, part, unit) => {
        const text = `${whole}.${String(part).padStart(2, '0')}${unit}`;
        expect(duration('what', text as '1s')).toBeCloseTo((whole + part / 100) * units[unit as 's'], 3);
      }),
    );
  });

  test('any other text is an error, soon', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.emshd -+x'.split('')), maxLength: 8 }), (text) => {
        fc.pre(!/^\d{1,15}(\.\d{1,6})?(ms|s|m|h|d)$/.test(text));
        expect(() => duration('what', text as '1s')).toThrow(bad);
      }),
      { numRuns: 1000 },
    );
    expect(() => duration('what', ('9'.repeat(1e6) + 's') as '1s')).toThrow(bad);
  });

  test.each([-1, -Infinity, NaN, null, undefined, true, {}, [], ['5s'], 5n, '5S', ' 5s', '5s ', '5', '٣s'])(
    '%s is none',
    (value) => expect(() => duration('what', value as '1s')).toThrow(bad),
  );
});

describe('size', () => {
  test.each([
    [1, 1],
    [1.9, 1],
    ['1b', 1],
    ['512kb', 524_288],
    ['1.5kb', 1536],
    ['50mb', 52_428_800],
    ['2gb', 2_147_483_648],
    [Infinity, Infinity],
  ] as const)('%s is %d bytes', (given, bytes) => expect(size('what', given)).toBe(bytes));

  test.each([0, 0.5, -1, NaN, '0b', '0.5b', '5', '5KB', '5kib', '5s', '', null, {}])('%s is none', (value) =>
    expect(() => size('what', value as '1b')).toThrow(bad),
  );
});

describe('numbers and words', () => {
  test.each([1, 5, Number.MAX_SAFE_INTEGER])('%d is a positive integer', (n) =>
    expect(positiveInteger('what', n)).toBe(n),
  );
  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '5', null])('%s is none', (n) =>
    expect(() => positiveInteger('what', n as number)).toThrow(bad),
  );
  test.each([0, 0.5, 1])('%d is a fraction', (n) => expect(fraction('what', n)).toBe(n));
  test.each([-0.1, 1.1, NaN, '0.5', null])('%s is none', (n) =>
    expect(() => fraction('what', n as number)).toThrow(bad),
  );
  test('one of some words', () => {
    expect(oneOf('what', 'a', ['a', 'b'])).toBe('a');
    expect(() => oneOf('what', 'c' as 'a', ['a', 'b'])).toThrow(/'a', 'b', not "c"/);
  });
});

test('an error is of the one family, with its cause', () => {
  const cause = new Error('cause');
  const error = new TidemarkError('closed', 'message', cause);
  expect(error).toBeInstanceOf(Error);
  expect([error.name, error.code, error.message, error.cause]).toEqual(['TidemarkError', 'closed', 'message', cause]);
  expect('cause' in new TidemarkError('closed', 'message')).toBe(false);
});
