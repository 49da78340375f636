/** The contract of document models: what an operation does to a document, and how documents get from one version to the next. */
import type { Document, State } from './document.ts';
import type { Operation } from './operation.ts';

/** One version of a document model. */
export interface DocumentModel {
  readonly documentType: string;
  /** From 1 up. */
  readonly version: number;
  /**
   * A text that changes whenever the reducer may answer differently: the hash of its build, a number counted by hand.
   * Keyframes of another fingerprint are worth nothing. By default it is made from the reducer's own source text, which
   * doesn't see what the reducer calls.
   */
  readonly fingerprint?: string;
  /** The state of a new document, by scope. */
  initialState(): State;
  /**
   * The document after an operation. It must leave alone what it gets (a state that was read or kept is frozen) and answers
   * with another document; what didn't change should be the same objects, since what is the same is neither frozen nor kept
   * twice. It must answer the same each time. Only header and state of the answer are used: the cache knows which operations there are.
   */
  reducer(document: Document, operation: Operation): Document;
}

/** Takes a document from a version to a later one. As a reducer, it answers with another document. */
export type UpgradeReducer = (document: Document, operation: Operation) => Document;

/** The models that a cache knows. */
export interface DocumentModelRegistry {
  /** A version of a model; the newest one if none is named. Throws for one that is unknown. */
  getModel(documentType: string, version?: number): DocumentModel;
  /** What takes documents from a version to a later one. Throws if that is unknown. */
  getUpgrade(documentType: string, fromVersion: number, toVersion: number): UpgradeReducer;
}
