/** Bytes by their digest: written once, never changed, and checked when they are read. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import { type Digest, digestOf, digestOfOpen } from './digest.ts';
import { failed, quietly, type StoreFiles, writeAll } from './store-files.ts';

/** Bytes that are in a store. */
export interface StoredBlob {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

/** Why a blob can't be used. */
export type BlobFault = 'blob missing' | 'blob damaged';

/** Whether reading compares bytes with the digest first. Without, only who has verified already may trust them. */
export interface BlobReading {
  readonly verify?: boolean;
}

/** Files are read into this, piece by piece; the work is synchronous, so one is enough for all. */
const PIECE = 1024 * 1024;
let piece: Buffer | undefined;

/** The blobs of a store. */
export class Blobs {
  readonly #files: StoreFiles;
  /** A blob that is used again looks as new as this, in milliseconds, so that pruning spares it. */
  readonly #fresh: number;

  constructor(files: StoreFiles, fresh: number) {
    this.#files = files;
    this.#fresh = fresh;
  }

  path(digest: Digest): string {
    return this.#files.blob(digest);
  }

  putBytes(bytes: Uint8Array): StoredBlob {
    this.#files.mayWrite();
    const blob = { digest: digestOf(bytes), size: bytes.length };
    this.#keep(blob, (fd) => writeAll(fd, bytes));
    return blob;
  }

  /** The file is read once: what is stored is what was hashed, whoever writes to the file meanwhile. */
  putFile(path: string): StoredBlob {
    this.#files.mayWrite();
    const fd = openedFile(path);
    try {
      piece ??= Buffer.allocUnsafeSlow(PIECE);
      const length = filled(fd, piece);
      return length < PIECE ? this.putBytes(piece.subarray(0, length)) : this.#putLarge(fd, piece);
    } catch (error) {
      throw failed(`storing ${path}`, error);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** What is wrong with a blob as it lies there, looking at no more than its size. */
  glance(digest: Digest, size: number | undefined): BlobFault | undefined {
    const stat = fs.lstatSync(this.path(digest), { throwIfNoEntry: false });
    if (!stat) return 'blob missing';
    return stat.isFile() && (size === undefined || stat.size === size) ? undefined : 'blob damaged';
  }

  /** What is wrong with a blob, looking at all of its bytes. A damaged one is put aside. */
  check(digest: Digest): BlobFault | undefined {
    const opened = this.open(digest, {});
    if (typeof opened !== 'number') return opened;
    fs.closeSync(opened);
    return undefined;
  }

  read(digest: Digest, { verify = true }: BlobReading): Uint8Array | BlobFault {
    const fd = this.open(digest, { verify: false });
    if (typeof fd !== 'number') return fd;
    let bytes: Buffer;
    try {
      bytes = fs.readFileSync(fd);
    } catch (error) {
      throw failed(`reading the blob ${digest}`, error);
    } finally {
      fs.closeSync(fd);
    }
    return verify && digestOf(bytes) !== digest ? this.damaged(digest) : bytes;
  }

  /** A descriptor to read from, at the beginning; whoever asked closes it. */
  open(digest: Digest, { verify = true }: BlobReading): number | BlobFault {
    let fd: number;
    try {
      fd = fs.openSync(this.path(digest), READING);
    } catch (error) {
      return this.glance(digest, undefined) ?? failing(digest, error);
    }
    try {
      if (!fs.fstatSync(fd).isFile() || (verify && digestOfOpen(fd) !== digest)) {
        fs.closeSync(fd);
        return this.damaged(digest);
      }
    } catch (error) {
      quietly(() => fs.closeSync(fd));
      return failing(digest, error);
    }
    return fd;
  }

  /** The digest of the bytes that lie there now, or nothing if there are none. Changes nothing. */
  digestNow(digest: Digest): Digest | undefined {
    const fd = fs.existsSync(this.path(digest)) ? openedFile(this.path(digest)) : undefined;
    if (fd === undefined) return undefined;
    try {
      return digestOfOpen(fd);
    } catch (error) {
      return failing(digest, error);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Put a damaged blob aside. */
  damaged(digest: Digest): BlobFault {
    this.#files.quarantine(this.path(digest));
    return 'blob damaged';
  }

  #putLarge(source: number, buffer: Buffer): StoredBlob {
    const hash = createHash('sha256');
    let blob: StoredBlob | undefined;
    let size = 0;
    const copied = (fd: number): void => {
      for (let length = buffer.length; length > 0; length = filled(source, buffer)) {
        const bytes = buffer.subarray(0, length);
        hash.update(bytes);
        writeAll(fd, bytes);
        size += length;
      }
      blob = { digest: hash.digest('hex'), size };
    };
    this.#files.staged(copied, () => (this.#has(blob!) ? undefined : this.path(blob!.digest)), this.#manner());
    return blob!;
  }

  #keep(blob: StoredBlob, write: (fd: number) => void): void {
    if (!this.#has(blob)) this.#files.staged(write, this.path(blob.digest), this.#manner());
  }

  /** Whether it is there; then it is made to look young, unless files of others share it. */
  #has({ digest, size }: StoredBlob): boolean {
    const path = this.path(digest);
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return false;
    if (!stat.isFile() || stat.size !== size) {
      this.#files.quarantine(path);
      return false;
    }
    const now = this.#files.now();
    if (stat.nlink === 1 && Math.abs(now - stat.mtimeMs) > this.#fresh)
      quietly(() => fs.utimesSync(path, now / 1000, now / 1000));
    return true;
  }

  #manner(): { readonly how: 'over'; readonly mode: number; readonly flush: boolean } {
    return { how: 'over', mode: 0o444, flush: this.#files.fsync === 'all' };
  }
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** Where a platform has no such flag, it counts as 0. */
const READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

function failing(digest: Digest, error: unknown): never {
  throw failed(`reading the blob ${digest}`, error);
}

/** A link isn't followed, and a pipe isn't waited for. */
function openedFile(path: string): number {
  let fd: number;
  try {
    fd = fs.openSync(path, READING);
  } catch (error) {
    throw failed(`opening ${path}`, error);
  }
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  throw new TidemarkError('store_failed', `${path} isn't a file`);
}

/** Fill the buffer as far as there are bytes. */
function filled(fd: number, buffer: Buffer): number {
  let length = 0;
  while (length < buffer.length) {
    const read = fs.readSync(fd, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}
