/**
 * Packed blobs: pieces that are compressed one by one, each led by its length in four bytes, so that a file of any size is
 * packed and unpacked with no more than one piece in memory.
 */
import * as fs from 'node:fs';
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';
import { TidemarkError } from '../engine/errors.ts';

/** How a blob is packed. */
export type Packing = 'gzip' | 'brotli';

/** What a packed blob's name ends with. */
export const endings: readonly (readonly [Packing, string])[] = [
  ['brotli', '.br'],
  ['gzip', '.gz'],
];

/** Bytes of a piece before it is packed. */
export const PIECE: number = 1024 * 1024;
/** Smaller ones fill one block of a disk in any case. In bytes. */
const TINY = 4096;
/** What doesn't get smaller than this part of itself is compressed already. */
const WORTH = 0.9;
const LEAD = 4;
const QUALITY = 5; // about as fast as gzip, and smaller

/** The first piece packed, if it is worth it: the rest of its blob is then packed, too. */
export function packedFirst(piece: Uint8Array, packing: Packing): Buffer | undefined {
  if (piece.length < TINY) return undefined;
  const packed = packedPiece(piece, packing);
  return packed.length <= piece.length * WORTH ? packed : undefined;
}

/** A piece packed, with its length before it. */
export function packedPiece(piece: Uint8Array, packing: Packing): Buffer {
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: piece.length };
  const packed = packing === 'gzip' ? gzipSync(piece) : brotliCompressSync(piece, { params });
  const lead = Buffer.alloc(LEAD);
  lead.writeUInt32BE(packed.length);
  return Buffer.concat([lead, packed]);
}

/** What was packed, piece by piece. Throws `bad_bytes` if it is damaged so that it can't be unpacked. */
export function* unpackedPieces(fd: number, packing: Packing): Generator<Buffer> {
  const unpack = packing === 'gzip' ? gunzipSync : brotliDecompressSync;
  const lead = Buffer.alloc(LEAD);
  for (let read = filled(fd, lead); read > 0; read = filled(fd, lead)) {
    const length = lead.readUInt32BE();
    // Packing makes nothing much longer; so no damaged length asks for gigabytes.
    const packed = read === LEAD && length <= 2 * PIECE ? Buffer.allocUnsafe(length) : undefined;
    if (!packed || filled(fd, packed) < length) throw notPacked();
    let piece: Buffer;
    try {
      piece = unpack(packed, { maxOutputLength: PIECE });
    } catch (error) {
      throw notPacked(error);
    }
    yield piece;
  }
}

/** Fill the buffer as far as there are bytes; tells how many there were. */
export function filled(fd: number, buffer: Buffer): number {
  let length = 0;
  while (length < buffer.length) {
    const read = fs.readSync(fd, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}

function notPacked(cause?: unknown): TidemarkError {
  return new TidemarkError('bad_bytes', 'a packed blob is damaged', cause);
}
