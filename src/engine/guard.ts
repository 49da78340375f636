/** Asking what may fail: a time limit for every operation, and a breaker that leaves alone what keeps failing. */
import { Breaker, type BreakerOptions, type BreakerState } from './breaker.ts';
import type { Clock } from './clock.ts';
import { TidemarkError } from './errors.ts';
import type { Emitter } from './events.ts';
import { isPromise, type MaybePromise } from './maybe.ts';
import type { Call } from './store.ts';

/** The answer of an operation that didn't work: what failed has been counted and told. */
export const FAILED: unique symbol = Symbol('failed');

/** When an operation counts as failed, and when to stop asking. Milliseconds. */
export interface GuardSettings {
  readonly timeout: number;
  readonly breaker: BreakerOptions;
}

const NEVER: Call = { signal: new AbortController().signal };

/** Stands between the cache and one store or log. */
export class Guard {
  /** Operations that failed, and operations not tried since the breaker was open. */
  failures = 0;
  skipped = 0;
  readonly name: string;
  readonly #sync: boolean;
  readonly #timeout: number;
  readonly #clock: Clock;
  readonly #events: Emitter;
  readonly #breaker: Breaker;

  /** `sync`: operations answer without a promise, and so without a time limit. */
  constructor(name: string, sync: boolean, settings: GuardSettings, clock: Clock, events: Emitter) {
    this.name = name;
    this.#sync = sync;
    this.#timeout = settings.timeout;
    this.#clock = clock;
    this.#events = events;
    this.#breaker = new Breaker(settings.breaker);
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /**
   * Try an operation: within its time, unless the breaker is open. Never throws; a failure is counted, told, and answered
   * with {@link FAILED}.
   */
  attempt<T>(operation: string, run: (call: Call) => MaybePromise<T>): MaybePromise<T | typeof FAILED> {
    if (this.#breaker.allows(this.#clock.now())) return this.insist(operation, run);
    this.skipped++;
    return FAILED;
  }

  /** As {@link Guard.attempt}, also while the breaker is open: for what has no other chance. */
  insist<T>(operation: string, run: (call: Call) => MaybePromise<T>): MaybePromise<T | typeof FAILED> {
    if (this.#sync) {
      try {
        const answer = run(NEVER);
        if (!isPromise(answer)) {
          this.#succeeded();
          return answer;
        }
        return this.#timed(operation, () => answer);
      } catch (error) {
        return this.#failed(operation, error);
      }
    }
    return this.#timed(operation, run);
  }

  #timed<T>(operation: string, run: (call: Call) => MaybePromise<T>): Promise<T | typeof FAILED> {
    const controller = new AbortController();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#timeout, () => {
        const late = new TidemarkError(
          'store_timeout',
          `${this.name}: ${operation} took longer than ${this.#timeout} ms`,
        );
        controller.abort(late);
        resolve(this.#failed(operation, late));
      });
      const settle = (answer: T | typeof FAILED) => {
        cancel();
        resolve(answer);
      };
      const fail = (error: unknown) => {
        if (controller.signal.aborted) return;
        settle(this.#failed(operation, error));
      };
      try {
        Promise.resolve(run({ signal: controller.signal })).then((answer) => {
          if (controller.signal.aborted) return;
          this.#succeeded();
          settle(answer);
        }, fail);
      } catch (error) {
        fail(error);
      }
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
