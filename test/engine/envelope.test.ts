/** An entry as bytes: everything comes back, and bytes that aren't an entry are refused, never half read. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Codec, decodeEntry, encodeEntry, type Entry, TidemarkError } from 'tidemark';
import { jsonCodec } from 'tidemark/codecs/json';
import { keptUntilOf, markOf } from '../../src/engine/codec.ts';
import { anyText } from '../support/arbitraries.ts';

const time = fc.oneof(
  fc.constantFrom(Infinity, -Infinity, 0, -1, 0.5, 1_789_000_000_123.25),
  fc.integer({ min: 0, max: 2 ** 45 }),
);
const longText = fc.constantFrom('x'.repeat(63), 'x'.repeat(64), '\xff'.repeat(9000), '\u0100'.repeat(9000));
const someText = fc.oneof({ weight: 9, arbitrary: anyText }, { weight: 1, arbitrary: longText });
const entry: fc.Arbitrary<Entry> = fc.record({
  value: fc.oneof(anyText, fc.double(), fc.constant(undefined), fc.bigInt(), fc.dictionary(anyText, fc.integer())),
  mark: fc.oneof(fc.constant(0), fc.maxSafeInteger()),
  incarnation: someText,
  dependencies: fc.array(someText, { maxLength: 4 }),
  freshUntil: time,
  keptUntil: time,
  etag: fc.option(someText, { nil: undefined }),
  cost: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
});

const BARE: Entry = {
  value: 1,
  mark: 0,
  incarnation: '',
  dependencies: [],
  freshUntil: Infinity,
  keptUntil: Infinity,
};

const FULL: Entry = {
  value: { some: 'value' },
  mark: 7,
  incarnation: 'a log',
  dependencies: ['#/tag', '=/post/\u4e00'],
  freshUntil: 1000,
  keptUntil: 2000,
  etag: '"etag"',
  cost: 12.5,
};

/** A codec that keeps one byte and looks at none, so that only the envelope can notice what is wrong. */
const careless: Codec = { name: 'careless', encode: () => Uint8Array.of(7), decode: () => 'decoded' };

const bad = expect.objectContaining({ name: 'TidemarkError', code: 'bad_bytes' }) as Error;

describe('an entry', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(entry, (given) => {
        expect(decodeEntry(encodeEntry(given, jsonCodec), jsonCodec)).toEqual({ ...given });
      }),
      { numRuns: 1000 },
    );
  });

  test('comes back from the middle of larger bytes, whatever kind of view they are', () => {
    fc.assert(
      fc.property(entry, fc.nat(9), (given, offset) => {
        const bytes = encodeEntry(given, jsonCodec);
        const larger = Buffer.alloc(bytes.length + offset + 3, 7);
        larger.set(bytes, offset);
        expect(decodeEntry(larger.subarray(offset, offset + bytes.length), jsonCodec)).toEqual({ ...given });
      }),
    );
  });

  test('keeps what it was when its bytes are used for something else', () => {
    fc.assert(
      fc.property(entry, (given) => {
        const bytes = encodeEntry(given, jsonCodec);
        const back = decodeEntry(bytes, jsonCodec);
        bytes.fill(255);
        expect(back).toEqual({ ...given });
      }),
    );
  });

  test('leaves out the incarnation of the log that it is kept beside, and no other', () => {
    fc.assert(
      fc.property(entry, anyText, (given, home) => {
        const there = { ...given, incarnation: home };
        const bytes = encodeEntry(there, jsonCodec, home);
        expect(decodeEntry(bytes, jsonCodec, home)).toEqual(there);
        expect(decodeEntry(bytes, jsonCodec, 'another log')).toEqual({ ...there, incarnation: 'another log' });
        expect(decodeEntry(encodeEntry(given, jsonCodec, home), jsonCodec, home)).toEqual({ ...given });
      }),
    );
  });

  test('costs six bytes beside its value, and eight for each number that it has', () => {
    const cost = (more: Partial<Entry>) => encodeEntry({ ...BARE, ...more }, careless).length - 1;
    expect(cost({})).toBe(6);
    expect(cost({ mark: 1 })).toBe(14);
    expect(cost({ freshUntil: 5, keptUntil: 5 })).toBe(14);
    expect(cost({ mark: 1, freshUntil: 5, keptUntil: 6, cost: 1 })).toBe(38);
    expect(cost({ etag: 'abc' })).toBe(6 + 4);
    expect(cost({ dependencies: ['#/a', '#/b'] })).toBe(6 + 1 + 4 + 4);
  });

  test('has its mark and its last time read without the rest', () => {
    fc.assert(
      fc.property(entry, (given) => {
        const bytes = encodeEntry(given, jsonCodec);
        expect(markOf(bytes)).toBe(given.mark);
        expect(keptUntilOf(bytes)).toBe(given.keptUntil);
      }),
    );
  });

  test('hands its value to the codec as plain bytes, exactly those that the codec made', () => {
    let seen: Uint8Array | undefined;
    const watching: Codec = { ...careless, decode: (bytes) => (seen = bytes) };
    decodeEntry(Buffer.from(encodeEntry(FULL, careless)), watching);
    expect(seen?.constructor).toBe(Uint8Array);
    expect([...(seen ?? [])]).toEqual([7]);
  });
});

