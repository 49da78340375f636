/**
 * How long the log has been silent, and when that is too long: a process that hears nothing can't know what has changed,
 * so what it holds is vouched for only as long as the bound that the cache states.
 */
import type { Clock } from './clock.ts';

/**
 * Two ways to notice, since either alone can be deceived: by the clock, which also tells after the process itself stood
 * still, and by the rounds of the follower's timer, which a clock set back doesn't stretch.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #longest: number;
  readonly #round: number;
  #heard: number;
  #ever = false;
  #rounds = 0;
  #over = false;

  /** Milliseconds: `longest` is the bound, `round` what passes between two calls of {@link Silence.endRound}. */
  constructor(clock: Clock, longest: number, round: number) {
    this.#clock = clock;
    this.#longest = longest;
    this.#round = round;
    this.#heard = clock.now();
  }

  /** Milliseconds since the moment up to which everything is known; `Infinity` if the log was never heard. */
  get length(): number {
    return this.#ever ? Math.max(0, this.#clock.now() - this.#heard) : Infinity;
  }

  /** True once it has been noticed that the silence is too long, until the log is heard again. */
  get tooLong(): boolean {
    return this.#over;
  }

  /** All is known that the log had at this time: when it was asked, not when it answered. */
  heard(at: number): void {
    this.#heard = at;
    this.#ever = true;
    this.#rounds = 0;
    this.#over = false;
  }

  /** It is taken to be too long from now on. */
  lapse(): void {
    this.#over = true;
  }

  /** Another round has passed without a word. */
  endRound(): void {
    this.#rounds++;
  }

  /** True if the silence is too long now and nobody has noticed yet. */
  notice(): boolean {
    if (this.#over || !this.#exceeded) return false;
    this.#over = true;
    return true;
  }

  get #exceeded(): boolean {
    return this.#clock.now() - this.#heard > this.#longest || this.#rounds * this.#round > this.#longest;
  }
}
