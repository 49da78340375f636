/**
 * The contract of a remote: a place that machines share, which keeps bytes by kind and name.
 *
 * Implementing one: answer `get` with the bytes that were `put`, or with nothing. That is all, and nothing of it is
 * believed: a blob's bytes are compared with the digest that is its name, a record is unsealed and its key compared, and
 * what isn't right is a miss. A remote may forget whatever it likes, answer with what somebody else has written, be slow,
 * or be gone: that costs a bounded delay, and never makes a build fail. What can't be compared with anything is what a
 * record says that a task has made: whoever may write records is trusted with the outputs of everybody who reads them.
 *
 * Who calls may assume this alone: while nothing fails, what was put is found until it is forgotten, and bytes that are
 * found under a name are those of one `put`, never a part of them nor a mixture of two.
 *
 * A failing operation rejects; the caller counts it, goes on without the remote, and leaves it alone for a while when it
 * keeps failing. Time limits are the caller's: an operation should end when `signal` aborts, but isn't waited for.
 */

/**
 * What is kept. `'blobs'`: bytes by their SHA-256. `'records'`: what is remembered of a task, by its key. `'specs'`: where
 * a task's inputs are, by the key of everything but them. Blobs and records never change; specs are replaced.
 */
export type RemoteKind = 'blobs' | 'records' | 'specs';

/** Bytes on their way, piece by piece: a blob may be larger than the memory. */
export interface RemoteBody {
  /** How many bytes there are, if that is known beforehand. A hint. */
  readonly size?: number | undefined;
  /** Can be walked through once. Who stops early lets go of what is behind it by doing so. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** What an operation is told besides names. */
export interface RemoteCall {
  /** Aborts when the operation's time is up, or when nobody wants it any more; also while chunks are read. */
  readonly signal: AbortSignal;
}

/** A place that machines share. Every `name` is 64 hex digits. */
export interface RemoteStore {
  /** What it is called in events and statistics. */
  readonly name: string;
  /** True for one that is never written to. Default: false. */
  readonly readOnly?: boolean;
  /** What is kept under a name, or nothing. A failure on the way rejects here, or while chunks are read. */
  get(kind: RemoteKind, name: string, call: RemoteCall): Promise<RemoteBody | undefined>;
  /**
   * Keep bytes under a name, in place of those that are there. Resolves when a `get` would find them. When it rejects, or
   * reading the chunks throws, what was there before is still there whole.
   */
  put(kind: RemoteKind, name: string, body: RemoteBody, call: RemoteCall): Promise<void>;
  /** Whether a `get` would find something; for a remote that can tell at less cost than it takes to write. */
  has?(kind: RemoteKind, name: string, call: RemoteCall): Promise<boolean>;
}