describe('bad_bytes are', () => {
  test('bytes cut short anywhere, or followed by something else', () => {
    for (const given of [BARE, FULL, { ...BARE, etag: 'x'.repeat(5000) }]) {
      const bytes = encodeEntry(given, careless);
      for (let end = 0; end < bytes.length; end++)
        expect(() => decodeEntry(bytes.subarray(0, end), careless), `cut after ${end} bytes`).toThrow(bad);
      expect(() => decodeEntry(Uint8Array.of(...bytes, 0), careless)).toThrow(bad);
      expect(decodeEntry(bytes, careless).value).toBe('decoded');
    }
  });

  test('also to those who read no more than mark and time', () => {
    const bytes = encodeEntry(FULL, careless);
    for (let end = 0; end < 6 + 4 * 8; end++)
      for (const read of [markOf, keptUntilOf]) expect(() => read(bytes.subarray(0, end))).toThrow(bad);
    for (const read of [markOf, keptUntilOf]) expect(() => read(Uint8Array.of(1, ...bytes.subarray(1)))).toThrow(bad);
  });

  test('random bytes: an entry or bad_bytes, and never another error', () => {
    const random = fc.uint8Array({ maxLength: 60 });
    const likely = fc
      .tuple(fc.integer({ min: 0, max: 127 }), random)
      .map(([flags, rest]) => Uint8Array.of(2, flags, ...rest));
    const changed = fc.tuple(entry, fc.nat(), fc.nat(255)).map(([given, at, byte]) => {
      const bytes = encodeEntry(given, jsonCodec);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(random, likely, changed), (bytes) => {
        try {
          decodeEntry(bytes, jsonCodec);
        } catch (error) {
          expect(error).toEqual(bad);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('another format, older or newer, and flags that have no meaning', () => {
    const bytes = encodeEntry(BARE, jsonCodec);
    for (const format of [0, 1, 3, 91, 255])
      expect(() => decodeEntry(Uint8Array.of(format, ...bytes.subarray(1)), jsonCodec)).toThrow(bad);
    expect(() => decodeEntry(Uint8Array.of(2, 128, ...bytes.subarray(2)), jsonCodec)).toThrow(bad);
  });

  test('marks and times that are none', () => {
    for (const wrong of [{ mark: 0.5 }, { mark: 2 ** 53 }, { freshUntil: Number.NaN }, { keptUntil: Number.NaN }])
      expect(() => decodeEntry(encodeEntry({ ...BARE, ...wrong }, jsonCodec), jsonCodec)).toThrow(bad);
  });

  test('counts and lengths that lie, without a long loop or much memory', () => {
    const huge = [255, 255, 255, 255, 7];
    const beyond = [255, 255, 255, 255, 255, 255, 1];
    const negative = [255, 255, 255, 255, 15]; // as 32 bits with a sign
    for (const lie of [huge, beyond, negative])
      for (const flag of [16, 32, 64])
        expect(() => decodeEntry(Uint8Array.of(2, flag, 0, 0, 0, 1, ...lie, 49), jsonCodec)).toThrow(bad);
    expect(() => decodeEntry(Uint8Array.of(2, 0, 255, 255, 255, 255, 49), jsonCodec)).toThrow(bad);
  });

  test('whatever a codec throws while it decodes; what it says itself stays as it is', () => {
    const cause = new TypeError('not mine');
    const throwing = (error: Error): Codec => ({
      ...careless,
      decode: () => {
        throw error;
      },
    });
    const bytes = encodeEntry(BARE, careless);
    expect(() => decodeEntry(bytes, throwing(cause))).toThrow(expect.objectContaining({ code: 'bad_bytes', cause }));
    const own = new TidemarkError('bad_bytes', 'in its own words');
    expect(() => decodeEntry(bytes, throwing(own))).toThrow(own);
  });
});
