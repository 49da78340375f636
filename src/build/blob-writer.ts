/** A blob that is being written: hashed as it comes, and packed if its first piece shows that this is worth it. */
import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';
import { packedFirst, packedPiece, type Packing, PIECE } from './packing.ts';
import type { StagedFile } from './store-files.ts';

/** What was written. */
export interface WrittenBlob {
  readonly digest: Digest;
  /** In bytes, before packing. */
  readonly size: number;
  /** How it was packed, if it was. */
  readonly packing: Packing | undefined;
}

/** Writes one blob. */
export class BlobWriter {
  readonly #file: StagedFile;
  readonly #hash = createHash('sha256');
  readonly #wanted: Packing | undefined;
  /** What is used of the blob's pieces, decided by the first: until then it isn't known. */
  #packing: Packing | undefined | 'undecided';
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #size = 0;

  constructor(file: StagedFile, packing: Packing | undefined) {
    this.#file = file;
    this.#wanted = packing;
    this.#packing = packing && 'undecided';
  }

  /** The bytes are done with when this returns. */
  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#size += bytes.length;
    if (this.#packing === undefined) return this.#file.write(bytes);
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + PIECE - this.#waitingBytes);
      this.#waiting.push(Buffer.from(part));
      this.#waitingBytes += part.length;
      at += part.length;
      if (this.#waitingBytes === PIECE) this.#flush();
    }
  }

  end(): WrittenBlob {
    if (this.#waitingBytes > 0) this.#flush();
    const packing = this.#packing === 'undecided' ? undefined : this.#packing;
    return { digest: this.#hash.digest('hex'), size: this.#size, packing };
  }

  #flush(): void {
    const piece = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#packing === 'undecided') {
      const first = packedFirst(piece, this.#wanted!);
      this.#packing = first && this.#wanted;
      this.#file.write(first ?? piece);
    } else this.#file.write(this.#packing ? packedPiece(piece, this.#packing) : piece);
  }
}
