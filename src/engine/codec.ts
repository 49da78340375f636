/**
 * The contract of a codec: values to bytes and back, for stores that keep bytes; and the envelope around them that holds
 * the rest of an entry, so that validity can be judged without decoding the value.
 *
 * Implementing one: `decode(encode(v))` must equal `v` in everything that `v` is made of (Date, Map, Set, bigint, typed
 * arrays, NaN, -0, undefined), or `encode` must throw `bad_value`. Nothing may be changed silently.
 */
import { type Entry, isEntry } from './entry.ts';
import { TidemarkError } from './errors.ts';

/** Values to bytes and back. */
export interface Codec {
  readonly name: string;
  /** The bytes of a value. Throws `bad_value` for what it can't represent faithfully. */
  encode(value: unknown): Uint8Array;
  /** The value of bytes. Throws `bad_bytes` for bytes that it didn't make. */
  decode(bytes: Uint8Array): unknown;
}

const FORMAT = 1;
const LENGTHS = 9; // where the header begins
const text = new TextEncoder();
const plain = new TextDecoder('utf-8', { fatal: true });

/**
 * An entry as bytes: a byte of format, the lengths of header and value (32 bits each, big-endian), the header as JSON, the
 * value.
 */
export function encodeEntry(entry: Entry, codec: Codec): Uint8Array {
  const { mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost } = entry;
  const finite = (time: number) => (time === Infinity ? null : time);
  const header = text.encode(
    JSON.stringify([
      mark,
      incarnation,
      dependencies,
      finite(freshUntil),
      finite(keptUntil),
      etag ?? null,
      cost ?? null,
    ]),
  );
  const value = codec.encode(entry.value);
  const bytes = new Uint8Array(LENGTHS + header.length + value.length);
  const lengths = new DataView(bytes.buffer);
  bytes[0] = FORMAT;
  lengths.setUint32(1, header.length);
  lengths.setUint32(5, value.length);
  bytes.set(header, LENGTHS);
  bytes.set(value, LENGTHS + header.length);
  return bytes;
}

/** The inverse of {@link encodeEntry}. Throws `bad_bytes` for anything else, a newer format included. */
export function decodeEntry(bytes: Uint8Array, codec: Codec): Entry {
  if (bytes.length < LENGTHS || bytes[0] !== FORMAT)
    throw new TidemarkError(
      'bad_bytes',
      `bytes of format ${bytes[0] ?? 'none'} can't be read as an entry (format ${FORMAT})`,
    );
  try {
    const lengths = new DataView(bytes.buffer, bytes.byteOffset);
    const end = LENGTHS + lengths.getUint32(1);
    if (bytes.length !== end + lengths.getUint32(5)) throw new RangeError('cut off, or followed by something else');
    const header: unknown = JSON.parse(plain.decode(bytes.subarray(LENGTHS, end)));
    const [mark, incarnation, dependencies, fresh, kept, etag, cost] = header as [
      number,
      string,
      string[],
      number | null,
      number | null,
      string | null,
      number | null,
    ];
    const entry: Entry = {
      value: codec.decode(bytes.subarray(end)),
      mark,
      incarnation,
      dependencies,
      freshUntil: fresh ?? Infinity,
      keptUntil: kept ?? Infinity,
      etag: etag ?? undefined,
      cost: cost ?? undefined,
    };
    if (!isEntry(entry)) throw new TypeError('the header is that of no entry');
    return entry;
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause;
    throw new TidemarkError('bad_bytes', "bytes can't be read as an entry", cause);
  }
}
