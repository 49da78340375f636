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
 * A clock for hot paths. Reading the system's time costs about two look-ups in a `Map`, so it is read once and kept until
 * a timer of one millisecond has fired. Code that never lets timers run keeps the time from moving; whoever can afford it
 * calls {@link CoarseClock.tick} now and then, which reads it anew once in a while.
 */
export class CoarseClock {
  readonly #clock: Clock;
  readonly #onRead: () => void;
  readonly #forget: () => void;
  readonly #reads: 'now and then' | 'at each look';
  #left = 0;
  #armed = false;
  /**
   * Milliseconds since the epoch, at most about a millisecond old, or `Infinity` while it isn't known: what compares with
   * it then takes the way on which {@link CoarseClock.now} is called.
   */
  time: number = Infinity;

  /**
   * `onRead` is called whenever the clock has been read, but never by {@link CoarseClock.quietly}. Where a timer may end
   * with the request that set it, the time is never kept.
   */
  constructor(clock: Clock, onRead: () => void = () => {}, reads: 'now and then' | 'at each look' = 'now and then') {
    this.#clock = clock;
    this.#onRead = onRead;
    this.#reads = reads;
    this.#forget = () => {
      this.#armed = false;
      this.time = Infinity;
    };
  }

  /** Milliseconds since the epoch, at most about a millisecond old. */
  now(): number {
    return this.time === Infinity ? this.#read() : this.tick();
  }

  /** The kept time, read anew every thousandth time; `Infinity` while none is kept. */
  tick(): number {
    return this.#left-- > 0 ? this.time : this.#read();
  }

  /** The same without calling `onRead`: for who is in the middle of something that news must not overtake. */
  quietly(): number {
    return this.time === Infinity ? this.#clock.now() : this.time;
  }

  #read(): number {
    const now = this.#clock.now();
    this.#left = 1000;
    if (this.#reads === 'now and then' && this.#arm()) this.time = now;
    this.#onRead();
    return now;
  }

  #arm(): boolean {
    try {
      if (!this.#armed) this.#clock.after(1, this.#forget);
      return (this.#armed = true);
    } catch {
      return false; // some platforms forbid timers outside a request; there every read asks the clock
    }
  }
}
