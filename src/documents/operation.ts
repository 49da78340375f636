/** An operation: an action that was appended to a stream of a document, at an index of its own. */

/** What somebody wanted to be done to a document. */
export interface Action {
  readonly id: string;
  /** What a reducer branches on: `ADD_FILE`, … */
  readonly type: string;
  /** The part of the document that it is about, which is the stream that it is appended to. */
  readonly scope: string;
  /** ISO 8601, UTC. */
  readonly timestampUtcMs: string;
  readonly input: unknown;
  /** Signatures and whatever else travels with it. Nothing here looks at it. */
  readonly context?: unknown;
}

/** An action with its place in a stream. Indices begin at 0 and have no gaps; operations are never changed. */
export interface Operation {
  readonly id: string;
  /** Its place. A stream's *revision* is the index of its last operation; -1 while it has none. */
  readonly index: number;
  /** How many operations before it it takes back; see {@link Protocol}. */
  readonly skip: number;
  /** When it was appended: ISO 8601, UTC. */
  readonly timestampUtcMs: string;
  /** The model's own fingerprint of the scope's state after it; empty if it has none. */
  readonly hash: string;
  /** Why executing it failed, if it did: it holds its place and does nothing. */
  readonly error?: string | undefined;
  /** Why it was denied, if it was: it holds its place and does nothing. */
  readonly deniedReason?: string | undefined;
  /** The state of the scope after it, where whoever appended it wrote that down. Nothing here looks at it. */
  readonly resultingState?: string | undefined;
  readonly action: Action;
}

/**
 * How the operations of a document take earlier ones back, as its CREATE_DOCUMENT says (`protocolVersions['base-reducer']`).
 * What has been taken back stays so.
 *
 * 1. An operation takes back all that stand at the `skip` indices before its own.
 * 2. A NOOP that skips takes back the newest operation that isn't such a NOOP, whatever its skip says; so a chain of them is
 *    a chain of undos. Any other operation that skips reorders: see `reordered.ts`.
 */
export type Protocol = 1 | 2;

/** The stream that creates a document, upgrades it to another version of its model, and deletes it. Every document has one. */
export const DOCUMENT_SCOPE = 'document';

/** The action that does nothing but take operations back: an undo, as it is stored. */
export const NOOP = 'NOOP';

/** Does it do anything to the state? */
export function counts(operation: Operation): boolean {
  return operation.action.type !== NOOP && !isVoid(operation);
}

/** Is it an undo? Only in protocol 2 it stands for one operation, whatever its skip. */
export function isUndo(operation: Operation): boolean {
  return operation.action.type === NOOP && skipOf(operation) > 0;
}

/** Its skip; 0 of what was denied or failed. */
export function skipOf(operation: Operation): number {
  return isVoid(operation) ? 0 : operation.skip;
}

/** Was it denied, or did it fail? It then takes nothing back, either. */
export function isVoid({ error, deniedReason }: Operation): boolean {
  return Boolean(error) || Boolean(deniedReason);
}
