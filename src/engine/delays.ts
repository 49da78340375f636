/** How long changes of others were on their way: the newest few hundred measurements, and what most of them stayed below. */

const KEPT = 512;

/** Delivery delays in milliseconds. Each is an upper bound: what passed by the log's own clock, plus the way of the answer. */
export interface DelayStats {
  /** Changes measured since the cache was made. */
  readonly count: number;
  /** Half of the newest 512 came within `p50`, 99 of 100 within `p99`, all within `max`; 0 without any. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Takes delays and sums them up. */
export class Delays {
  readonly #ring: number[] = [];
  #count = 0;

  add(ms: number): void {
    this.#ring[this.#count++ % KEPT] = ms;
  }

  get stats(): DelayStats {
    const sorted = this.#ring.toSorted((a, b) => a - b);
    const below = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return { count: this.#count, p50: below(0.5), p99: below(0.99), max: below(1) };
  }
}
