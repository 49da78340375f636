/**
 * Packing with zstd, on any Node: zlib's own functions stand in for it, so what is proved is that they are chosen, told the
 * level and bounded, not how well zstd compresses.
 */
import type * as Zlib from 'node:zlib';
import { describe, expect, it, test, vi } from 'vitest';
import { jsonCodec } from 'tidemark/codecs/json';
import { packed } from 'tidemark/codecs/packed';
import { codecSuite } from 'tidemark/testing';

const { squeezed, swelled } = vi.hoisted(() => ({
  squeezed: [] as { readonly params: Readonly<Record<number, number>> }[],
  swelled: [] as { readonly maxOutputLength: number }[],
}));

vi.mock('node:zlib', async (original) => {
  const zlib = await original<typeof Zlib>();
  return {
    ...zlib,
    constants: { ...zlib.constants, ZSTD_c_compressionLevel: 100 },
    zstdCompressSync: (bytes: Uint8Array, options: (typeof squeezed)[number]) => {
      squeezed.push(options);
      return zlib.gzipSync(bytes);
    },
    zstdDecompressSync: (bytes: Uint8Array, options: (typeof swelled)[number]) => {
      swelled.push(options);
      return zlib.gunzipSync(bytes, options);
    },
  };
});

const text = 'tide '.repeat(1000);

codecSuite(
  { describe, it },
  {
    name: 'packed with zstd',
    codec: packed(jsonCodec, { over: 1024 }),
    values: { 'text that is compressed': () => text },
  },
);

test('zstd is what a Node that has it compresses with, at level 3 or as it is told', () => {
  squeezed.length = 0;
  expect(packed(jsonCodec).encode(text)[0]).toBe(1);
  expect(packed(jsonCodec, { level: 19 }).encode(text)[0]).toBe(1);
  expect(squeezed).toEqual([{ params: { 100: 3 } }, { params: { 100: 19 } }]);
});

test('what it decompresses is bounded by what was stored', () => {
  swelled.length = 0;
  const codec = packed(jsonCodec);
  expect(codec.decode(codec.encode(text))).toBe(text);
  expect(swelled).toEqual([{ maxOutputLength: text.length + 2 }]);
});

test('what brotli compressed is read as well', () => {
  const bytes = packed(jsonCodec, { algorithm: 'brotli' }).encode(text);
  expect(bytes[0]).toBe(2);
  expect(packed(jsonCodec).decode(bytes)).toBe(text);
});

test('levels are those of zstd', () => {
  for (const level of [0, 20, -1])
    expect(() => packed(jsonCodec, { level })).toThrow(/packed: level must be a whole number from 1 to 19 for zstd/);
});
