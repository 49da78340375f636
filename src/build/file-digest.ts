/** The digest of a file's content, read in pieces into one buffer, and the file's state as it was all the while. */
import { type BigIntStats, constants } from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import { type Digest, digestOfOpen } from './digest.ts';
import type { Disk } from './disk.ts';

const ATTEMPTS = 3;

/** What tells two states of a file apart without reading it. */
export type FileState = Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino' | 'dev'>;

/** How a change of a file is told. */
export interface Sameness {
  /** Whether a file is as it was. */
  readonly isSame: (a: FileState, b: FileState) => boolean;
  /** When it was changed last. */
  readonly changedAt: (state: FileState) => bigint;
}

/** Of any file: by all that the system says of it. */
export const asFile: Sameness = {
  isSame: (a, b) => asBlob.isSame(a, b) && a.ctimeNs === b.ctimeNs,
  changedAt: ({ mtimeNs, ctimeNs }) => (mtimeNs > ctimeNs ? mtimeNs : ctimeNs),
};

/** Of one that gets other names, too: each changes its ctime, and nothing of its bytes. */
export const asBlob: Sameness = {
  isSame: (a, b) => a.mtimeNs === b.mtimeNs && a.size === b.size && a.ino === b.ino && a.dev === b.dev,
  changedAt: ({ mtimeNs }) => mtimeNs,
};

/**
 * The digest of a file, which isn't followed if it is a link, with the state in which it was read: a file that changes
 * while it is read is read again. Throws `store_failed` when it can't be read, or won't hold still.
 */
export function fileDigest(path: string, disk: Disk): { readonly digest: Digest; readonly stats: BigIntStats } {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const descriptor = opened(path, disk);
    try {
      const before = disk.fstatSync(descriptor, { bigint: true });
      const digest = digestOfOpen(descriptor, disk);
      const stats = disk.fstatSync(descriptor, { bigint: true });
      if (asFile.isSame(before, stats)) return { digest, stats };
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      disk.closeSync(descriptor);
    }
  }
  throw new TidemarkError('store_failed', `${path} keeps changing while it is read`);
}

/** The error for a path that can't be read. */
export function unreadable(path: string, cause: unknown): TidemarkError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TidemarkError('store_failed', `${path} can't be read: ${why}`, cause);
}

function opened(path: string, disk: Disk): number {
  try {
    // Not followed, and not waited for: a pipe that nobody writes to would otherwise hang the build.
    return disk.openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(path, error);
  }
}
