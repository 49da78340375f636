/** What the LMDB backend offers beyond the contract of a backend. */
import type { Backend, Leases } from '../../engine/backend.ts';
import type { Change, Position } from '../../engine/log.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Mirror } from '../../engine/mirror.ts';
import type { Call, Stored } from '../../engine/store.ts';

/** What is in a file and what has become of it since it was opened here. */
export interface LmdbStats {
  /** Entries, expired ones included until they are swept. */
  readonly entries: number;
  /** Bytes that entries take, without the free pages of the file. */
  readonly bytes: number;
  /** Changes in the log so far. */
  readonly changes: number;
  /** Rows met that weren't what had been written; each was a miss. */
  readonly damaged: number;
  /** Removed since they had expired, and to make room. */
  readonly expired: number;
  readonly evicted: number;
}

/** A backend in an LMDB file. */
export interface LmdbBackend extends Backend {
  commit(change: Change, records: readonly Stored[], call: Call): MaybePromise<Position>;
  readonly leases: Leases;
  readonly mirror: Mirror;
  /** Figures, read from the file. */
  stats(): LmdbStats;
  /** Remove what has expired now; resolves to how many there were. It is done from time to time by itself, too. */
  sweep(options?: SweepOptions): Promise<number>;
  /** Look at everything: recount, compare each row with its checksum, and the index of times with the entries. */
  verify(options?: VerifyOptions): Promise<Verification>;
  /**
   * Give the space of what was removed back to the disk: the file itself never shrinks, so it is copied without its free
   * pages, and the copy takes its place. Writes wait meanwhile.
   *
   * @throws `in_use` if another opening uses the file.
   */
  compact(): Promise<{ readonly before: number; readonly after: number }>;
  /** Copy everything, as it is at one moment, into another directory; the copy is a file of its own with a log of its own. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}

/** How to sweep. */
export interface SweepOptions {
  /** Told after each slice how many have been removed so far. */
  readonly onSweep?: (removed: number) => void;
  readonly signal?: AbortSignal;
}

/** How to verify. */
export interface VerifyOptions {
  /** Remove damaged entries, and mend the index of times and the counts. Default false. */
  readonly repair?: boolean;
  /** Told after each slice how many rows have been looked at. */
  readonly onProgress?: (seen: number) => void;
  readonly signal?: AbortSignal;
}

/** What a verification has found. */
export interface Verification {
  /** Entries, counted, and the bytes that they take. */
  readonly entries: number;
  readonly bytes: number;
  /** Entries whose bytes aren't what was written, or were written with another codec. */
  readonly damaged: number;
  /** Entries with an end that the index of times lacks. */
  readonly untimed: number;
  /** Times in the index that belong to no entry. */
  readonly orphans: number;
  /** Whether the counts that are kept agree; `undefined` if the file was written to by others meanwhile. */
  readonly counted: boolean | undefined;
  /** How much of it has been mended. */
  readonly repaired: number;
}
