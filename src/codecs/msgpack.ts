/** Values as MessagePack, in bytes that need nothing else to be read; what MessagePack can't say faithfully goes as JSON. */
import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import { viewFrom } from '../engine/wire.ts';
import { jsonCodec } from './json.ts';
import { DEEPEST, isFaithful, isTable, MOST_NAMES, packPlain } from './msgpack-plain.ts';

// How a value is written. A value's form has the bits of the forms of all its parts.
const PLAIN = 0;
const RECORDS = 1;
const JSON_TEXT = 3;

/** MessagePack never begins with this byte: what does is a mark and is followed by the form. */
const MARK = 0xc1;
const MARKED = 2;

const COPIED = 16_384; // bytes
const place = new Uint8Array(COPIED);

/** Objects as maps: the faster for few of them. */
const plain = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true });
/** Objects as records, whose names are written once in a value: the faster for many alike. Maps are free for `Map`. */
const records = new Packr({ moreTypes: true, copyBuffers: true });

/** Prototypes of what is written as it is, without parts to look at. */
const WHOLE: ReadonlySet<unknown> = new Set([
  Date.prototype,
  ArrayBuffer.prototype,
  DataView.prototype,
  Int8Array.prototype,
  Uint8Array.prototype,
  Uint8ClampedArray.prototype,
  Int16Array.prototype,
  Uint16Array.prototype,
  Int32Array.prototype,
  Uint32Array.prototype,
  Float32Array.prototype,
  Float64Array.prototype,
  BigInt64Array.prototype,
  BigUint64Array.prototype,
]);

/**
 * MessagePack that keeps dates, maps, sets, bigints, typed arrays, `undefined`, `NaN`, `-0` and the infinities. Rare values
 * are written as `jsonCodec` writes them, right but slower and larger: an instance of `Buffer`, an object without a
 * prototype or nested deeper than 100, `-0`, a lone surrogate. What that refuses is refused with
 * `bad_value`. The bytes lie in blocks of up to 64 kB that many values share, so copy them to keep few for long. Typed
 * arrays are in the machine's byte order.
 */
export const msgpackCodec: Codec = {
  name: 'msgpack',
  encode(value) {
    const packed = packPlain(value);
    if (packed) return packed;
    const form = formOf(value, 0);
    if (form === JSON_TEXT) return marked(jsonCodec.encode(value));
    try {
      if (form === PLAIN) return plain.pack(value);
      const bytes = records.pack(value, RESERVE_START_SPACE + MARKED);
      bytes[0] = MARK;
      bytes[1] = RECORDS;
      return bytes;
    } catch (cause) {
      throw new TidemarkError('bad_value', "a value can't be kept as MessagePack", cause);
    }
  },
  decode(bytes) {
    try {
      if (bytes[0] !== MARK) return unpack(plain, bytes, 0);
      if (bytes[1] === RECORDS) return unpack(records, bytes, MARKED);
      if (bytes[1] === JSON_TEXT) return jsonCodec.decode(viewFrom(bytes, MARKED));
    } catch (cause) {
      throw new TidemarkError('bad_bytes', "bytes can't be read as MessagePack", cause);
    }
    throw new TidemarkError('bad_bytes', "bytes can't be read as MessagePack: their form is unknown");
  },
};

/**
 * The unpacker leaves a property on what it reads, and reads faster what it has read from before: so it gets a place of ours
 * with a copy, or, where much would have to be copied, a view of its own.
 */
function unpack(packr: Packr, bytes: Uint8Array, start: number): unknown {
  const end = bytes.length;
  if (end === start || end > COPIED) return packr.unpack(viewFrom(bytes, start)) as unknown;
  place.set(bytes);
  return packr.unpack(place, { start, end }) as unknown;
}

function marked(json: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MARKED + json.length);
  bytes[0] = MARK;
  bytes[1] = JSON_TEXT;
  bytes.set(json, MARKED);
  return bytes;
}

/** How a value can be written so that it comes back equal; `JSON_TEXT` also for what nothing can give back. */
function formOf(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return formOfText(value);
    case 'number':
      return Object.is(value, -0) ? JSON_TEXT : PLAIN;
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return PLAIN;
    case 'object':
      return value === null ? PLAIN : formOfObject(value, depth);
    default:
      return JSON_TEXT;
  }
}

function formOfText(text: string): number {
  return isFaithful(text) ? PLAIN : JSON_TEXT;
}

function formOfObject(value: object, depth: number): number {
  const prototype: unknown = Object.getPrototypeOf(value);
  // The packer goes by the constructor, which may be a property like any other.
  if (depth > DEEPEST || prototype === null || value.constructor !== (prototype as object).constructor)
    return JSON_TEXT;
  if (prototype === Object.prototype) return formOfProperties(value as Record<string, unknown>, depth);
  if (prototype === Array.prototype) return formOfArray(value as unknown[], depth);
  if (prototype === Map.prototype) return formOfMap(value as Map<unknown, unknown>, depth);
  if (prototype === Set.prototype) return formOfParts(value as Set<unknown>, PLAIN, depth);
  return WHOLE.has(prototype) ? PLAIN : JSON_TEXT;
}

function formOfProperties(value: Record<string, unknown>, depth: number): number {
  if (Object.getOwnPropertySymbols(value).length > 0) return JSON_TEXT;
  let form = PLAIN;
  let names = 0;
  for (const name in value) {
    // The unpacker renames the first, and the packer keeps notes of its own under the second.
    if (name === '__proto__' || name === '__keys__' || ++names > MOST_NAMES) return JSON_TEXT;
    form |= formOfText(name) | formOf(value[name], depth + 1);
    if (form === JSON_TEXT) return form;
  }
  return form;
}

function formOfArray(array: readonly unknown[], depth: number): number {
  if (Object.values(array).length !== array.length) throw notOnlyParts(); // makes no names of the indexes, as keys would
  let form = isTable(array) ? RECORDS : PLAIN;
  for (let i = 0; i < array.length; i++) {
    const part = array[i];
    if (part === undefined && !Object.hasOwn(array, i)) throw notOnlyParts();
    form |= formOf(part, depth + 1);
    if (form === JSON_TEXT) return form;
  }
  return form;
}

function notOnlyParts(): TidemarkError {
  return new TidemarkError('bad_value', "an array with holes or properties can't be kept as MessagePack");
}

function formOfMap(map: ReadonlyMap<unknown, unknown>, depth: number): number {
  return formOfParts(map.keys(), RECORDS, depth) | formOfParts(map.values(), RECORDS, depth);
}

function formOfParts(parts: Iterable<unknown>, least: number, depth: number): number {
  let form = least;
  for (const part of parts) {
    form |= formOf(part, depth + 1);
    if (form === JSON_TEXT) break;
  }
  return form;
}
