/** A run that whoever asks for it meanwhile shares, and whether it is worth another one. */
import type { Clock } from '../../engine/clock.ts';
import type { WarmReport } from './warm-run.ts';

const PAUSE = 10_000; // milliseconds after a run that didn't end well
const GRACE = 5000; // milliseconds

/** From when on a run that begins now is taken for one that was cut off together with its request: it says no word of it. */
export function lostAt(clock: Clock, maxMs: number): number {
  return clock.now() + maxMs + GRACE;
}

/** A run and its report, once there is one. */
export class SharedRun {
  readonly done: Promise<WarmReport>;
  readonly #clock: Clock;
  readonly #lostAt: number;
  #report: WarmReport | undefined;
  #endedAt = 0;
  #over = false;

  constructor(done: Promise<WarmReport>, maxMs: number, clock: Clock) {
    this.done = done;
    this.#clock = clock;
    this.#lostAt = lostAt(clock, maxMs);
    void this.#follow();
  }

  async #follow(): Promise<void> {
    this.#report = await this.done.catch(() => undefined);
    this.#endedAt = this.#clock.now();
    this.#over = true;
  }

  get isUnderWay(): boolean {
    return !this.#over && this.#clock.now() < this.#lostAt;
  }

  /** It has done what it was for, or it is too soon to try again. Who has given it up may do so at once. */
  get isEnough(): boolean {
    if (!this.#report) return false;
    const { ended, plans } = this.#report;
    if (ended === 'aborted') return false;
    const wentWell = plans.every(({ error, warmed, failed }) => error === undefined && (warmed > 0 || failed === 0));
    return (ended === 'done' && wentWell) || this.#clock.now() < this.#endedAt + PAUSE;
  }
}
