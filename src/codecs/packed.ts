/** Any codec's bytes, compressed where that pays: large values take less room in a store, for some time of the processor. */
import * as zlib from 'node:zlib';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, oneOf, size, type Size } from '../engine/options.ts';
import { lengthAt, putLength, viewFrom } from '../engine/wire.ts';

/** How bytes are compressed. */
export type Compression = 'zstd' | 'brotli';

/** Options of {@link packed}. */
export interface PackedOptions {
  /** Values of more bytes than this are compressed. Default `2048`; at least `1024`, below which nothing is gained. */
  readonly over?: Size;
  /** Default `zstd` where Node has it (22.15 and later), otherwise `brotli`. */
  readonly algorithm?: Compression;
  /** How hard to try: 1 to 19 for zstd, default 3; 0 to 11 for brotli, default 1. */
  readonly level?: number;
}

type Squeeze = (bytes: Uint8Array, options: { readonly params: Readonly<Record<number, number>> }) => Uint8Array;
type Swell = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/** What a newer Node has beside brotli. */
type Zstd = {
  readonly zstdCompressSync?: Squeeze;
  readonly zstdDecompressSync?: Swell;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
};

/** One way to compress. `squeeze` and `swell` are missing where this Node doesn't have it. */
interface Method {
  readonly mark: number;
  readonly squeeze: Squeeze | undefined;
  readonly swell: Swell | undefined;
  /** The number of the option that the level is given by. */
  readonly parameter: number;
  readonly level: number;
  readonly levels: readonly [least: number, most: number];
}

const { zstdCompressSync, zstdDecompressSync, constants } = zlib as Zstd;

const METHODS: Readonly<Record<Compression, Method>> = {
  zstd: {
    mark: 1,
    squeeze: zstdCompressSync,
    swell: zstdDecompressSync,
    parameter: constants.ZSTD_c_compressionLevel ?? 100,
    level: 3,
    levels: [1, 19],
  },
  brotli: {
    mark: 2,
    squeeze: zlib.brotliCompressSync,
    swell: zlib.brotliDecompressSync,
    parameter: zlib.constants.BROTLI_PARAM_QUALITY,
    level: 1,
    levels: [0, 11],
  },
};

const RAW = 0; // followed by the bytes as they are
const FIXED = 9; // which method, and the lengths before and after it
const GAIN = 0.95; // what isn't at least this much smaller isn't worth decompressing

/**
 * A codec whose large values are compressed. What it writes with either algorithm is read whatever the options say, as
 * long as this Node has the algorithm: zstd that was written by a newer one is `bad_bytes` to an older one.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const codec = packed(msgpackCodec, { over: '4kb' });
 */
export function packed(codec: Codec, options: PackedOptions = {}): Codec {
  checkOptions('packed', options, ['over', 'algorithm', 'level']);
  const over = size('packed: over', options.over ?? 2048);
  if (over < 1024) throw new TidemarkError('bad_option', `packed: over must be at least 1024 bytes, not ${over}`);
  const algorithm = oneOf('packed: algorithm', options.algorithm ?? usual(), ['zstd', 'brotli']);
  const method = METHODS[algorithm];
  const { squeeze } = method;
  if (!squeeze)
    throw new TidemarkError('bad_option', `packed: algorithm can't be '${algorithm}': this Node doesn't have it`);
  const params = { [method.parameter]: levelOf(algorithm, options.level) };
  return {
    name: `packed ${codec.name}`,
    encode(value) {
      const bytes = codec.encode(value);
      const small = bytes.length > over && bytes.length < 2 ** 32 ? squeeze(bytes, { params }) : undefined;
      return small && small.length + FIXED <= bytes.length * GAIN
        ? compressed(method.mark, bytes.length, small)
        : raw(bytes);
    },
    decode: (bytes) => codec.decode(bytes[0] === RAW ? viewFrom(bytes, 1) : decompressed(bytes)),
  };
}

function usual(): Compression {
  return METHODS.zstd.squeeze ? 'zstd' : 'brotli';
}

function levelOf(algorithm: Compression, level: number = METHODS[algorithm].level): number {
  const [least, most] = METHODS[algorithm].levels;
  if (!Number.isInteger(level) || level < least || level > most)
    throw new TidemarkError(
      'bad_option',
      `packed: level must be a whole number from ${least} to ${most} for ${algorithm}, not ${String(level)}`,
    );
  return level;
}

function raw(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + bytes.length);
  whole[0] = RAW;
  whole.set(bytes, 1);
  return whole;
}

function compressed(mark: number, length: number, small: Uint8Array): Uint8Array {
  const whole = new Uint8Array(FIXED + small.length);
  whole[0] = mark;
  putLength(whole, putLength(whole, 1, length), small.length);
  whole.set(small, FIXED);
  return whole;
}

/** Bounded by the length that was written down, so that damaged bytes can't swell to fill the memory. */
function decompressed(bytes: Uint8Array): Uint8Array {
  const found = Object.entries(METHODS).find(([, { mark }]) => mark === bytes[0]);
  if (!found || FIXED + lengthAt(bytes, 5) !== bytes.length)
    throw new TidemarkError('bad_bytes', "bytes that weren't packed, or not all of them");
  const [name, { swell }] = found;
  if (!swell) throw new TidemarkError('bad_bytes', `a value was compressed with ${name}, which this Node doesn't have`);
  const length = lengthAt(bytes, 1);
  try {
    const whole = swell(viewFrom(bytes, FIXED), { maxOutputLength: length });
    if (whole.length === length) return whole;
  } catch (cause) {
    throw new TidemarkError('bad_bytes', `bytes can't be decompressed with ${name}`, cause);
  }
  throw new TidemarkError('bad_bytes', 'bytes decompress to another length than was compressed');
}
