/**
 * The contract of a mirror: what a durable store remembers of the log that its entries' marks belong to, when that log lives
 * elsewhere. With it a process that starts anew over a warm store judges what is there without asking the log entry by entry.
 *
 * Implementing one: `record` is one atomic step. A mirror may lie behind the log, or begin anew at any time; what it may
 * never do is to leave out a change between where it began and where it says it stands.
 */
import type { Dependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Page, Position } from './log.ts';
import type { MaybePromise } from './maybe.ts';
import type { Call } from './store.ts';

/** What a store remembers of a log that lives elsewhere. */
export interface Mirror {
  /** Which log, and up to which mark every change is remembered; `undefined` if nothing is. */
  position(call: Call): MaybePromise<Position | undefined>;
  /**
   * Remember the changes after `from` up to `to`: those that are listed; marks between that aren't listed touched nothing.
   * A mirror of another incarnation, or one that ends before `from`, begins anew at `from`: all it knew is forgotten, and
   * `from` is its floor. Telling twice is harmless.
   */
  record(incarnation: string, from: Mark, to: Mark, changes: Page['changes'], call: Call): MaybePromise<void>;
  /** The mark of each dependency's last change up to `head`, or any larger mark; `undefined` if nothing is remembered. */
  stamps(
    dependencies: readonly Dependency[],
    call: Call,
  ): MaybePromise<(Position & { readonly stamps: readonly Mark[] }) | undefined>;
}
