/** Counters. One read is one outcome; every figure was counted where it happened. */
import type { BreakerState } from './breaker.ts';
import type { DelayStats } from './delays.ts';
import type { Usage } from './store.ts';

/** How a collection's reads ended, and what they cost. */
export interface ReadCounts {
  /** Answered by a tier with a fresh value. */
  hits: number;
  /** Answered with a value old by time that `staleFor`, `graceFor` or `timeout.soft` allowed. */
  stale: number;
  /** Answered by a load that this read began. */
  loaded: number;
  /** Answered by a load that another read had begun. */
  joined: number;
  /** No value, and no load was wanted. */
  absent: number;
  /** Ended with an error. */
  failed: number;
  /** Given up by the caller's signal. */
  aborted: number;
}

/** What went on beside the reads. */
export interface WorkCounts {
  /** Loads that ended, well or not. */
  loads: number;
  loadFailures: number;
  /** Loads whose value was answered but not kept, since something that it rests on changed meanwhile. */
  overtaken: number;
  /** Refreshes begun in the background. */
  refreshes: number;
  sets: number;
}

/** All counters of one collection. */
export type Counts = ReadCounts & WorkCounts;

/** Counters at zero. */
export function newCounts(): Counts {
  return {
    hits: 0,
    stale: 0,
    loaded: 0,
    joined: 0,
    absent: 0,
    failed: 0,
    aborted: 0,
    loads: 0,
    loadFailures: 0,
    overtaken: 0,
    refreshes: 0,
    sets: 0,
  };
}

/** A snapshot of one collection's counters, with what follows from them. */
export interface CollectionStats extends Readonly<Counts> {
  /** All reads that ended: the sum of the seven outcomes. */
  readonly reads: number;
  /** Reads answered without waiting for a load (hits and stale), as a share of all that got an answer; 0 without any. */
  readonly hitRatio: number;
}

/** The snapshot of some counters. */
export function summed(all: Iterable<Readonly<Counts>>): CollectionStats {
  const sum = newCounts();
  for (const counts of all) for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
  const { hits, stale, loaded, joined, absent, failed, aborted } = sum;
  const answered = hits + stale + loaded + joined + absent;
  return { ...sum, reads: answered + failed + aborted, hitRatio: answered === 0 ? 0 : (hits + stale) / answered };
}

/**
 * How far a tier isn't believed: `partly` while a change waits to be said (what rests on it isn't served), `wholly` while
 * the log has not been met or has been silent for too long.
 */
export type Distrust = 'no' | 'partly' | 'wholly';

/** Figures of one tier. */
export interface TierStats {
  readonly name: string;
  readonly reads: number;
  /** Reads that found an entry, valid or not. A hit straight from memory is counted by its collection alone. */
  readonly found: number;
  readonly failures: number;
  /** Operations not tried: the breaker was open, or too many writes were under way. */
  readonly skipped: number;
  readonly breaker: BreakerState;
  /** Whether what it has is believed. */
  readonly distrusted: Distrust;
  readonly usage: Usage | undefined;
  /** What its store counts besides. */
  readonly gauges: Readonly<Record<string, number>>;
}

/** Figures of a cache. */
export interface CacheStats extends CollectionStats {
  readonly collections: Readonly<Record<string, CollectionStats>>;
  readonly tiers: readonly TierStats[];
  readonly log: {
    /** Which log it is; empty until all is known that it had when it was met: before that nothing is vouched for. */
    readonly incarnation: string;
    /** The newest mark known, and the mark up to which all changes are. */
    readonly known: number;
    readonly applied: number;
    /** Dependencies whose change waits to be said; while there are any, nothing that rests on them is served. */
    readonly unsaid: number;
    /**
     * Milliseconds since the moment up to which everything in the log is known here: what others have changed since may
     * not be seen yet. `Infinity` before the log was first heard.
     */
    readonly silentFor: number;
    /** True while that is more than `maxSilence`: what was held before is not served. */
    readonly silent: boolean;
    /** How long the changes of others were on their way, if the log has a clock to tell by. */
    readonly delivery: DelayStats;
    /** Stamps held exactly, stamps in the bounded table, and its floor. */
    readonly stamps: { readonly held: number; readonly table: number; readonly floor: number };
  };
}
