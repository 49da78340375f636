/** Compressed where it pays and as it was where not; either way equal, and damaged bytes cost no more than was stored. */
import { brotliCompressSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Codec } from 'tidemark';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { jsonCodec } from 'tidemark/codecs/json';
import { msgpackCodec } from 'tidemark/codecs/msgpack';
import { packed, type PackedOptions } from 'tidemark/codecs/packed';
import { codecSuite } from 'tidemark/testing';

const hasZstd = 'zstdCompressSync' in zlib;
const brotli = packed(jsonCodec, { algorithm: 'brotli', over: 1024 });

codecSuite(
  { describe, it },
  {
    name: 'packed(jsonCodec)',
    codec: brotli,
    values: {
      'a value that is compressed': () => ({
        rows: Array.from({ length: 200 }, (_, id) => ({ id, name: `row ${id}` })),
      }),
      'text that is compressed': () => 'tide '.repeat(1000),
    },
  },
);
codecSuite({ describe, it }, { name: 'packed(msgpackCodec)', codec: packed(msgpackCodec) });
codecSuite(
  { describe, it },
  {
    name: 'packed(bytesCodec)',
    codec: packed(bytesCodec, { over: 1024, algorithm: 'brotli' }),
    takes: {
      'few bytes': () => Uint8Array.of(1, 2, 3),
      'bytes that are compressed': () => new Uint8Array(5000).fill(7),
      'a Buffer that is compressed': () => Buffer.alloc(5000, 'text '),
    },
  },
);

const bad = (message: RegExp) =>
  expect.objectContaining({
    name: 'TidemarkError',
    code: 'bad_bytes',
    message: expect.stringMatching(message) as string,
  });
const [RAW, ZSTD, BROTLI] = [0, 1, 2];

/** A codec whose values are their bytes, so that a test says exactly what is compressed. */
const same: Codec = { name: 'same', encode: (value) => value as Uint8Array, decode: (bytes) => bytes };
const onSame = (options: PackedOptions = {}) => packed(same, { algorithm: 'brotli', ...options });
const even = (length: number) => new Uint8Array(length).fill(97);
const noise = (length: number) => {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) >> 8);
};

describe('what is stored', () => {
  test('is compressed from one byte over the limit', () => {
    const codec = onSame();
    expect(codec.encode(even(2048))[0]).toBe(RAW);
    expect(codec.encode(even(2048))).toHaveLength(2049);
    expect(codec.encode(even(2049))[0]).toBe(BROTLI);
    expect(codec.encode(even(2049)).length).toBeLessThan(100);
    expect(onSame({ over: '1kb' }).encode(even(1025))[0]).toBe(BROTLI);
    expect(onSame({ over: Infinity }).encode(even(100_000))[0]).toBe(RAW);
  });

  test('stays as it is where compressing gains less than a twentieth', () => {
    const length = 10_000;
    const mixed = (share: number) => {
      const bytes = noise(length);
      bytes.fill(97, 0, length * share);
      return bytes;
    };
    for (const share of [0, 0.01, 0.04]) expect(onSame().encode(mixed(share))[0], `${share}`).toBe(RAW);
    for (const share of [0.07, 0.1, 0.5]) expect(onSame().encode(mixed(share))[0], `${share}`).toBe(BROTLI);
  });

  test('is smaller for a higher level', () => {
    const text = new TextEncoder().encode(
      Array.from({ length: 3000 }, (_, i) => `line ${i} of ${(i * 7919) % 1009}`).join('\n'),
    );
    const [low, high] = [0, 9].map((level) => onSame({ level }).encode(text).length);
    expect(high).toBeLessThan(low);
    expect(onSame().encode(text)).toEqual(onSame({ level: 1 }).encode(text));
  });

  test('is read by any packed codec, whatever its options', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(5000), (head, rest) => {
        const value = Uint8Array.of(...head, ...even(rest));
        const bytes = onSame({ over: 1024, level: 5 }).encode(value);
        expect([...(packed(same).decode(bytes) as Uint8Array)]).toEqual([...value]);
      }),
    );
  });
});

describe('bad_bytes are', () => {
  const bytes = onSame().encode(even(5000));

  test('compressed bytes cut short anywhere, or followed by more', () => {
    for (let end = 0; end < bytes.length; end++)
      expect(() => onSame().decode(bytes.subarray(0, end)), `cut after ${end}`).toThrow(bad(/./));
    expect(() => onSame().decode(Uint8Array.of(...bytes, 0))).toThrow(bad(/not all of them/));
  });

  test('bytes under a mark that has no meaning', () => {
    for (const mark of [3, 4, 255])
      expect(() => onSame().decode(Uint8Array.of(mark, ...bytes.subarray(1)))).toThrow(bad(/weren't packed/));
  });

  test('bytes that decompress to fewer or more than was stored', () => {
    for (const length of [0, 1, 4999, 5001, 2 ** 32 - 1]) {
      const lying = bytes.slice();
      new DataView(lying.buffer).setUint32(1, length);
      expect(() => onSame().decode(lying), `${length}`).toThrow(bad(/decompress/));
    }
  });

  test('a few bytes that would swell to very many: given up at the length that was stored', () => {
    const bomb = brotliCompressSync(new Uint8Array(50_000_000));
    const header = new Uint8Array(9);
    header[0] = BROTLI;
    new DataView(header.buffer).setUint32(1, 3000);
    new DataView(header.buffer).setUint32(5, bomb.length);
    const failure = expect.objectContaining({
      code: 'bad_bytes',
      cause: expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }) as Error,
    }) as Error;
    expect(() => onSame().decode(Uint8Array.of(...header, ...bomb))).toThrow(failure);
  });

  test.skipIf(hasZstd)('zstd where Node has none (skipped: this Node has it), and the message names the reason', () => {
    const zstd = Uint8Array.of(ZSTD, ...bytes.subarray(1));
    expect(() => onSame().decode(zstd)).toThrow(bad(/compressed with zstd, which this Node doesn't have/));
  });
});

describe('bad_option names', () => {
  test.each<[string, unknown, RegExp]>([
    ['a limit below 1,024', { over: 1023 }, /packed: over must be at least 1024 bytes, not 1023/],
    ['a limit that is none', { over: 'much' }, /packed: over/],
    ['an unknown algorithm', { algorithm: 'gzip' }, /packed: algorithm/],
    ['a level that brotli has not', { algorithm: 'brotli', level: 12 }, /level must be .* 0 to 11 for brotli, not 12/],
    ['a level between two', { algorithm: 'brotli', level: 1.5 }, /packed: level/],
    ['a level that is text', { algorithm: 'brotli', level: '1' }, /packed: level/],
    ['an option that there is not', { size: 5 }, /packed has no option "size"/],
  ])('%s', (_, options, message) => {
    expect(() => packed(jsonCodec, options as PackedOptions)).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringMatching(message) as string }),
    );
  });

  test.skipIf(hasZstd)('zstd where Node has none (skipped: this Node has it)', () => {
    expect(() => packed(jsonCodec, { algorithm: 'zstd' })).toThrow(/packed: algorithm can't be 'zstd': this Node/);
  });
});

test('it is named after what it packs', () => {
  expect(packed(jsonCodec).name).toBe('packed json');
});
