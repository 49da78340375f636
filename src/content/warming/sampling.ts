/** One of n, cheaply: a counter that is told when to look up. */

/**
 * Takes one of `n` on average, the same ones each time. How many it passes over varies between none and twice `n`, since
 * a fixed step would always miss the same part of reads that come in a fixed order. The steps are those of a golden
 * section's multiples, which fill an interval evenly (Knuth, TAOCP 3, 6.4).
 */
export class OneOf {
  readonly #n: number;
  #left = 1;
  #place = 0;

  constructor(n: number) {
    this.#n = n;
  }

  /** Is it this one? */
  take(): boolean {
    if (--this.#left > 0) return false;
    this.#place = (this.#place + 0.618_033_988_749_894_9) % 1;
    this.#left = 1 + Math.floor(this.#place * (2 * this.#n - 1));
    return true;
  }
}
