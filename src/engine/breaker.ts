/** A breaker: after some failures in a row something is left alone for a while, then tried once. */

/** When to leave a tier alone. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds that it stays open at first; doubled with each failed probe. */
  readonly pause: number;
  /** The longest pause, in milliseconds. */
  readonly longestPause: number;
  /** Milliseconds after which a probe of which nothing has been heard is lost, and another one may pass. Default never. */
  readonly lost?: number;
}

/** Closed (everything passes), open (nothing passes), or half-open (one probe is under way). */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Counts failures in a row. It holds no timer: an open breaker lets a probe through when it is asked late enough. */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #failures = 0;
  #pause: number;
  #until = 0;
  #probed = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#pause = options.pause;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** True from a failure on until something works again. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** May something be tried now? If so, {@link succeeded} or {@link failed} must be told of it. */
  allows(now: number): boolean {
    if (this.#state === 'closed') return true;
    if (this.#state === 'half-open' ? this.#isProbing(now) : now < this.#until) return false;
    this.#state = 'half-open';
    this.#probed = now;
    return true;
  }

  /** A probe may end without a word with the request that it belongs to. */
  #isProbing(now: number): boolean {
    return Math.abs(now - this.#probed) < (this.#options.lost ?? Infinity);
  }

  /** What was tried worked. True if that closed the breaker. */
  succeeded(): boolean {
    this.#failures = 0;
    if (this.#state === 'closed') return false;
    this.#state = 'closed';
    this.#pause = this.#options.pause;
    return true;
  }

  /** What was tried failed. True if that opened the breaker. */
  failed(now: number): boolean {
    this.#failures++;
    if (this.#state === 'half-open') this.#pause = Math.min(this.#pause * 2, this.#options.longestPause);
    else if (this.#state === 'open' || this.#failures < this.#options.failures) return false;
    this.#state = 'open';
    this.#until = now + this.#pause;
    return true;
  }
}
