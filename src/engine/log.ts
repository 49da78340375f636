/**
 * The contract of a change log: one ordered list of changes, each with a mark that is larger than all before it.
 *
 * Implementing one: `append` gives each change the next mark and must not answer before every later `read` and `stamps`,
 * by anyone, sees it. The log may forget: `read` then says from which mark on it still has everything, and `stamps`
 * answers with a floor for what it no longer knows. What it may never do is to lose an acknowledged change and keep its
 * incarnation: when data may have been lost (flushed, restored, failed over, started empty) the incarnation must change.
 */
import type { Dependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { MaybePromise } from './maybe.ts';
import type { Call } from './store.ts';

/** What changed: the names of the dependencies that it touches. */
export type Change = readonly Dependency[];

/** Where a log stands. Marks grow, and may leave out numbers. */
export interface Position {
  /** A text that is never the same for two logs, nor for one log before and after it lost changes. */
  readonly incarnation: string;
  /** The mark of the newest change; 0 in a new log. */
  readonly head: Mark;
}

/** A stretch of a log. */
export interface Page extends Position {
  /** Every change after `complete` up to and including the last one listed is in `changes`, in order. */
  readonly complete: Mark;
  readonly changes: readonly { readonly mark: Mark; readonly change: Change; readonly at?: number | undefined }[];
  /**
   * When this was answered, and in `changes` when each was appended: milliseconds by one clock, the log's own. Followers
   * measure by them how long changes are on their way; a log without a clock leaves them out.
   */
  readonly at?: number | undefined;
}

/** Stamps by the position of the dependencies that were asked for, and where the log stood when it answered. */
export interface StampsAnswer extends Position {
  readonly stamps: readonly Mark[];
}

/** An ordered list of changes. */
export interface ChangeLog {
  /** True if reads (`position`, `read`, `stamps`) answer at once, without a promise; `append` may still answer with one. */
  readonly sync: boolean;
  /**
   * Append a change and answer with where it stands (`head` is its mark), once every later operation of anyone sees it.
   * If the log is synchronous, an append that answers with a promise must not be given its mark after the call's `signal`
   * has aborted.
   */
  append(change: Change, call: Call): MaybePromise<Position>;
  /**
   * Append a change as a part of a transaction of the caller's, if the log lives where such transactions do: it gets its
   * mark when that is committed, and is never seen if it isn't. What a transaction is, the implementation says; anything
   * else is refused with `bad_option`.
   */
  appendIn?(transaction: unknown, change: Change): MaybePromise<void>;
  /** The incarnation and the head. */
  position(call: Call): MaybePromise<Position>;
  /** Changes after a mark, oldest first, as many as the log likes to give at once (at least one if there is one). */
  read(after: Mark, call: Call): MaybePromise<Page>;
  /**
   * For each dependency the mark of its last change, or any larger mark (the log's floor, where it has forgotten).
   * Rules that match a key's dependency (`=…`) count as changes of it. A rule that the log forgets may live on as a change
   * of the prefix that it begins with, so whoever rests on a key rests on its prefixes, too.
   */
  stamps(dependencies: readonly Dependency[], call: Call): MaybePromise<StampsAnswer>;
  /**
   * Call `wake` whenever there may be something new. A hint: it may come late, twice, or not at all; followers also ask
   * by themselves every `pollEvery` milliseconds. A synchronous log without `pollEvery` must wake its watchers before
   * `append` answers: nothing else tells them.
   */
  watch?(wake: () => void): () => void;
  /**
   * How often a follower asks without having been woken, in milliseconds; by default 1,000, and never for a synchronous log.
   * A synchronous log that names it says that others can append to it: then whoever reads looks at it, too, about once a
   * millisecond.
   */
  readonly pollEvery?: number;
}
