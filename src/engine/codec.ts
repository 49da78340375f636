/**
 * The contract of a codec: values to bytes and back, for stores that keep bytes; and the envelope around them that holds
 * the rest of an entry, so that validity can be judged without decoding the value.
 *
 * Implementing one: `decode(encode(v))` must equal `v` in everything that `v` is made of (Date, Map, Set, bigint, typed
 * arrays, NaN, -0, undefined), or `encode` must throw `bad_value`. Nothing may be changed silently.
 */
import type { Dependency } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import { TidemarkError } from './errors.ts';
import {
  bytesOfCount,
  bytesOfText,
  lengthAt,
  numberAt,
  putCount,
  putLength,
  putNumber,
  putText,
  TextReader,
  viewFrom,
} from './wire.ts';

/** Values to bytes and back. */
export interface Codec {
  readonly name: string;
  /**
   * The bytes of a value. They may lie within larger ones, but nobody writes to them again: whoever gets them may keep
   * them. Throws `bad_value` for what it can't represent faithfully.
   */
  encode(value: unknown): Uint8Array;
  /**
   * The value of bytes. They may lie in memory that is used again after the call, so the value keeps no reference to
   * them. Throws `bad_bytes` for bytes that it didn't make.
   */
  decode(bytes: Uint8Array): unknown;
}

const FORMAT = 2;
const FIXED = 6; // format, flags, length of the value

// What an entry has besides its value. Numbers come first, in this order, so that each can be found without reading on.
const MARK = 1;
const FRESH = 2;
const KEPT = 4;
const COST = 8;
const INCARNATION = 16;
const DEPENDENCIES = 32;
const ETAG = 64;
const TEXTS = INCARNATION | DEPENDENCIES | ETAG;
const UNKNOWN = 128;

const NONE: readonly Dependency[] = Object.freeze([]);

/** An entry whose value is bytes already: nothing else about it can fail. */
export type EncodedEntry = Entry<Uint8Array>;

/** The same entry, perhaps of another log, with its value as bytes. Throws `bad_value` for what the codec can't represent. */
export function withBytes(entry: Entry, codec: Codec, incarnation: string = entry.incarnation): EncodedEntry {
  const { mark, dependencies, freshUntil, keptUntil, etag, cost } = entry;
  const value = codec.encode(entry.value);
  if (value.length >= 2 ** 32) throw new TidemarkError('bad_value', "a value of 4 GB or more can't be kept as bytes");
  return { value, mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost };
}

/**
 * An entry as bytes: a byte of format, a byte of flags, the length of the value (32 bits, big-endian), what the flags say
 * is there, the value. Left out are a mark of 0, a `freshUntil` of `Infinity`, a `keptUntil` that equals it, and an
 * incarnation that equals `home`: that of the log beside which the bytes are kept, which then is to be given to
 * {@link decodeEntry}, too.
 */
export function encodeEntry(entry: Entry, codec: Codec, home = ''): Uint8Array {
  const encoded = withBytes(entry, codec);
  const bytes = new Uint8Array(sizeOfEntry(encoded, home));
  putEntry(bytes, 0, encoded, home);
  return bytes;
}

function flagsFor(entry: EncodedEntry, home: string): number {
  const { mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost } = entry;
  return (
    (mark === 0 ? 0 : MARK) |
    (freshUntil === Infinity ? 0 : FRESH) |
    (keptUntil === freshUntil ? 0 : KEPT) |
    (cost === undefined ? 0 : COST) |
    (incarnation === home ? 0 : INCARNATION) |
    (dependencies.length === 0 ? 0 : DEPENDENCIES) |
    (etag === undefined ? 0 : ETAG)
  );
}

/** How many bytes {@link putEntry} takes. */
export function sizeOfEntry(entry: EncodedEntry, home: string): number {
  const { incarnation, dependencies, etag, value } = entry;
  const flags = flagsFor(entry, home);
  let size = afterNumbers(flags);
  if (flags & INCARNATION) size += bytesOfText(incarnation);
  if (flags & DEPENDENCIES) {
    size += bytesOfCount(dependencies.length);
    for (const dependency of dependencies) size += bytesOfText(dependency);
  }
  if (etag !== undefined) size += bytesOfText(etag);
  return size + value.length;
}

