/** Digests: SHA-256 of bytes, and text that is the same for the same value, so that its digest is, too. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';

/** 64 hex digits of a SHA-256. */
export type Digest = string;

const HEX = new Uint8Array(0x10000);
for (const digit of '0123456789abcdef') HEX[digit.charCodeAt(0)] = 1;

/** Whether this is how a digest is written. By a table: a record holds thousands, and a pattern takes twice as long. */
export function isDigest(value: unknown): value is Digest {
  if (typeof value !== 'string' || value.length !== 64) return false;
  for (let i = 0; i < 64; i++) if (HEX[value.charCodeAt(i)] !== 1) return false;
  return true;
}

/** The digest of bytes, or of text as UTF-8. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex');
}

const PIECE = 256 * 1024;
let buffer: Buffer | undefined;

/** The digest of what an open file has, which is never whole in memory. Read by position: the descriptor stays where it is. */
export function digestOfOpen(descriptor: number, disk: Pick<typeof fs, 'readSync'> = fs): Digest {
  buffer ??= Buffer.allocUnsafeSlow(PIECE); // the work is synchronous, so one is enough for all
  const hash = createHash('sha256');
  for (let at = 0; ;) {
    const read = disk.readSync(descriptor, buffer, 0, PIECE, at);
    if (read === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, read));
    at += read;
  }
}

/** Order by the bytes of UTF-8: the same on every machine, whatever its language. */
export function bytewise(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A copy in the order of the UTF-8 bytes of a text. */
export function sortedByBytes<T>(values: readonly T[], textOf: (value: T) => string): readonly T[] {
  // Without halves of pairs, units have the order of bytes, and comparing them is the language's own.
  const compare = values.some((value) => HALF.test(textOf(value))) ? bytewise : byUnits;
  return values.toSorted((a, b) => compare(textOf(a), textOf(b)));
}

const HALF = /[\ud800-\udfff]/;

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Halves of pairs stand for characters beyond all that have one unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** JSON with sorted names and no white space: one value has one text. For plain values without `undefined`. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => bytewise(a, b));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
