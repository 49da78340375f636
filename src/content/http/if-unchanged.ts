/** Writing to a repository if an item still is what somebody saw. */
import { isSameItem, type Item } from '../matching.ts';
import type { WriterIn } from '../repository.ts';
import { OVERTAKEN } from './guarded-write.ts';

/** A repository, as far as writing under a condition needs it. */
export interface TransactionalRepository<T extends Item> {
  inTransaction<R>(work: (writer: WriterIn<T>, transaction: unknown) => Promise<R>): Promise<R>;
}

/**
 * Runs work in one transaction with the proof that an item is what was seen, in every field; if it isn't, or isn't there any
 * more, nothing is written and the answer is {@link OVERTAKEN}. Of several who have seen the same, one goes first, and the
 * others are overtaken if that has changed it. Work may be run again; what it throws rolls back. `id` is the field that
 * holds the item's id, by default `'id'`.
 *
 * @throws `bad_option` if the repository's source has no transactions.
 * @example
 * const saved = await ifUnchanged(posts, seen, (writer) => writer.update(seen.id, { title }));
 */
export async function ifUnchanged<T extends Item, R>(
  repository: TransactionalRepository<T>,
  seen: T,
  work: (writer: WriterIn<T>) => Promise<R>,
  id: keyof T & string = 'id' as keyof T & string,
): Promise<R | typeof OVERTAKEN> {
  try {
    return await repository.inTransaction(async (writer) => {
      // To write what is there says what was there, and nobody else writes it before the commit.
      const [proof] = await writer.source.update([String(seen[id])], seen);
      if (!proof?.before || !isSameItem(proof.before, seen)) throw OVERTAKEN_HERE;
      return work(writer);
    });
  } catch (error) {
    if (error === OVERTAKEN_HERE) return OVERTAKEN;
    throw error;
  }
}

/** Rolls back. */
const OVERTAKEN_HERE: unique symbol = Symbol('overtaken here');
