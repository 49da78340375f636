/** The contract of a source: the truth about one kind of item, which answers lists and says what its writes did. */
import type { Item } from './matching.ts';
import type { NormalQuery } from './query.ts';

/** What a write has done to one item. Both are exactly what was there at the moment of the write. */
export interface Written<T> {
  /** `undefined` for an item that is new. */
  readonly before: T | undefined;
  /** `undefined` for an item that is gone. */
  readonly after: T | undefined;
}

/** Where items of one kind are. */
export interface Source<T extends Item> {
  /** The items of these ids, by position. */
  findByIds(ids: readonly string[], signal?: AbortSignal): Promise<readonly (T | undefined)[]>;
  findMany(query: NormalQuery, signal?: AbortSignal): Promise<readonly T[]>;
  count(query: NormalQuery, signal?: AbortSignal): Promise<number>;
  /** Insert items, all or none. */
  create(items: readonly T[]): Promise<readonly Written<T>[]>;
  /** Change the fields of items that are named. What isn't there any more is left out of the answer. */
  update(ids: readonly string[], fields: Partial<T>): Promise<readonly Written<T>[]>;
  delete(ids: readonly string[]): Promise<readonly Written<T>[]>;
}
