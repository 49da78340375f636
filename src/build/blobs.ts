/** Bytes by their digest: written once, never changed, and checked when they are read. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import { BlobWriter, type WrittenBlob } from './blob-writer.ts';
import { type Digest, digestOf, isDigest } from './digest.ts';
import { endings, filled, type Packing, PIECE, unpackedPieces } from './packing.ts';
import type { NamedBlob } from './sealed-record.ts';
import { failed, type Manner, quietly, type StagedFile, type StoreFiles, TOUCHED, writeAll } from './store-files.ts';

/** Bytes that are in a store. */
export interface StoredBlob {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

/** Why a blob can't be used. */
export type BlobFault = 'blob missing' | 'blob damaged';

/** Files are read into this, piece by piece; the work is synchronous, so one is enough for all. */
let shared: Buffer | undefined;

/** The digest that a file among the blobs has by its name, or nothing if it isn't one's. */
export function digestNamed(name: string): Digest | undefined {
  const [digest, ending] = [name.slice(0, 64), name.slice(64)];
  return isDigest(digest) && (ending === '' || packingOf(name) !== undefined) ? digest : undefined;
}

/** The blobs of a store. */
export class Blobs {
  readonly #files: StoreFiles;
  readonly #packing: Packing | undefined;

  constructor(files: StoreFiles, packing: Packing | undefined) {
    this.#files = files;
    this.#packing = packing;
  }

  path(digest: Digest): string {
    return this.#files.blob(digest);
  }

  putBytes(bytes: Uint8Array): StoredBlob {
    this.#files.mayWrite();
    const blob = { digest: digestOf(bytes), size: bytes.length };
    if (!this.#has(blob)) this.#put((writer) => writer.write(bytes));
    return blob;
  }

  /** The file is read once: what is stored is what was hashed, whoever writes to the file meanwhile. */
  putFile(path: string): StoredBlob {
    this.#files.mayWrite();
    const fd = openedFile(path);
    try {
      const buffer = (shared ??= Buffer.allocUnsafeSlow(PIECE));
      let length = filled(fd, buffer);
      if (length < PIECE) return this.putBytes(buffer.subarray(0, length));
      return this.#put((writer) => {
        for (; length > 0; length = filled(fd, buffer)) writer.write(buffer.subarray(0, length));
      });
    } catch (error) {
      throw failed(`storing ${path}`, error);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** What comes little by little is stored if it has this digest. Throws `bad_bytes` if not, and then nothing is left. */
  async receive(digest: Digest, chunks: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    this.#files.mayWrite();
    let blob: WrittenBlob | undefined;
    const write = async (file: StagedFile): Promise<void> => {
      const writer = new BlobWriter(file, this.#packing);
      for await (const chunk of chunks) writer.write(chunk);
      blob = writer.end();
      if (blob.digest !== digest) throw notTheBytes(digest);
    };
    await this.#files.stagedLater(write, () => this.#target(blob!), this.#manner());
    return { digest, size: blob!.size };
  }

  /** What is wrong with a blob as it lies there, looking at no more than its size, which a packed one doesn't tell. */
  glance(digest: Digest, size: number | undefined): BlobFault | undefined {
    const path = this.path(digest);
    for (const [, ending] of [PLAIN, ...endings]) {
      const stat = fs.lstatSync(path + ending, { throwIfNoEntry: false });
      if (!stat) continue;
      return stat.isFile() && (ending !== '' || size === undefined || stat.size === size) ? undefined : 'blob damaged';
    }
    return 'blob missing';
  }

  /** The first fault of these, at a glance. A damaged one is put aside. */
  fault(blobs: Iterable<NamedBlob>): BlobFault | undefined {
    for (const { digest, size } of blobs) {
      const fault = this.glance(digest, size);
      if (fault === 'blob damaged') this.#putAside(digest);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** What is wrong with a blob, looking at all of its bytes. A damaged one is put aside. */
  check(digest: Digest): BlobFault | undefined {
    return this.#faultOf(digest, (source) => {
      for (const _ of this.#pieces(digest, 'passed', source)); // to its end, where it is known
    });
  }

  /** All of its bytes, or what is wrong with them; then a damaged one is put aside. */
  read(digest: Digest): Buffer | BlobFault {
    let bytes: Buffer | undefined;
    const fault = this.#faultOf(digest, (source) => {
      bytes = Buffer.concat([...this.#pieces(digest, 'kept', source)]);
    });
    return fault ?? bytes!;
  }

  /** Write a packed blob to a descriptor; false if it isn't packed. Throws `bad_bytes`, having put a damaged one aside. */
  unpack(digest: Digest, descriptor: number): boolean {
    const path = this.path(digest);
    if (!endings.some(([, ending]) => fs.existsSync(path + ending))) return false;
    for (const piece of this.#pieces(digest, 'passed')) writeAll(descriptor, piece);
    return true;
  }

  /** The bytes, piece by piece. Throws `bad_bytes` at the end if they weren't the digest's, or at once if there are none. */
  async *chunks(digest: Digest): AsyncGenerator<Uint8Array> {
    yield* this.#pieces(digest, 'kept');
  }

  /** Whether the file of this path, which may be packed, has the bytes that its name says; nothing if it is gone. */
  isRight(path: string, digest: Digest): boolean | undefined {
    const fd = openedIfThere(path);
    if (fd === undefined) return undefined;
    try {
      const hash = createHash('sha256');
      for (const piece of piecesOf(fd, packingOf(path), 'passed')) hash.update(piece);
      return hash.digest('hex') === digest;
    } catch (error) {
      if (error instanceof TidemarkError && error.code === 'bad_bytes') return false;
      throw failed(`reading ${path}`, error);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Whether one of its files, packed or not, is right. */
  isServed(digest: Digest): boolean {
    return [PLAIN, ...endings].some(([, ending]) => this.isRight(this.path(digest) + ending, digest) === true);
  }

  /** Throws `bad_bytes` at the end if they weren't right, and then they are put aside. */
  *#pieces(digest: Digest, how: Handling, source = this.#opened(digest)): Generator<Buffer> {
    if (source === undefined) throw notTheBytes(digest);
    const hash = createHash('sha256');
    try {
      for (const piece of piecesOf(source.fd, source.packing, how)) {
        hash.update(piece);
        yield piece;
      }
      if (hash.digest('hex') !== digest) throw notTheBytes(digest);
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw failed(`reading the blob ${digest}`, error);
      if (error.code === 'bad_bytes') this.#files.quarantine(source.path);
      throw error;
    } finally {
      fs.closeSync(source.fd);
    }
  }

  /** Plain or packed. What isn't a file is put aside. */
  #opened(digest: Digest): Source | undefined {
    for (const [packing, ending] of [PLAIN, ...endings]) {
      const path = this.path(digest) + ending;
      const stat = fs.lstatSync(path, { throwIfNoEntry: false });
      if (!stat) continue;
      if (!stat.isFile()) {
        this.#files.quarantine(path);
        continue;
      }
      const fd = openedIfThere(path);
      if (fd !== undefined) return { fd, path, packing };
    }
    return undefined;
  }

  #faultOf(digest: Digest, read: (source: Source) => void): BlobFault | undefined {
    const source = this.#opened(digest);
    if (source === undefined) return 'blob missing';
    try {
      read(source);
      return undefined;
    } catch (error) {
      if (error instanceof TidemarkError && error.code === 'bad_bytes') return 'blob damaged';
      throw error;
    }
  }

  #putAside(digest: Digest): void {
    for (const [, ending] of [PLAIN, ...endings]) this.#files.quarantine(this.path(digest) + ending);
  }

  #put(write: (writer: BlobWriter) => void): StoredBlob {
    let blob: WrittenBlob | undefined;
    this.#files.staged(
      (file) => {
        const writer = new BlobWriter(file, this.#packing);
        write(writer);
        blob = writer.end();
      },
      () => this.#target(blob!),
      this.#manner(),
    );
    return { digest: blob!.digest, size: blob!.size };
  }

  /** Where what was written goes, unless it is there. */
  #target(blob: WrittenBlob): string | undefined {
    const [, ending] = endings.find(([packing]) => packing === blob.packing) ?? PLAIN;
    return this.#has(blob) ? undefined : this.path(blob.digest) + ending;
  }

