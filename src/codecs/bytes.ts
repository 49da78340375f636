/** Values that are bytes already: kept as they are, with no other work than a copy. */
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import { kindOf } from '../engine/values.ts';
import { lengthAt, putLength, viewFrom } from '../engine/wire.ts';

type Buffers = { readonly Buffer?: { from(bytes: ArrayBuffer): Uint8Array; readonly prototype: unknown } };

const { Buffer } = globalThis as Buffers;

const BYTES = 0;
const BUFFER = 1;
const FIXED = 5; // which of the two it was, how many

/**
 * For collections whose values are a `Uint8Array` or a `Buffer`, such as files and pages; each comes back as what it was.
 * Everything else is refused with `bad_value`. Costs 5 bytes and a copy each way.
 */
export const bytesCodec: Codec = {
  name: 'bytes',
  encode(value) {
    const kind = kindOfBytes(value);
    const given = value as Uint8Array;
    if (given.length >= 2 ** 32) throw new TidemarkError('bad_value', "4 GB of bytes or more can't be kept");
    const bytes = new Uint8Array(FIXED + given.length);
    bytes[0] = kind;
    putLength(bytes, 1, given.length);
    bytes.set(given, FIXED);
    return bytes;
  },
  decode(bytes) {
    const kind = bytes[0];
    if (kind > BUFFER || FIXED + lengthAt(bytes, 1) !== bytes.length)
      throw new TidemarkError('bad_bytes', 'bytes that were not kept as bytes, or not all of them');
    const copy = viewFrom(bytes, FIXED).slice();
    if (kind === BYTES) return copy;
    if (!Buffer) throw new TidemarkError('bad_bytes', 'a Buffer was stored, and this platform has none');
    return Buffer.from(copy.buffer);
  },
};

function kindOfBytes(value: unknown): number {
  const prototype: unknown = kindOf(value) === 'view' ? Object.getPrototypeOf(value) : undefined;
  if (prototype === Uint8Array.prototype) return BYTES;
  if (Buffer !== undefined && prototype === Buffer.prototype) return BUFFER;
  throw new TidemarkError('bad_value', 'only a Uint8Array or a Buffer can be kept as bytes');
}
