/**
 * The contract of an operation source: the truth that the cache projects.
 *
 * Implementing one: a stream (document, scope, branch) is a list of operations at the indices 0, 1, 2, …; it only grows.
 * Answers are in the order of the indices and see everything that was committed before the question.
 */
import type { Operation } from './operation.ts';

/** A stretch of a stream to be read. */
export interface SinceOptions {
  /** The last index wanted; to the end of the stream by default. */
  readonly until?: number | undefined;
  /** Where the page before this one ended, as it said. */
  readonly cursor?: string | undefined;
  /** The most operations in the answer. Default 100. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A page of operations, and where the next one begins; without `nextCursor` nothing is left. */
export interface OperationPage {
  readonly results: readonly Operation[];
  readonly nextCursor?: string | undefined;
}

/** A stream of the document whose end is wanted. */
export interface HeadQuery {
  readonly scope: string;
  /** The operation whose id is wanted: the last one by default. */
  readonly at?: number | undefined;
}

/** Where a stream ends. */
export interface Head {
  /** The index of the last operation; -1 if there is none. */
  readonly revision: number;
  /** The id of the operation that was asked for; `undefined` if it isn't there. */
  readonly id: string | undefined;
}

/** Reads operations. */
export interface OperationSource {
  /** The operations of a stream after an index, up to and including another one, oldest first, a page at a time. */
  getSince(
    documentId: string,
    scope: string,
    branch: string,
    after: number,
    options?: SinceOptions,
  ): Promise<OperationPage>;
  /** Where streams of one document end, by position. One narrow lookup: it is asked before every checked read. */
  getHeads(
    documentId: string,
    branch: string,
    streams: readonly HeadQuery[],
    signal?: AbortSignal,
  ): Promise<readonly Head[]>;
}

/** Operations in a page, unless a question asks for another number. */
export const PAGE = 100;