  /** Whether it is there; then it is made to look young, unless files of others share it. */
  #has({ digest, size }: StoredBlob): boolean {
    const fault = this.fault([{ digest, size }]);
    if (fault !== undefined) return false;
    const now = this.#files.now();
    for (const [, ending] of [PLAIN, ...endings]) {
      const path = this.path(digest) + ending;
      const stat = fs.lstatSync(path, { throwIfNoEntry: false });
      if (stat?.nlink === 1 && Math.abs(now - stat.mtimeMs) > TOUCHED)
        quietly(() => fs.utimesSync(path, now / 1000, now / 1000));
      if (stat) return true;
    }
    return false;
  }

  #manner(): Manner {
    return { how: 'over', mode: 0o444, flush: this.#files.fsync === 'all' };
  }
}

/** An open file of a blob. */
interface Source {
  readonly fd: number;
  readonly path: string;
  readonly packing: Packing | undefined;
}

/** Pieces that go on to be used have this length, in bytes. */
const SENT = 256 * 1024;
/** Whether a piece is done with when the next is asked for, or goes on to be used. */
type Handling = 'passed' | 'kept';

const PLAIN: readonly [undefined, string] = [undefined, ''];
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** Where a platform has no such flag, it counts as 0. */
const READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

function packingOf(path: string): Packing | undefined {
  return endings.find(([, ending]) => path.endsWith(ending))?.[0];
}

function piecesOf(fd: number, packing: Packing | undefined, how: Handling): Generator<Buffer> {
  return packing ? unpackedPieces(fd, packing) : plainPieces(fd, how);
}

function* plainPieces(fd: number, how: Handling): Generator<Buffer> {
  for (let isEnd = false; !isEnd;) {
    const buffer = how === 'passed' ? (shared ??= Buffer.allocUnsafeSlow(PIECE)) : Buffer.allocUnsafe(SENT);
    const length = filled(fd, buffer);
    if (length > 0) yield buffer.subarray(0, length);
    isEnd = length < buffer.length;
  }
}

function notTheBytes(digest: Digest): TidemarkError {
  return new TidemarkError('bad_bytes', `these aren't the bytes of ${digest}`);
}

/** Others may prune meanwhile. */
function openedIfThere(path: string): number | undefined {
  try {
    return openedFile(path);
  } catch (error) {
    if (fs.lstatSync(path, { throwIfNoEntry: false })) throw error;
    return undefined;
  }
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