/** Write an entry as {@link encodeEntry} does, into bytes that have room for it, from a place on. */
export function putEntry(bytes: Uint8Array, from: number, entry: EncodedEntry, home: string): void {
  const { mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost, value } = entry;
  const flags = flagsFor(entry, home);
  bytes[from] = FORMAT;
  bytes[from + 1] = flags;
  let at = putLength(bytes, from + 2, value.length);
  if (flags & MARK) at = putNumber(bytes, at, mark);
  if (flags & FRESH) at = putNumber(bytes, at, freshUntil);
  if (flags & KEPT) at = putNumber(bytes, at, keptUntil);
  if (cost !== undefined) at = putNumber(bytes, at, cost);
  if (flags & INCARNATION) at = putText(bytes, at, incarnation);
  if (flags & DEPENDENCIES) {
    at = putCount(bytes, at, dependencies.length);
    for (const dependency of dependencies) at = putText(bytes, at, dependency);
  }
  if (etag !== undefined) at = putText(bytes, at, etag);
  bytes.set(value, at);
}

/**
 * The inverse of {@link encodeEntry}, with the same `home`. Throws `bad_bytes` for anything else, another format included.
 * Nothing in the entry refers to `bytes` afterwards.
 */
export function decodeEntry(bytes: Uint8Array, codec: Codec, home = ''): Entry {
  const flags = flagsOf(bytes);
  const mark = markIn(bytes, flags);
  const freshUntil = freshUntilIn(bytes, flags);
  const keptUntil = keptUntilIn(bytes, flags);
  if (!Number.isSafeInteger(mark) || Number.isNaN(freshUntil) || Number.isNaN(keptUntil))
    throw new TidemarkError('bad_bytes', 'a mark or a time of an entry is none');

  let start = afterNumbers(flags);
  const cost = flags & COST ? numberAt(bytes, start - 8) : undefined;
  let incarnation = home;
  let dependencies = NONE;
  let etag: string | undefined;
  if (flags & TEXTS) {
    const texts = new TextReader(bytes, start);
    if (flags & INCARNATION) incarnation = texts.text();
    if (flags & DEPENDENCIES) dependencies = textsOf(texts);
    if (flags & ETAG) etag = texts.text();
    start = texts.at;
  }
  if (start + lengthAt(bytes, 2) !== bytes.length)
    throw new TidemarkError('bad_bytes', 'an entry is cut off, or followed by something else');
  const value = decodeValue(codec, viewFrom(bytes, start));
  return { value, mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost };
}

/** The mark of an entry's bytes, without reading the rest. Throws `bad_bytes` where they are too few or no entry. */
export function markOf(bytes: Uint8Array): Mark {
  return markIn(bytes, flagsOf(bytes));
}

/** The time after which nobody wants an entry any more, from its bytes alone. Throws `bad_bytes` as {@link markOf} does. */
export function keptUntilOf(bytes: Uint8Array): number {
  return keptUntilIn(bytes, flagsOf(bytes));
}

/** What an entry's bytes say they have. After this its numbers can be read: they are there. */
function flagsOf(bytes: Uint8Array): number {
  if (bytes[0] !== FORMAT)
    throw new TidemarkError(
      'bad_bytes',
      `bytes of format ${bytes[0] ?? 'none'} can't be read as an entry (format ${FORMAT})`,
    );
  const flags = bytes[1];
  if (flags & UNKNOWN || bytes.length < afterNumbers(flags))
    throw new TidemarkError('bad_bytes', "bytes can't be read as an entry: they are cut off, or of another release");
  return flags;
}

function markIn(bytes: Uint8Array, flags: number): Mark {
  return flags & MARK ? numberAt(bytes, FIXED) : 0;
}

function freshUntilIn(bytes: Uint8Array, flags: number): number {
  return flags & FRESH ? numberAt(bytes, afterNumbers(flags & MARK)) : Infinity;
}

function keptUntilIn(bytes: Uint8Array, flags: number): number {
  return flags & KEPT ? numberAt(bytes, afterNumbers(flags & (MARK | FRESH))) : freshUntilIn(bytes, flags);
}

/** Where the texts begin: after one number of eight bytes for each flag that stands for one. */
function afterNumbers(flags: number): number {
  return FIXED + 8 * ((flags & 1) + ((flags >> 1) & 1) + ((flags >> 2) & 1) + ((flags >> 3) & 1));
}

function textsOf(texts: TextReader): Dependency[] {
  const all: Dependency[] = [];
  for (let left = texts.count(); left > 0; left--) all.push(texts.text()); // grows as it is read: a count may lie
  return all;
}

function decodeValue(codec: Codec, bytes: Uint8Array): unknown {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause;
    throw new TidemarkError('bad_bytes', "the value of an entry can't be decoded", cause);
  }
}
