/** Bytes as values: a copy of exactly what was given, and of nothing else. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { codecSuite } from 'tidemark/testing';

codecSuite(
  { describe, it },
  {
    name: 'bytesCodec',
    codec: bytesCodec,
    takes: {
      'some bytes': () => Uint8Array.of(1, 2, 3),
      'no bytes': () => new Uint8Array(0),
      'a Buffer': () => Buffer.from('some text'),
      'an empty Buffer': () => Buffer.alloc(0),
      'a part of larger bytes': () => Uint8Array.from({ length: 300 }, (_, i) => i).subarray(20, 290),
    },
  },
);

const refused = expect.objectContaining({ name: 'TidemarkError', code: 'bad_value' }) as Error;

test('a Uint8Array comes back as one, and a Buffer as a Buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const plain = bytesCodec.decode(bytesCodec.encode(bytes)) as Uint8Array;
      expect(plain).toEqual(bytes);
      expect(plain.constructor).toBe(Uint8Array);
      expect(plain.buffer.byteLength).toBe(bytes.length);
      const buffer = bytesCodec.decode(bytesCodec.encode(Buffer.from(bytes))) as Buffer;
      expect(buffer).toEqual(Buffer.from(bytes));
      expect(Buffer.isBuffer(buffer)).toBe(true);
    }),
  );
});

test.each<[string, unknown]>([
  ['text', 'text'],
  ['an ArrayBuffer', new ArrayBuffer(3)],
  ['a DataView', new DataView(new ArrayBuffer(3))],
  ['other typed arrays', new Uint8ClampedArray(3)],
  ['an array of numbers', [1, 2, 3]],
  ['nothing', undefined],
  ['null', null],
  ['an object that holds bytes', { bytes: Uint8Array.of(1) }],
  ['an instance of a subclass', new (class Sub extends Uint8Array {})(3)],
])('%s is refused with bad_value', (_, value) => {
  expect(() => bytesCodec.encode(value)).toThrow(refused);
});

test('what is changed after it was encoded, or before it is decoded again, changes nothing else', () => {
  const given = Uint8Array.of(1, 2, 3);
  const bytes = bytesCodec.encode(given);
  given.fill(9);
  const first = bytesCodec.decode(bytes) as Uint8Array;
  expect([...first]).toEqual([1, 2, 3]);
  first.fill(9);
  expect([...(bytesCodec.decode(bytes) as Uint8Array)]).toEqual([1, 2, 3]);
});

test('a mark of another kind is bad_bytes', () => {
  const bad = expect.objectContaining({ code: 'bad_bytes' }) as Error;
  for (const mark of [2, 3, 255]) expect(() => bytesCodec.decode(Uint8Array.of(mark, 0, 0, 0, 1, 7))).toThrow(bad);
  expect(bytesCodec.decode(Uint8Array.of(0, 0, 0, 0, 1, 7))).toEqual(Uint8Array.of(7));
});
