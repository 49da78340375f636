/** What stands in a row: a checksum, the whole key where the row's own is only a hash of it, and the entry's bytes. */
import { crc32 } from 'node:zlib';

const CHECK = 4;
const LENGTH = 4;

/**
 * An entry's bytes as a row. The checksum is seeded by what the codec is called, so that what another codec wrote is met as
 * damage, never as another value.
 *
 * @param key the whole text of the key, if the row is found by a hash of it.
 */
export function sealed(bytes: Uint8Array, seed: number, key: string | undefined): Buffer {
  const name = key === undefined ? undefined : Buffer.from(key);
  const start = CHECK + (name ? LENGTH + name.length : 0);
  const row = Buffer.allocUnsafe(start + bytes.length);
  if (name) {
    row.writeUInt32LE(name.length, CHECK);
    row.set(name, CHECK + LENGTH);
  }
  row.set(bytes, start);
  row.writeUInt32LE(crc32(row.subarray(CHECK), seed), 0);
  return row;
}

/**
 * The entry's bytes in a row, or `undefined` if the row is damaged or is that of another key. They are a view that is good
 * until the next read.
 */
export function unsealed(row: Buffer, seed: number, key: string | undefined): Uint8Array | undefined {
  if (!isWhole(row, seed)) return undefined;
  const checked = row.subarray(CHECK, row.length);
  if (key === undefined) return checked;
  const end = LENGTH + checked.readUInt32LE(0);
  return checked.toString('utf8', LENGTH, end) === key ? checked.subarray(end) : undefined;
}

/** The whole text of the key, in a row that is found by a hash of it and has been checked before. */
export function keyOf(row: Buffer): string {
  const start = CHECK + LENGTH;
  return row.toString('utf8', start, start + row.readUInt32LE(CHECK));
}

/** True if a row is what was written. */
export function isWhole(row: Buffer, seed: number): boolean {
  const { length } = row; // lmdb's buffer is larger than it says
  return length > CHECK && crc32(row.subarray(CHECK, length), seed) === row.readUInt32LE(0);
}

/** The seed that a codec's name makes. */
export function seedOf(codec: string): number {
  return crc32(codec);
}

/** Where an entry's bytes begin in a row that has been checked before. */
export function entryIn(row: Buffer, hashed: boolean): Uint8Array {
  return row.subarray(hashed ? CHECK + LENGTH + row.readUInt32LE(CHECK) : CHECK, row.length);
}
