/** Time, timers and randomness enter through these two small doors, and nowhere else. */

/** Where time comes from. Tests hand in one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch. Used for ages and expiry only: no order between changes ever rests on it. */
  now(): number;
  /** Run `task` once after `ms` milliseconds, without keeping the process alive; the result cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** Where chance comes from: a number from 0 (inclusive) to 1 (exclusive), like `Math.random`. */
export type Random = () => number;

declare function setTimeout(task: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;

/** The machine's own clock and timers. */
export const systemClock: Clock = {
  now: Date.now,
  after(ms, task) {
    const timer = setTimeout(task, Math.min(ms, 2 ** 31 - 1));
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer);
  },
};

/**
 * A clock for hot paths. Reading the system's time costs about two look-ups in a `Map`, so it is read once and kept
 * until a timer of one millisecond has fired, or, in a loop that never lets timers run, until a number of reads that
 * adapts itself to about a millisecond's worth.
 */
export class CoarseClock {
  readonly #clock: Clock;
  readonly #reset: () => void;
  #now = 0;
  #left = 0;
  #budget = 64;
  #armed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#reset = () => {
      this.#armed = false;
      this.#left = 0;
    };
  }

  /** Milliseconds since the epoch, at most about a millisecond old. */
  now(): number {
    return this.#left-- > 0 ? this.#now : this.#read();
  }

  #read(): number {
    const now = this.#clock.now();
    if (this.#armed)
      this.#budget = now - this.#now < 1 ? Math.min(this.#budget * 2, 16_384) : Math.max(this.#budget >> 1, 16);
    else this.#arm();
    this.#left = this.#armed ? this.#budget : 0;
    return (this.#now = now);
  }

  #arm(): void {
    try {
      this.#clock.after(1, this.#reset);
      this.#armed = true;
    } catch {
      // Some platforms forbid timers outside a request; there each read asks the clock.
    }
  }
}
