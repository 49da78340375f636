/** The one family of errors: a stable code to branch on, a message that names what was wrong, and the cause. */

/**
 * What went wrong, in a word that never changes between releases.
 *
 * - `bad_option`: an option has a value that it can't have; the message names the option.
 * - `bad_key`: a key, prefix or tag can't be used as one.
 * - `bad_pattern`: a pattern can't be read.
 * - `bad_value`: a value can't be kept safely (a function, a symbol, a thenable, …).
 * - `bad_bytes`: bytes from a store aren't an entry of ours.
 * - `schema`: a loaded value doesn't satisfy the collection's schema.
 * - `load_timeout`: a load took longer than `timeout.hard`.
 * - `load_cycle`: a loader waits, directly or through others, for its own key.
 * - `batch_size`: `loadMany` answered with another number of values than it was asked for keys.
 * - `store_failed`, `store_timeout`: a tier or its log threw, answered wrongly, or took too long. These reach a caller
 *   only through events: a failing tier is a miss. Files that can't be opened at all are `store_failed`, too, and thrown.
 * - `foreign_directory`: a place for files holds something else; it was left as it is.
 * - `newer_format`: files were written by a later release that this one can't read; they were left as they are.
 * - `in_use`: others use the files, or have been opening them for too long.
 * - `closed`: the cache is closed.
 * - `not_found`: there is no such document.
 * - `unknown_model`: a registry knows no such document model, version or upgrade.
 * - `reducer_failed`: a document model threw; the message names document, revision and operation.
 * - `bad_history`: the operations of a document break the rules of histories.
 * - `conflict`: operations weren't appended, since others had been before.
 */
export type ErrorCode =
  | 'bad_option'
  | 'bad_key'
  | 'bad_pattern'
  | 'bad_value'
  | 'bad_bytes'
  | 'schema'
  | 'load_timeout'
  | 'load_cycle'
  | 'batch_size'
  | 'store_failed'
  | 'store_timeout'
  | 'foreign_directory'
  | 'newer_format'
  | 'in_use'
  | 'closed'
  | 'not_found'
  | 'unknown_model'
  | 'reducer_failed'
  | 'bad_history'
  | 'conflict';

/** Every error that Tidemark itself raises. An error thrown by a loader reaches its callers unchanged. */
export class TidemarkError extends Error {
  override readonly name: string = 'TidemarkError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
