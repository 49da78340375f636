/** What was warmed and has not been read since: whether a warm-up was of use is counted when the first read comes. */
import type { ArgumentText } from './reading.ts';

/** How much of what a plan warmed was read later. */
export interface Uses {
  /** Readings that were warmed and could be watched. One that the plan warms again before it was read counts once. */
  readonly watched: number;
  /** Those of them that were read afterwards, by someone else than a warmer. At least: what waits too long is forgotten. */
  readonly used: number;
}

const MOST_WAITING = 5000; // readings of one method

/** Uses by plan. */
export class UsesByPlan {
  readonly #uses = new Map<string, { watched: number; used: number }>();

  of(plan: string): Uses {
    return { ...this.#of(plan) };
  }

  /** A plan has warmed a reading. */
  warmed(plan: string, waiting: Map<ArgumentText, string>, text: ArgumentText): void {
    if (waiting.get(text) === plan) return;
    waiting.delete(text); // another plan's work that was of no use: whoever warms last gets the credit
    waiting.set(text, plan);
    this.#of(plan).watched++;
    if (waiting.size > MOST_WAITING) waiting.delete(waiting.keys().next().value!);
  }

  /** Somebody reads. */
  read(waiting: Map<ArgumentText, string>, text: ArgumentText | undefined): void {
    const plan = text === undefined ? undefined : waiting.get(text);
    if (plan === undefined) return;
    waiting.delete(text!);
    this.#of(plan).used++;
  }

  #of(plan: string): { watched: number; used: number } {
    let uses = this.#uses.get(plan);
    if (!uses) this.#uses.set(plan, (uses = { watched: 0, used: 0 }));
    return uses;
  }
}
