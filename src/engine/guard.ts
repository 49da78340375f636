/** Asking what may fail: a time limit for every operation, and a breaker that leaves alone what keeps failing. */
import { Breaker, type BreakerOptions, type BreakerState } from './breaker.ts';
import type { Clock } from './clock.ts';
import { TidemarkError } from './errors.ts';
import type { Emitter } from './events.ts';
import { LazyAbort } from './lazy-abort.ts';
import type { MaybePromise } from './maybe.ts';
import type { Call } from './store.ts';

/** The answer of an operation that didn't work: what failed has been counted and told. */
export const FAILED: unique symbol = Symbol('failed');

/** When an operation counts as failed, and when to stop asking. Milliseconds. */
export interface GuardSettings {
  readonly timeout: number;
  readonly breaker: BreakerOptions;
}

/** Stands between the cache and one store or log. */
export class Guard {
  /** Operations that failed, and operations not tried since the breaker was open. */
  failures = 0;
  skipped = 0;
  readonly name: string;
  readonly #timeout: number;
  readonly #clock: Clock;
  readonly #events: Emitter;
  readonly #breaker: Breaker;

  constructor(name: string, settings: GuardSettings, clock: Clock, events: Emitter) {
    this.name = name;
    this.#timeout = settings.timeout;
    this.#clock = clock;
    this.#events = events;
    this.#breaker = new Breaker({ ...settings.breaker, lost: 2 * settings.timeout });
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /** True if what was tried last failed: the next may take its whole time as well. */
  get failing(): boolean {
    return this.#breaker.failing;
  }

  /**
   * Try an operation, unless the breaker is open. What doesn't answer at once has its time, after which the call's signal
   * aborts. Never throws; a failure is counted, told, and answered with {@link FAILED}.
   */
  attempt<T>(operation: string, run: (call: Call) => MaybePromise<T>): MaybePromise<T | typeof FAILED> {
    if (this.#breaker.state === 'closed' || this.#breaker.allows(this.#clock.now())) return this.insist(operation, run);
    this.skipped++;
    return FAILED;
  }

  /** As {@link Guard.attempt}, also while the breaker is open: for what has no other chance. */
  insist<T>(operation: string, run: (call: Call) => MaybePromise<T>): MaybePromise<T | typeof FAILED> {
    const call = new LazyAbort();
    try {
      const answer = run(call);
      if (isThenable(answer)) return this.#timed(operation, answer, call);
      this.#succeeded();
      return answer;
    } catch (error) {
      return this.#failed(operation, error);
    }
  }

  #timed<T>(operation: string, work: PromiseLike<T>, call: LazyAbort): Promise<T | typeof FAILED> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#timeout, () => {
        const late = new TidemarkError(
          'store_timeout',
          `${this.name}: ${operation} took longer than ${this.#timeout} ms`,
        );
        call.abort(late);
        resolve(this.#failed(operation, late));
      });
      work.then(
        (answer) => {
          if (call.aborted) return;
          cancel();
          this.#succeeded();
          resolve(answer);
        },
        (error: unknown) => {
          if (call.aborted) return;
          cancel();
          resolve(this.#failed(operation, error));
        },
      );
    });
  }

  #succeeded(): void {
    if (this.#breaker.succeeded()) this.#events.emit('breaker', { tier: this.name, state: 'closed' });
  }

  #failed(operation: string, error: unknown): typeof FAILED {
    this.failures++;
    // A value that the store can't represent is the value's fault: it says nothing about the store.
    if (error instanceof TidemarkError && error.code === 'bad_value') this.#succeeded();
    else if (this.#breaker.failed(this.#clock.now())) this.#events.emit('breaker', { tier: this.name, state: 'open' });
    const told =
      error instanceof TidemarkError
        ? error
        : new TidemarkError('store_failed', `${this.name}: ${operation} failed`, error);
    this.#events.emit('tierFailed', { tier: this.name, operation, error: told });
    return FAILED;
  }
}

/** Something to wait for: also what isn't a `Promise` itself, as some clients answer with. */
function isThenable<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function';
}
