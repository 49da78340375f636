/** A clock that stands still until a test moves it: time passes only in `advance`, and timers fire in the order they are due. */
import type { Clock } from '../engine/clock.ts';
import { turn } from '../engine/turn.ts';

/** A clock moved by hand. */
export interface ManualClock extends Clock {
  /** Timers that are set and have neither fired nor been cancelled. */
  readonly pending: number;
  /**
   * Let `ms` milliseconds pass. Every timer due meanwhile fires at its own time, the earliest first, those of one moment
   * in the order they were set; timers that these set are included. What a timer throws ends the call at that moment.
   *
   * @throws RangeError for a negative or infinite `ms`, and when a timer re-arms itself without end at one moment.
   */
  advance(ms: number): void;
  /** As {@link ManualClock.advance}, but all promises that can settle do so before the first timer and after each one. */
  advanceAsync(ms: number): Promise<void>;
}

/** Options of {@link manualClock}. */
export interface ManualClockOptions {
  /** Milliseconds since the epoch at which it stands first. Default 1,000,000,000,000 (2001-09-09). */
  readonly now?: number;
}

/**
 * A clock for tests.
 *
 * @example
 * const clock = manualClock();
 * const cache = createCache({ clock });
 * await clock.advanceAsync(60_000);
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  return new HandMovedClock(options.now ?? 1_000_000_000_000);
}

interface Timer {
  readonly due: number;
  readonly task: () => void;
}

const MOST_AT_ONCE = 100_000; // timers fired at one moment; more means that one re-arms itself with no delay

class HandMovedClock implements ManualClock {
  #now: number;
  /** Timers by due time; those of one moment in the order they were set. */
  readonly #timers: Timer[] = [];
  #firedNow = 0;

  constructor(now: number) {
    this.#now = now;
  }

  get pending(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): () => void {
    const timer: Timer = { due: this.#now + (ms > 0 ? ms : 0), task };
    this.#timers.splice(this.#placeOf(timer.due), 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  advance(ms: number): void {
    const end = this.#endOf(ms);
    while (this.#fireNext(end));
    this.#moveTo(end);
  }

  async advanceAsync(ms: number): Promise<void> {
    const end = this.#endOf(ms);
    await turn();
    while (this.#fireNext(end)) await turn();
    this.#moveTo(end);
  }

  /** Where a timer belongs: after all that are due no later. */
  #placeOf(due: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timers[middle].due <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #endOf(ms: number): number {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`a clock can't be advanced by ${ms} ms`);
    return this.#now + ms;
  }

  #fireNext(end: number): boolean {
    const timer = this.#timers[0];
    if (timer === undefined || timer.due > end) return false;
    this.#moveTo(timer.due);
    if (++this.#firedNow > MOST_AT_ONCE) throw new RangeError(`more than ${MOST_AT_ONCE} timers fired at one moment`);
    this.#timers.shift();
    timer.task();
    return true;
  }

  #moveTo(time: number): void {
    if (time <= this.#now) return;
    this.#now = time;
    this.#firedNow = 0;
  }
}
