/** The contract of a source: the truth about one kind of item, which answers lists and says what its writes did. */
import type { Item } from './matching.ts';
import type { Principal } from './principal.ts';
import type { NormalQuery } from './query.ts';

/** What a write has done to one item. Both are exactly what was there at the moment of the write. */
export interface Written<T> {
  /** `undefined` for an item that is new. */
  readonly before: T | undefined;
  /** `undefined` for an item that is gone. */
  readonly after: T | undefined;
}

/** With what a source is asked. */
export interface Asked {
  readonly signal?: AbortSignal;
  /** Who asks: handed to the sources of repositories with a scope only, and no more of it than their keys hold. */
  readonly principal?: Principal;
}

/**
 * Called by a source within the transaction in which it writes, before the commit, each time that it tries: so what is
 * written and that it was are published together. `transaction` is what the cache's `changesIn` takes.
 */
export type Publish<T> = (transaction: unknown, written: readonly Written<T>[]) => Promise<void>;

/** Where items of one kind are. */
export interface Source<T extends Item> {
  /** True if its writes call `publish`. What a write that throws has left undone was rolled back then. */
  readonly transactional?: boolean;
  /** The items of these ids, by position. */
  findByIds(ids: readonly string[], asked?: Asked): Promise<readonly (T | undefined)[]>;
  findMany(query: NormalQuery, asked?: Asked): Promise<readonly T[]>;
  count(query: NormalQuery, asked?: Asked): Promise<number>;
  /** Insert items, all or none. */
  create(items: readonly T[], publish?: Publish<T>): Promise<readonly Written<T>[]>;
  /** Change the fields of items that are named. What isn't there any more is left out of the answer. */
  update(ids: readonly string[], fields: Partial<T>, publish?: Publish<T>): Promise<readonly Written<T>[]>;
  delete(ids: readonly string[], publish?: Publish<T>): Promise<readonly Written<T>[]>;
  /** Runs work in one transaction; it may run it again if another was faster. Only with {@link Source.within}. */
  transaction?<R>(work: (transaction: unknown) => Promise<R>): Promise<R>;
  /** The same source, whose reads and writes are part of a transaction. Throws `bad_option` for what is none. */
  within?(transaction: unknown): Source<T>;
}
