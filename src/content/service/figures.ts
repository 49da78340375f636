/** The figures of a namespace: one read is one outcome. */

/** How the reads of a namespace were answered. */
export interface Outcomes {
  memory: number;
  kv: number;
  /** Of the two above, with a value old by time. */
  stale: number;
  loaded: number;
  graced: number;
  nothing: number;
  failed: number;
}

/** Figures as programs with a `CacheService` know them, since it was made or last cleared. */
export interface CacheStats {
  /** Reads that memory answered, and those that it didn't. */
  readonly memoryHits: number;
  readonly memoryMisses: number;
  /** Reads that another tier answered, and those that no tier answered. */
  readonly kvHits: number;
  readonly kvMisses: number;
  /** Reads that a fetcher answered: one's own, or one that another read had begun. */
  readonly dbHits: number;
  /** Reads that found nothing and brought no fetcher. */
  readonly misses: number;
  /** Reads that ended with an error of a fetcher. */
  readonly failed: number;
  /** Of all hits, those whose value was old by time. */
  readonly staleHits: number;
  /** All reads: `memoryHits`, `kvHits`, `dbHits`, `misses`, `failed`, and what was answered since a fetcher failed. */
  readonly totalRequests: number;
  /** Reads that a tier answered, in percent of all; 0 without any. */
  readonly hitRate: number;
  /** Bytes that memory holds for all namespaces together; `undefined` if it has no limit in bytes and doesn't weigh. */
  readonly memorySize: number | undefined;
  /** Values of this namespace in memory that nothing has made wrong. */
  readonly entryCount: number;
}

/** Counters at zero. */
export function noOutcomes(): Outcomes {
  return { memory: 0, kv: 0, stale: 0, loaded: 0, graced: 0, nothing: 0, failed: 0 };
}

/** The figures that outcomes make. */
export function figuresOf(outcomes: Readonly<Outcomes>): Omit<CacheStats, 'memorySize' | 'entryCount'> {
  const { memory, kv, stale, loaded, graced, nothing, failed } = outcomes;
  const missed = loaded + graced + nothing + failed;
  const all = memory + kv + missed;
  return {
    memoryHits: memory,
    memoryMisses: kv + missed,
    kvHits: kv,
    kvMisses: missed,
    dbHits: loaded,
    misses: nothing,
    failed,
    staleHits: stale + graced,
    totalRequests: all,
    hitRate: all === 0 ? 0 : (100 * (memory + kv + graced)) / all,
  };
}
