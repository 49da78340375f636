/** Copies of files: cloned where the file system can, else through one buffer. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import type { Digest } from './digest.ts';
import { type Disk, NO_FOLLOW } from './disk.ts';

/** What a copy shall be. */
export interface CopyOptions {
  /** In bytes. */
  readonly size: number;
  /** Permission bits, whatever the process's umask is. */
  readonly mode: number;
  /** When it says it was changed, in milliseconds since the epoch. Default: now. */
  readonly mtime: number | undefined;
}

const READING = constants.O_RDONLY | NO_FOLLOW | (constants.O_NONBLOCK ?? 0);
const PIECE = 1024 * 1024;
let piece: Buffer | undefined;

/** Opens a file to copy it. A link isn't followed, and a pipe isn't waited for. */
export function openSource(disk: Disk, path: string): number {
  return disk.openSync(path, READING);
}

/** Makes a file that nobody has yet, lets `write` fill it, and gives it mode and time. */
export function makeFile(
  disk: Disk,
  place: string,
  { mode, mtime }: CopyOptions,
  write: (descriptor: number) => void,
): void {
  const to = disk.openSync(place, 'wx', 0o600);
  try {
    write(to);
    disk.fchmodSync(to, mode);
    if (mtime !== undefined) disk.futimesSync(to, mtime / 1000, mtime / 1000);
  } finally {
    disk.closeSync(to);
  }
}

/**
 * Copies what an open file has from where it stands, and tells its digest if that is asked for. Throws `bad_bytes` if there
 * are fewer bytes than `size`; more aren't looked at.
 */
export function copyOpen(
  disk: Disk,
  from: number,
  place: string,
  options: CopyOptions,
  want: 'copy' | 'digest',
): Digest | undefined {
  piece ??= Buffer.allocUnsafeSlow(PIECE); // the work is synchronous, so one is enough for all
  const buffer = piece;
  const hash = want === 'digest' ? createHash('sha256') : undefined;
  makeFile(disk, place, options, (to) => {
    for (let left = options.size; left > 0;) {
      const read = disk.readSync(from, buffer, 0, Math.min(PIECE, left), null);
      if (read === 0) throw new TidemarkError('bad_bytes', `${left} bytes of ${place} are missing`);
      const bytes = buffer.subarray(0, read);
      hash?.update(bytes);
      for (let at = 0; at < read;) at += disk.writeSync(to, bytes, at, read - at);
      left -= read;
    }
  });
  return hash?.digest('hex');
}

/** Clones files, which costs no bytes, until the file system once says that it can't. */
export class Cloning {
  readonly #disk: Disk;
  #works = true;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Whether it is worth trying. */
  get works(): boolean {
    return this.#works;
  }

  /** Whether `place` is a clone of the file now; if not, nothing is there. */
  clone(from: string, place: string, { mode, mtime }: CopyOptions): boolean {
    try {
      this.#disk.copyFileSync(from, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    } catch {
      this.#works = false;
      return false;
    }
    const to = openSource(this.#disk, place);
    try {
      this.#disk.fchmodSync(to, mode);
      if (mtime !== undefined) this.#disk.futimesSync(to, mtime / 1000, mtime / 1000);
    } finally {
      this.#disk.closeSync(to);
    }
    return true;
  }
}
