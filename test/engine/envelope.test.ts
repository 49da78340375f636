/** An entry as bytes: everything comes back, and bytes that aren't an entry are refused, never half read. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEntry, encodeEntry, type Entry } from 'tidemark';
import { jsonCodec } from 'tidemark/codecs/json';

const time = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 2 ** 45 }));
const wellFormed = fc.string({ unit: 'binary', maxLength: 12 }); // no lone surrogates: what an entry carries is escaped
const entry: fc.Arbitrary<Entry> = fc.record({
  value: fc.oneof(
    wellFormed,
    fc.double(),
    fc.constant(undefined),
    fc.bigInt(),
    fc.dictionary(wellFormed, fc.integer()),
  ),
  mark: fc.maxSafeNat(),
  incarnation: wellFormed,
  dependencies: fc.array(wellFormed, { maxLength: 4 }),
  freshUntil: time,
  keptUntil: time,
  etag: fc.option(wellFormed, { nil: undefined }),
  cost: fc.option(fc.nat(), { nil: undefined }),
});

const bad = expect.objectContaining({ name: 'TidemarkError', code: 'bad_bytes' }) as Error;

test('an entry comes back as it was', () => {
  fc.assert(
    fc.property(entry, (given) => {
      const back = decodeEntry(encodeEntry(given, jsonCodec), jsonCodec);
      expect(back).toEqual({ ...given });
    }),
    { numRuns: 500 },
  );
});

test('also from the middle of a larger buffer', () => {
  fc.assert(
    fc.property(entry, fc.nat(9), (given, offset) => {
      const bytes = encodeEntry(given, jsonCodec);
      const larger = new Uint8Array(bytes.length + offset + 3).fill(7);
      larger.set(bytes, offset);
      expect(decodeEntry(larger.subarray(offset, offset + bytes.length), jsonCodec)).toEqual({ ...given });
    }),
  );
});

test('bytes that were cut off before the value, or that are none of ours, are bad_bytes', () => {
  fc.assert(
    fc.property(entry, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (given, share) => {
      const bytes = encodeEntry(given, jsonCodec);
      const value = jsonCodec.encode(given.value).length;
      const cut = Math.floor((bytes.length - value + 1) * share);
      expect(() => decodeEntry(bytes.subarray(0, cut), jsonCodec)).toThrow(bad);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(() => decodeEntry(bytes, jsonCodec)).toThrow(bad);
    }),
    { numRuns: 500 },
  );
});

test('a newer format is refused, not guessed', () => {
  const bytes = encodeEntry(
    { value: 1, mark: 0, incarnation: '', dependencies: [], freshUntil: 0, keptUntil: 0 },
    jsonCodec,
  );
  bytes[0]++;
  expect(() => decodeEntry(bytes, jsonCodec)).toThrow(bad);
});

test('bytes whose header is JSON but no header are bad_bytes', () => {
  for (const header of [
    'null',
    '{}',
    '5',
    '[]',
    '[1]',
    '["1","x",[],null,null,null,null]',
    '[1,"x",5,null,null,null,null]',
  ]) {
    const text = new TextEncoder().encode(header);
    const value = new TextEncoder().encode('1');
    const bytes = new Uint8Array(5 + text.length + value.length);
    bytes[0] = 1;
    new DataView(bytes.buffer).setUint32(1, text.length);
    bytes.set(text, 5);
    bytes.set(value, 5 + text.length);
    expect(() => decodeEntry(bytes, jsonCodec), header).toThrow(bad);
  }
});
