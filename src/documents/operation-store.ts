/**
 * The contract of an operation store: an operation source that can be written to, by several writers at the same time.
 *
 * Implementing one: of all who append to a stream at the same revision exactly one gets through; operations become visible
 * all together, in the order of their indices; and whoever has been told that it is done finds them there, everywhere.
 */
import type { Operation } from './operation.ts';
import type { OperationSource } from './operation-source.ts';

/** Operations to be appended to a stream, and where their writer believes it to end. */
export interface Append {
  readonly documentId: string;
  readonly documentType: string;
  readonly scope: string;
  readonly branch: string;
  /** The index of the last operation that the writer has seen: -1 if there was none. */
  readonly revision: number;
  /** What follows it: indices from `revision + 1` up, without a gap. */
  readonly operations: readonly Operation[];
  /**
   * A transaction of the caller's, where the store takes part in such: the operations are there when it commits, and never
   * if it doesn't. Without one they are there when the promise resolves.
   */
  readonly transaction?: unknown;
  /** Ends the wait. Operations that were under way by then may be written all the same: appending them again tells. */
  readonly signal?: AbortSignal | undefined;
}

/** Reads and appends operations. What was appended is never changed and never removed. */
export interface OperationStore extends OperationSource {
  /**
   * Append operations, all or none, if the stream ends where the writer believes; answers with the revision that they
   * bring it to. If they are there already, the same ids at the same indices, that is the answer, too, so that a writer
   * who never heard one may ask again. To append none does nothing.
   *
   * Operations are kept as JSON has them: properties that are `undefined` aren't kept, and `-0` is 0.
   *
   * @throws `conflict`: the stream ends elsewhere; nothing was written. Read what has come, decide anew, try again.
   * @throws `bad_history`: the indices don't follow the revision one by one.
   * @throws `bad_value`: an operation has no id, or holds what JSON can't say.
   * @throws `bad_option`: another part of the request can't be used; the message names it.
   * @example
   * const { revision } = (await store.getHeads(id, 'main', [{ scope: 'global' }]))[0];
   * await store.append({ documentId: id, documentType, scope: 'global', branch: 'main', revision, operations });
   */
  append(request: Append): Promise<number>;
}
