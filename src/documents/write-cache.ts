/** The contract of a write cache, as its users see it. */
import type { Document } from './document.ts';
import type { WriteCacheCounts } from './events.ts';
import type { QueueCounts } from './keyframe-queue.ts';
import type { Rejection } from './keyframe.ts';
import type { OperationSource } from './operation-source.ts';
import type { Check } from './options.ts';

/** How a state is read. */
export interface ReadOptions {
  /** Ends this wait; the work is given up when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** See {@link Check}. Default: what the cache was made with. */
  readonly check?: Check | undefined;
  /**
   * How many of the last operations the document shall carry, those that were taken back included; `'all'` of them. Default
   * only the last. They are read from the source: who is about to undo needs them.
   */
  readonly history?: number | 'all' | undefined;
}

/** How a state is put. */
export interface PutOptions {
  /**
   * Whether the revision is the last one of its stream (`head`, the default), or an earlier one: a `trusted` read of the head
   * is answered by the former only.
   */
  readonly position?: 'head' | 'historical' | undefined;
}

/** Reading and putting states: what a cache and a transaction have in common. */
export interface States {
  /**
   * A document with the state of a scope at a revision: the index of the last operation that counts in, -1 for the beginning;
   * the stream's head by default, and for a revision that the stream hasn't reached yet. It equals a replay of all operations
   * up to there. Its state is shared and deep-frozen; everything else of it is the caller's own.
   *
   * @param documentType What the document is expected to be; empty to take it as it is.
   * @throws `not_found`, `unknown_model`, `reducer_failed`, `bad_history`, `bad_option`; what the source throws; the
   * signal's reason.
   */
  getState(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    targetRevision?: number,
    options?: ReadOptions,
  ): Promise<Document>;
  /**
   * Keep the state that executing an operation has made, once the operation is committed. The document's `operations` must end with
   * the one at the revision, by which the state is told from those of another history. Its state is deep-frozen.
   *
   * @throws `bad_value`, `bad_option`, before anything is changed.
   */
  putState(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    revision: number,
    document: Document,
    options?: PutOptions,
  ): void;
  /**
   * Forget a document, a scope of it, or one stream. What is being rebuilt at the moment answers those who have asked, and
   * isn't kept. Keyframes stay: they are compared with the operations whenever they are used.
   *
   * @returns How many streams were in memory.
   */
  invalidate(documentId: string, scope?: string, branch?: string): number;
}

/** How a transaction is made. */
export interface TransactionOptions {
  /** Reads within the caller's own transaction, so that what it has appended is seen. Default: the cache's source. */
  readonly operations?: OperationSource | undefined;
}

/** A state in memory, and whether the stream ended with it when that was last looked at. */
export interface HeldState {
  readonly revision: number;
  readonly position: 'head' | 'historical';
  readonly document: Document;
}

/** A state that isn't what a replay gives. */
export interface Wrong {
  readonly scope: string;
  readonly branch: string;
  readonly revision: number;
  readonly where: 'memory' | 'keyframe';
}

/** What {@link WriteCache.verify} found. */
export interface Verification {
  /** States that were compared with a full replay. */
  readonly checked: number;
  /** Those that differed. They have been removed. */
  readonly wrong: readonly Wrong[];
  /** Keyframes that are of no use any more (other model, other history, damaged). They have been removed. */
  readonly useless: number;
}

/** A range of revisions to walk over. */
export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Figures of a write cache. */
export interface WriteCacheStats extends Readonly<WriteCacheCounts> {
  /** All reads that ended: hits, warm, resumed, cold, joined, failed, aborted. */
  readonly reads: number;
  /** Hits as a share of the reads that were answered; 0 without any. */
  readonly hitRatio: number;
  readonly memory: {
    readonly documents: number;
    readonly streams: number;
    readonly states: number;
    /** An estimate. */
    readonly bytes: number;
    readonly evicted: number;
  };
  readonly keyframes: Readonly<QueueCounts> & {
    /** Waiting or being written. */
    readonly depth: number;
    /** Times that reading the store failed, and times that it wasn't tried since it had failed before. */
    readonly readFailures: number;
    readonly readsSkipped: number;
    /** Found and of no use, by reason. */
    readonly rejected: Readonly<Partial<Record<Rejection, number>>>;
  };
}

/** A cache of document states for whoever executes operations on documents. */
export interface WriteCache extends States {
  /**
   * States that are seen only within `work` until it ends: then they are published, or dropped if it throws. Let `work`
   * contain the commit of your own transaction.
   *
   * @returns What `work` answers with.
   */
  withTransaction<T>(work: (transaction: States) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * A stream's states from one revision to another (its head by default), each operation read once: for projections that
   * catch up. States on the way aren't kept.
   */
  walk(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    from: number,
    to?: number,
    options?: WalkOptions,
  ): AsyncGenerator<{ readonly revision: number; readonly document: Document }, void>;
  /** The states of a stream that are in memory, the oldest revision first: for looking at, as they are. No read is counted. */
  held(documentId: string, scope: string, branch: string): readonly HeldState[];
  /** Compare everything that is kept of a document, in memory and as keyframes, with a full replay; remove what is wrong. */
  verify(documentId: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Verification>;
  /** Remove keyframes that the retention doesn't keep, of one document or of all in memory. Answers how many. */
  prune(documentId?: string): Promise<number>;
  /** Forget all that is in memory. */
  clear(): void;
  /** Get ready: the store of keyframes is started. Nothing is read in advance. */
  startup(): Promise<void>;
  /** Write the keyframes that wait, within the time that `drain` allows; then let go of their store. */
  shutdown(): Promise<void>;
  stats(): WriteCacheStats;
}
