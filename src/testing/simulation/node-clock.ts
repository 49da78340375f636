/** The clock of one machine: it goes its own way from the time that really passes, as far as a schedule likes. */
import type { Clock } from '../../engine/clock.ts';

/** How a clock is wrong. */
export interface Wrongness {
  /** Milliseconds that it is ahead. */
  readonly ahead: number;
  /** Its milliseconds in one true one: 1 if it goes right. */
  readonly rate: number;
}

/** A clock that is set wrong, goes wrong, and is set anew. Its timers don't notice that it is set: they count what passes. */
export class NodeClock implements Clock {
  readonly #real: Clock;
  readonly #rate: number;
  #at: number;
  #shown: number;

  constructor(real: Clock, { ahead, rate }: Wrongness) {
    this.#real = real;
    this.#rate = rate;
    this.#at = real.now();
    this.#shown = this.#at + ahead;
  }

  now(): number {
    return Math.floor(this.#shown + (this.#real.now() - this.#at) * this.#rate);
  }

  after(ms: number, task: () => void): () => void {
    return this.#real.after(ms / this.#rate, task);
  }

  /** Milliseconds that it is ahead now. */
  get ahead(): number {
    return this.now() - this.#real.now();
  }

  /** It is set: from now on it is so many milliseconds ahead. */
  set(ahead: number): void {
    this.#at = this.#real.now();
    this.#shown = this.#at + ahead;
  }
}
