/**
 * Numbers and texts as bytes, the same on every machine and without an object made per number.
 *
 * A text is a length followed by its UTF-16 code units, one byte each if all of them are below 256, otherwise two: any
 * text comes back, lone surrogates included, which UTF-8 couldn't carry.
 */
import { TidemarkError } from './errors.ts';

const octets = new Uint8Array(8);
const double = new DataView(octets.buffer);

const AT_ONCE = 4096; // arguments of one call

/** A plain view of bytes from a place on, also where they are a Buffer, whose parts would be Buffers, too. */
export function viewFrom(bytes: Uint8Array, from: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, bytes.length - from);
}

/** The number whose eight bytes begin at `at`; all of them must be there. */
export function numberAt(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) octets[i] = bytes[at + i];
  return double.getFloat64(0);
}

/** Write a number as eight bytes. Answers with the place behind it. */
export function putNumber(bytes: Uint8Array, at: number, value: number): number {
  double.setFloat64(0, value);
  for (let i = 0; i < 8; i++) bytes[at + i] = octets[i];
  return at + 8;
}

/** The 32 bits at `at`, big-endian; 0 for what isn't there. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Write a length as 32 bits, big-endian. Answers with the place behind it. */
export function putLength(bytes: Uint8Array, at: number, length: number): number {
  for (let i = 0; i < 4; i++) bytes[at + i] = length >>> (24 - 8 * i);
  return at + 4;
}

/** How many bytes {@link putCount} takes. */
export function bytesOfCount(count: number): number {
  let size = 1;
  for (let rest = count >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
}

/** Write a count, seven bits a byte, the lowest first. Answers with the place behind it. */
export function putCount(bytes: Uint8Array, at: number, count: number): number {
  let rest = count;
  for (; rest > 127; rest >>>= 7) bytes[at++] = rest | 128;
  bytes[at] = rest;
  return at + 1;
}

function isWide(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return true;
  return false;
}

/** How many bytes {@link putText} takes. */
export function bytesOfText(text: string): number {
  const size = isWide(text) ? 2 * text.length : text.length;
  return bytesOfCount(2 * text.length) + size;
}

/** Write a text: twice its length, plus one if its units take two bytes, then its units. Answers with the place behind it. */
export function putText(bytes: Uint8Array, at: number, text: string): number {
  const wide = isWide(text);
  at = putCount(bytes, at, 2 * text.length + (wide ? 1 : 0));
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (wide) bytes[at++] = unit >>> 8;
    bytes[at++] = unit;
  }
  return at;
}

/** Reads counts and texts one after the other. Throws `bad_bytes` where they would go on behind the end. */
export class TextReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The place behind what has been read. */
  get at(): number {
    return this.#at;
  }

  count(): number {
    let count = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.#bytes[this.#at++];
      count |= (byte & 127) << shift;
      if (byte < 128 && count >= 0) return count;
    }
    throw new TidemarkError('bad_bytes', 'a count is cut off, or larger than any that is written');
  }

  text(): string {
    const count = this.count();
    const width = 1 + (count & 1);
    const length = count >>> 1;
    if (this.#at + width * length > this.#bytes.length) throw cutOff();
    let text = '';
    for (let left = length; left > 0; left -= AT_ONCE) text += this.#units(Math.min(left, AT_ONCE), width);
    return text;
  }

  #units(length: number, width: number): string {
    const units = new Array<number>(length);
    for (let i = 0; i < length; i++) {
      const high = width === 2 ? this.#bytes[this.#at++] << 8 : 0;
      units[i] = high | this.#bytes[this.#at++];
    }
    return String.fromCharCode.apply(undefined, units);
  }
}

function cutOff(): TidemarkError {
  return new TidemarkError('bad_bytes', 'bytes are cut off');
}
