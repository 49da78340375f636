/** A document as reducers and their callers see it. */
import type { Operation } from './operation.ts';

/** The state of a document, by scope. Plain data. */
export type State = Readonly<Record<string, unknown>>;

/** What is known of a document besides its state. */
export interface DocumentHeader {
  id: string;
  documentType: string;
  createdAtUtcIso: string;
  /** When the last operation of the scope that was asked for was appended; of a new document, when it was created. */
  lastModifiedAtUtcIso: string;
  slug: string;
  name: string;
  branch: string;
  /** By scope, the index that the *next* operation will get: one more than the revision. */
  revision: Record<string, number>;
  protocolVersions?: Record<string, number>;
  sig?: unknown;
  meta?: unknown;
}

/**
 * A document at a revision. The document itself, its header and the arrays of operations belong to whoever got them;
 * `state`, `initialState` and the operations are shared and deep-frozen: changing them throws.
 */
export interface Document {
  header: DocumentHeader;
  state: State;
  initialState: State;
  /** By scope. The last operation is always there; more of them where they have been asked for. */
  operations: Record<string, Operation[]>;
  /** Operations that an undo has taken back and a redo may bring again. The cache keeps none. */
  clipboard: Operation[];
}
