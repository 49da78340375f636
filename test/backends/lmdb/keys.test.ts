/** Keys as LMDB takes them: no two alike, in the order of their segments, never too long. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storageKey } from '../../../src/engine/backend.ts';
import {
  rowOf,
  rowOfName,
  segmentOfText,
  segmentText,
  SEPARATOR,
  textOfStorageKey,
} from '../../../src/backends/lmdb/keys.ts';

const segment = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom('\0', '\x04', '\x05', '\x06', '\x07', '/', '~', 'a', '1', 'u', 'é', '😀'),
    maxLength: 6,
  }),
  fc.constantFrom('', '\ud800', '\udc00a', 'a\ud83d', '\uffff', '\u241f'),
);
const path = fc.array(segment, { minLength: 1, maxLength: 4 });
const version = fc.constantFrom<number | 'adhoc'>(1, 2, 12, 'adhoc');

/** What LMDB compares: the bytes that lmdb's own key encoder makes of a text without small characters are its UTF-8. */
const bytes = (text: string) => Buffer.from(text);

const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

test('a segment comes back, and holds no separator', () => {
  fc.assert(
    fc.property(segment, (given) => {
      expect(segmentText(given)).not.toContain(SEPARATOR);
      expect(segmentOfText(segmentText(given))).toBe(given);
      expect(isWellFormed(segmentText(given))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('no two storage keys share a text', () => {
  fc.assert(
    fc.property(path, version, path, version, (a, va, b, vb) => {
      const [one, other] = [storageKey(a, va), storageKey(b, vb)];
      expect(textOfStorageKey(one) === textOfStorageKey(other)).toBe(one === other);
    }),
    { numRuns: 2000 },
  );
});

test('the quick way and the long way say the same', () => {
  fc.assert(
    fc.property(path, version, (given, v) => {
      const tag = v === 'adhoc' ? 'a' : `v${v}`;
      expect(textOfStorageKey(storageKey(given, v))).toBe(
        tag + given.map((one) => SEPARATOR + segmentText(one)).join(''),
      );
    }),
    { numRuns: 1000 },
  );
});

test('segments sort as their UTF-8 does, and a path before its descendants', () => {
  const wellFormed = segment.filter(isWellFormed);
  fc.assert(
    fc.property(wellFormed, wellFormed, wellFormed, (a, b, below) => {
      const order = Math.sign(Buffer.compare(bytes(a), bytes(b)));
      expect(Math.sign(Buffer.compare(bytes(segmentText(a)), bytes(segmentText(b))))).toBe(order);
      if (order < 0) {
        const descendant = segmentText(a) + SEPARATOR + segmentText(below);
        const inside = Buffer.compare(bytes(descendant), bytes(segmentText(a)));
        expect(inside).toBeGreaterThan(0);
        if (!b.startsWith(a)) expect(Buffer.compare(bytes(descendant), bytes(segmentText(b)))).toBeLessThan(0);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a row is its text as long as that fits, and otherwise as good as unique', () => {
  expect(rowOf('v1' + SEPARATOR + 'a'.repeat(1800))).toBe('v1' + SEPARATOR + 'a'.repeat(1800));
  const long = (last: string) => rowOf('v1' + SEPARATOR + '😀'.repeat(1000) + last);
  expect(long('a')).not.toBe(long('b'));
  expect(long('a')).toBe(long('a'));
  for (const offset of [0, 1, 2]) {
    const row = rowOf('a'.repeat(offset) + '😀'.repeat(5000));
    expect(Buffer.byteLength(row)).toBeLessThanOrEqual(1900);
    expect(isWellFormed(row)).toBe(true);
  }
});

test('a row by hash is never the row of a text that fits', () => {
  fc.assert(
    fc.property(path, version, (given, v) => {
      const text = textOfStorageKey(storageKey(given, v));
      expect(rowOf(text)).toBe(text);
      expect(text).not.toMatch(/\x06h/); // oxlint-disable-line no-control-regex
    }),
    { numRuns: 1000 },
  );
});

test('names of dependencies keep apart, whatever is in them', () => {
  const name = fc.oneof(
    segment,
    fc.string({ unit: fc.constantFrom('\x01', '\x04', 'a'), minLength: 60, maxLength: 130 }),
  );
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(rowOfName('#' + a) === rowOfName('#' + b)).toBe(a === b);
      expect(rowOfName('#' + a)).not.toMatch(/[\0-\x05]/); // oxlint-disable-line no-control-regex
    }),
    { numRuns: 2000 },
  );
  expect(Buffer.byteLength(rowOfName('#' + 'é'.repeat(4000)))).toBeLessThan(100);
});
