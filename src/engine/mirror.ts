/**
 * The contract of a mirror: what a durable store remembers of the log that its entries' marks belong to, when that log
 * lives elsewhere. A cache that starts again over the store begins where the mirror ends instead of asking the log about
 * every entry.
 *
 * Implementing one: keep an incarnation, a floor, a head, and the stamps of what changed after the floor and up to the
 * head; `StampTable` shows what stamps are. What is kept must survive as the entries do: whoever has forgotten a part of it
 * must raise the floor, or answer that nothing is remembered. Being behind the log is no fault, and neither is having to
 * begin anew: both cost questions to the log, never truth. If the store is synchronous, `position` and `stamps` answer at
 * once, too.
 */
import type { Dependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Page, Position, StampsAnswer } from './log.ts';
import type { MaybePromise } from './maybe.ts';
import type { Call } from './store.ts';

/** What a store remembers of a log elsewhere. */
export interface Mirror {
  /** Up to which mark of which incarnation every change since the floor is remembered; undefined if nothing is. */
  position(call: Call): MaybePromise<Position | undefined>;
  /**
   * Remember the changes after `from` and up to `to`: those listed, in order; others in between touched nothing. A mirror of
   * another incarnation, or one that ends before `from`, begins anew: what it knew is forgotten, and its floor is `from`.
   * What it knows already is told again without harm, and takes it back nowhere. One atomic step.
   */
  record(incarnation: string, from: Mark, to: Mark, changes: Page['changes'], call: Call): MaybePromise<void>;
  /**
   * For each dependency the mark of its last change up to the head, or any larger mark (the floor, where nothing is known of
   * it), as {@link ChangeLog.stamps} answers. Undefined if the floor lies above `after`: whether something changed after
   * that can't be told then.
   */
  stamps(dependencies: readonly Dependency[], after: Mark, call: Call): MaybePromise<StampsAnswer | undefined>;
}
