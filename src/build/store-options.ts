/** What a build store is told, and what it tells: its options, and its figures. */
import type { Clock } from '../engine/clock.ts';
import type { Duration, Size } from '../engine/options.ts';
import type { Digest } from './digest.ts';
import type { Packing } from './packing.ts';
import type { ActionRecord } from './record.ts';
import type { Fsync } from './store-files.ts';

/** How a store is opened. */
export interface BuildStoreOptions {
  /** Where the store is, or shall be. It may be shared by any number of processes. */
  readonly directory: string;
  /** Change nothing, not even times of use and statistics. Default: false. */
  readonly readOnly?: boolean;
  /** What survives a power cut; see {@link Fsync}. Default: `'records'`. */
  readonly fsync?: Fsync;
  /**
   * Keep blobs packed where that makes them smaller by a tenth or more. Packed ones can't be linked or cloned. What is there
   * stays as it is, and is read, however it is kept. Default: `'none'`.
   */
  readonly compress?: 'none' | Packing;
  readonly clock?: Clock;
}

/** What pruning leaves; without a limit, only what no record names goes. */
export interface PruneOptions {
  /** Of all blobs, each counted once, and of all records and specs. */
  readonly maxBytes?: Size;
  /** Since the last use, which is known to the hour. */
  readonly maxAge?: Duration;
  /** What was made or used so short a time ago belongs to builds that run, and stays. Default: two hours. */
  readonly grace?: Duration;
  /** Milliseconds since the epoch. Default: the clock's. */
  readonly now?: number;
}

/** A record in a list. */
export interface Listed {
  readonly key: Digest;
  readonly task: ActionRecord['task'];
  readonly createdAt: string;
  /** Milliseconds since the epoch, to the hour. */
  readonly lastUsed: number;
  readonly outputs: number;
  /** Bytes of its outputs. */
  readonly bytes: number;
}

/** What is counted of runs. Times are milliseconds, each said only where it was done. */
export interface RunCounts {
  readonly hits?: number;
  readonly misses?: number;
  readonly restoreMs?: number;
  readonly storeMs?: number;
  /** What the task took when it ran, less what the hit took. */
  readonly savedMs?: number;
}

/** What is in a store and how it was used, by all processes together. */
export interface BuildStoreStats {
  readonly entries: number;
  readonly blobs: number;
  /** Of all blobs, records and specs. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  /** Milliseconds, or null before the first. */
  readonly averageRestoreMs: number | null;
  readonly averageStoreMs: number | null;
  /** What tasks that were hits took when they ran, less what the hits took. In milliseconds. */
  readonly timeSavedMs: number;
  /** Milliseconds since the epoch, or null. */
  readonly lastPruned: number | null;
}
