/** When changes became known: what a loader whose source lags may not have seen yet. */
import type { Clock } from './clock.ts';
import type { Mark } from './entry.ts';

interface Moment {
  readonly start: number;
  last: number;
  /** The newest mark known before. */
  readonly before: Mark;
}

/** Remembers the times of changes for as long as any source lags; a sixteenth of that is taken for one moment. */
export class ChangeTimes {
  readonly #clock: Clock;
  readonly #moments: Moment[] = [];
  #longestLag = 0;
  #completeSince = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A source lags by up to this many milliseconds. `unchanged`: nothing has ever changed in this log. */
  rememberFor(lag: number, unchanged: boolean): void {
    if (lag <= this.#longestLag) return;
    this.#longestLag = lag;
    this.#completeSince = unchanged ? -Infinity : this.#clock.now();
  }

  /** Another log, or the same after a gap: the times of what changed before aren't known. */
  forget(unchanged: boolean): void {
    this.#moments.length = 0;
    if (this.#longestLag > 0) this.#completeSince = unchanged ? -Infinity : this.#clock.now();
  }

  /** Something is becoming known now; `before` is the newest mark known until here. */
  remember(before: Mark): void {
    if (this.#longestLag === 0) return;
    const now = this.#clock.now();
    const newest = this.#moments.at(-1);
    if (newest && now - newest.start <= this.#longestLag / 16) newest.last = now;
    else this.#moments.push({ start: now, last: now, before });
    while (this.#moments[0].last <= now - this.#longestLag) this.#moments.shift();
  }

  /** The newest mark known `lag` milliseconds ago, as far as that is less than `applied`; -1 if it isn't known. */
  markBefore(lag: number, applied: Mark): Mark {
    const then = this.#clock.now() - lag;
    if (then < this.#completeSince) return -1; // as if everything had changed since
    return Math.min(applied, this.#moments.find((moment) => moment.last > then)?.before ?? applied);
  }
}
