/** Measured times, and what can be said of them. */

/** A series of measured times in milliseconds. */
export class Latencies {
  readonly #all: number[] = [];
  #sum = 0;

  add(ms: number): void {
    this.#all.push(ms);
    this.#sum += ms;
  }

  /** Not a number without any. */
  get mean(): number {
    return this.#sum / this.#all.length;
  }

  /** By nearest rank: the smallest measured time that at least this share (0 to 1) of all doesn't exceed. */
  percentile(share: number): number {
    const sorted = Float64Array.from(this.#all).toSorted();
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  }
}
