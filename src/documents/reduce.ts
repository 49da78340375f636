/** One operation, applied: what a model answers is checked, and what it throws says where it was thrown. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import type { Document } from './document.ts';
import type { DocumentModel, UpgradeReducer } from './model.ts';
import type { Operation } from './operation.ts';

/** A stream. */
export interface Where {
  readonly documentId: string;
  readonly scope: string;
  readonly branch: string;
}

/** The document after an operation. Throws `reducer_failed`. */
export function reduce(model: DocumentModel, document: Document, operation: Operation, where: Where): Document {
  return apply((before) => model.reducer(before, operation), document, operation, where);
}

/** The document after an upgrade. Throws `reducer_failed`. */
export function upgrade(reducer: UpgradeReducer, document: Document, operation: Operation, where: Where): Document {
  return apply((before) => reducer(before, operation), document, operation, where);
}

function apply(
  change: (document: Document) => Document,
  document: Document,
  { action, index }: Operation,
  { documentId, scope, branch }: Where,
): Document {
  try {
    const changed = change(document);
    if (typeof changed?.state !== 'object' || changed.state === null || typeof changed.header !== 'object')
      throw new TypeError('a reducer must answer with a document');
    return changed;
  } catch (cause) {
    throw new TidemarkError(
      'reducer_failed',
      `document ${describe(documentId)} (${scope}, ${branch}): the reducer failed at operation ${index}, ${action.type}: ${
        cause instanceof Error ? cause.message : describe(cause)
      }`,
      cause,
    );
  }
}
