/** Digests of files that needn't be read, since they were read before and haven't changed. */
import { TidemarkError } from '../engine/errors.ts';
import type { Digest } from './digest.ts';
import { type Disk, isCode, type Stats } from './disk.ts';
import { asBlob, asFile, fileDigest } from './file-digest.ts';
import type { StatIndex } from './stat-index.ts';

/** What was read before. `read` is called where that says nothing, and what it tells is remembered if it can be relied on. */
export interface KnownDigests {
  /** The digest of a file of a package. `path` is absolute, `stats` what `lstat` told of it just now. */
  file(path: string, stats: Stats, read: () => Digest | undefined): Digest | undefined;
  /**
   * The digest of a blob: one whose size, mtime and inode are as when its bytes were read counts as unchanged. Its ctime
   * doesn't count, since each hard link changes it. So one change stays unseen until the store is verified: bytes of
   * the same number, written in place by somebody who makes a read-only file writable and puts its mtime back; and bits
   * that rot on the disk.
   */
  blob(path: string, stats: Stats, read: () => Digest | undefined): Digest | undefined;
}

/** Nothing is known: everything is read. */
export const nothingKnown: KnownDigests = {
  file: (_path, _stats, read) => read(),
  blob: (_path, _stats, read) => read(),
};

/**
 * What a {@link StatIndex} knows: one index serves inputs, outputs in their places, and blobs. What was written less than
 * its granularity ago isn't remembered, outputs that were just restored among it: the next run reads those once more.
 */
export function knownBy(index: StatIndex): KnownDigests {
  return {
    file: (path, stats, read) => index.digest(path, stats, read, asFile),
    blob: (path, stats, read) => index.digest(path, stats, read, asBlob),
  };
}

/** Whether a file has these bytes: as was known before, or by reading it. */
export function hasBytes(
  disk: Disk,
  path: string,
  stats: Stats,
  bytes: { readonly digest: Digest; readonly size: number },
  known: KnownDigests,
): boolean {
  if (!stats.isFile() || stats.size !== BigInt(bytes.size)) return false;
  return known.file(path, stats, () => digestNow(disk, path)) === bytes.digest;
}

/** The digest of a file; `undefined` if it is a link by now, gone, or can't be read by this user. */
export function digestNow(disk: Disk, path: string): Digest | undefined {
  try {
    return fileDigest(path, disk).digest;
  } catch (error) {
    if (error instanceof TidemarkError && isCode(error.cause, 'ELOOP', 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
}
