/** What stands in a row: a checksum, the whole key where the row's own is only a hash of it, and the entry's bytes. */
import { crc32 } from 'node:zlib';

const CHECK = 4;
const LENGTH = 4;

/** How much of a row comes before the entry's bytes. `key` is the text of the key, if the row is found by a hash of it. */
export function leadOf(key: Buffer | undefined): number {
  return CHECK + (key ? LENGTH + key.length : 0);
}

/**
 * Finish a row in which the entry's bytes stand already. The checksum is seeded by what the codec is called, so that what
 * another codec wrote is met as damage, never as another value.
 */
export function seal(row: Buffer, seed: number, key: Buffer | undefined): void {
  if (key) {
    row.writeUInt32LE(key.length, CHECK);
    row.set(key, CHECK + LENGTH);
  }
  row.writeUInt32LE(crc32(row.subarray(CHECK), seed), 0);
}

/**
 * The entry's bytes in a row, or `undefined` if the row is damaged or is that of another key. They are a view that is good
 * until the next read.
 */
export function unsealed(row: Buffer, seed: number, key: string | undefined): Uint8Array | undefined {
  const checked = checkedIn(row, seed);
  if (!checked || key === undefined) return checked;
  const start = CHECK + LENGTH;
  const end = start + row.readUInt32LE(CHECK);
  return row.toString('utf8', start, end) === key ? checked.subarray(end - CHECK) : undefined;
}

/** What the checksum stands for, if it is what was written. */
function checkedIn(row: Buffer, seed: number): Uint8Array | undefined {
  const { length } = row; // lmdb's buffer is larger than it says
  if (length <= CHECK) return undefined;
  const checked = new Uint8Array(row.buffer, row.byteOffset + CHECK, length - CHECK);
  return crc32(checked, seed) === row.readUInt32LE(0) ? checked : undefined;
}

/** The whole text of the key, in a row that is found by a hash of it and has been checked before. */
export function keyOf(row: Buffer): string {
  const start = CHECK + LENGTH;
  return row.toString('utf8', start, start + row.readUInt32LE(CHECK));
}

/** True if a row is what was written. */
export function isWhole(row: Buffer, seed: number): boolean {
  return checkedIn(row, seed) !== undefined;
}

/** The seed that a codec's name makes. */
export function seedOf(codec: string): number {
  return crc32(codec);
}

/** Where an entry's bytes begin in a row that has been checked before. */
export function entryIn(row: Buffer, hashed: boolean): Uint8Array {
  return row.subarray(hashed ? CHECK + LENGTH + row.readUInt32LE(CHECK) : CHECK, row.length);
}
