/**
 * The contract of a store: a place that keeps entries by key.
 *
 * Implementing one: answer `getMany` by position, keep what `setMany` brings, forget what `deleteMany` names. That is
 * all that safety needs. A store may be eventually consistent, may lose entries, and may even bring old ones back: each
 * entry carries its mark, and the cache checks it against what has changed whenever it is read. A store must never
 * change an entry's mark, incarnation or dependencies, with one exception: a store that has itself compared an entry with
 * the log it lives beside may answer with the mark up to which it found the entry unchanged.
 *
 * A failing operation throws or rejects; the cache counts it, goes on without the store, and leaves it alone for a while
 * when it keeps failing. Operations should end when `signal` aborts, but the cache doesn't wait for them to.
 */
import type { CoarseClock } from './clock.ts';
import type { Dependency } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import type { MaybePromise } from './maybe.ts';
import type { Mirror } from './mirror.ts';

/** An entry under its key. Keys are texts made by `storageKey`; `pathOfStorageKey` gives back the path. */
export interface Stored {
  readonly key: string;
  readonly entry: Entry;
}

/** What an operation is told besides its keys. */
export interface Call {
  /** Aborts when the operation's time is up; for a wait for a lease also when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** A place that keeps entries by key. */
export interface Store {
  /** What it is called in events, statistics and explanations. */
  readonly name: string;
  /**
   * True if reads (`getMany`) answer at once, without a promise; writes may still answer with one. A synchronous store is
   * read without joining a flight; an asynchronous one gets the reads of a tick in one batch.
   */
  readonly sync: boolean;
  /** The entries of these keys, by position; `undefined` where there is none. */
  getMany(keys: readonly string[], call: Call): MaybePromise<readonly (Entry | undefined)[]>;
  /**
   * Keep these entries, each replacing what was under its key. Answers by position whether each was kept: a plain store
   * keeps all it can, a backend refuses those that its log has overtaken. A value that the store can't represent is
   * refused with a `bad_value` error before anything is stored.
   */
  setMany(records: readonly Stored[], call: Call): MaybePromise<readonly boolean[]>;
  /** Forget these keys. A key that isn't there is no error. */
  deleteMany(keys: readonly string[], call: Call): MaybePromise<void>;
  /** Forget everything. */
  clear(call: Call): MaybePromise<void>;
  /** What it remembers of the log that its entries' marks belong to, for a durable store whose log lives elsewhere. */
  readonly mirror?: Mirror;
  /** What else it counts, by name, for people to look at: operations asked of a platform, for example. */
  readonly gauges?: Readonly<Record<string, number>>;
  /** Let go of files, connections and timers. Nothing is asked of the store afterwards. */
  close?(): MaybePromise<void>;
}

/** A part of a tier that holds one collection's entries by local name. What the read path walks over. */
export interface Shelf {
  /** True if `get` never answers with a promise. */
  readonly sync: boolean;
  /** The entry under a local name. Never throws: a failing tier is a miss. */
  get(id: string): MaybePromise<Entry | undefined>;
  /** Keep an entry; answers whether it was kept. Never throws. */
  set(id: string, entry: Entry): MaybePromise<boolean>;
  /** Forget an entry. Answers whether that could be done. Never throws. */
  delete(id: string): MaybePromise<boolean>;
}

/** The answer of {@link LiveShelf.hit} when there is nothing to serve without thought. */
export const MISS: unique symbol = Symbol('miss');

/**
 * A shelf of live values in this process's memory. It checks validity itself, so that its hit is one look-up and two
 * comparisons.
 */
export interface LiveShelf extends Shelf {
  readonly sync: true;
  /**
   * The value under a key of one segment, exactly as a caller gives it, if it is fresh, unchanged and needs no copy;
   * otherwise {@link MISS}. Anything else may be given, too: it is a miss, also where its local name is known.
   */
  hit(key: unknown): unknown;
  /** The same under a local name that stands for a longer path. */
  hitPath(id: string): unknown;
  /** When what is there stops being fresh, valid or not, without a trace of having looked; `-Infinity` for nothing. */
  freshUntil(id: string): number;
  get(id: string): Entry | undefined;
  set(id: string, entry: Entry): boolean;
  delete(id: string): boolean;
  /** The local names of all that is there. */
  ids(): Iterable<string>;
  /** What is there, valid or not, without a trace of having looked. */
  look(id: string): Entry | undefined;
  /** A change of this mark named the key: an entry of a smaller mark is dropped, or, if the change was soft, old by time. */
  changed(id: string, mark: Mark, soft: boolean): void;
  /** Forget everything on this shelf. */
  clear(): void;
  /** How many entries the shelf holds. */
  readonly size: number;
}

/** What a live shelf checks its entries against: this process's knowledge of the log. */
export interface Truth {
  /** The largest mark of any change known here; `Infinity` while a change couldn't be said. An entry at or above it needs no check. */
  readonly horizon: Mark;
  /** The mark up to which every change is known: what has passed a check is good up to here. */
  readonly applied: Mark;
  /** Which log the marks belong to. */
  readonly incarnation: string;
  /** Intern dependencies for as long as an entry rests on them. Release exactly once what was held. */
  hold(dependencies: readonly Dependency[]): readonly number[];
  release(held: readonly number[]): void;
  /** The names behind interned dependencies. */
  names(held: readonly number[]): Dependency[];
  /**
   * What has become of an entry of this mark that rests on what its shelf (`base`) and it alone (`held`) hold. `path` is
   * asked for only when a rule must be matched. Its own key isn't looked at: a change of a key removes it from live
   * shelves at once.
   */
  check(
    mark: Mark,
    base: readonly number[],
    held: readonly number[] | undefined,
    path: () => readonly string[],
  ): Verdict;
}

/** Whether an entry is still right: `soft` means right but old by a soft change; `unknown`, that the log must be asked. */
export type Verdict = 'valid' | 'soft' | 'invalid' | 'unknown';

/** A store of live values. It also answers as a plain {@link Store}, for whoever wants it alone. */
export interface LiveStore extends Store {
  readonly sync: true;
  /** Open the part that holds the entries of one collection at `path`, checked against `truth`, in the cache's time. */
  shelf(path: readonly string[], truth: Truth, clock: CoarseClock): LiveShelf;
  /** Entries and, where it weighs them, bytes held now, and how many it has evicted or dropped as expired. */
  readonly usage: Usage;
}

/** How full a live store is. */
export interface Usage {
  readonly entries: number;
  readonly bytes: number | undefined;
  readonly evicted: number;
  readonly expired: number;
}

/** True for a store that keeps live values. */
export function isLive(store: Store): store is LiveStore {
  return 'shelf' in store;
}
