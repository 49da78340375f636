/** The estimate of a value's size: grows with the value, counts cycles once, and looks at a bounded part of a large one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { weigh } from '../../src/policies/weight.ts';

test.each([
  ['a number', 1, 8],
  ['undefined', undefined, 8],
  ['text', 'abcd', 24],
  ['a bigint', 5n, 24],
  ['an empty object', {}, 16],
  ['an array of numbers', [1, 2, 3], 16 + 3 * 16],
  ['a map', new Map([['a', 1]]), 16 + 2 * 8 + 18 + 8],
  ['a set', new Set([1, 2]), 16 + 2 * 16],
  ['bytes', new Uint8Array(1000), 16 + 80 + 1000],
  ['a buffer', new ArrayBuffer(1000), 16 + 80 + 1000],
])('%s', (_, value, bytes) => expect(weigh(value)).toBe(bytes));

test('more is never less', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 10 }), fc.jsonValue(), (values, more) => {
      expect(weigh([...values, more])).toBeGreaterThan(weigh(values));
    }),
  );
});

test('what occurs twice, or contains itself, is counted once', () => {
  const part = { text: 'x'.repeat(100) };
  expect(weigh([part, part])).toBeLessThan(weigh([part, { ...part }]));
  const loop: unknown[] = [];
  loop.push(loop);
  expect(weigh(loop)).toBe(24);
});

describe('a large value', () => {
  test.each([
    ['an array of numbers', Array.from({ length: 100_000 }, (_, i) => i), 16 + 16 * 100_000],
    ['an array of texts', Array.from({ length: 50_000 }, () => 'x'.repeat(50)), 16 + (8 + 116) * 50_000],
    [
      'an object of objects',
      Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [i, { i }])),
      16 + 8 * 30_000 + 32 * 30_000,
    ],
  ])('%s is estimated from a part, within a fifth', (_, value, bytes) => {
    expect(weigh(value)).toBeGreaterThan(bytes * 0.8);
    expect(weigh(value)).toBeLessThan(bytes * 1.2);
  });

  test('is looked at in ten thousand places at most', () => {
    let looks = 0;
    const value = Array.from({ length: 100_000 }, () => ({
      get field(): number {
        looks++;
        return 1;
      },
    }));
    weigh(value);
    expect(looks).toBeLessThanOrEqual(10_000);
    expect(looks).toBeGreaterThan(1000);
  });
});
