/** A document at a revision as it is kept: frozen, with what must be the same for it to be used. */
import { TidemarkError } from '../engine/errors.ts';
import type { Document, DocumentHeader, State } from './document.ts';
import { freezeNew, sizeOf } from './freeze.ts';
import { DOCUMENT_SCOPE, type Operation } from './operation.ts';

/** From what a replay began and which upgrades it went through: what begins otherwise is no part of the same history. */
export interface Origin {
  /** {@link Lifecycle.ground} */
  readonly ground: string;
  /** How many upgrades of the document have been applied, and the ids of their operations. */
  readonly upgrades: number;
  readonly upgradeIds: string;
}

/** A state of a stream. */
export interface Snapshot {
  readonly scope: string;
  readonly revision: number;
  /** The operation at the revision; `undefined` for a scope without any. */
  readonly operation: Operation | undefined;
  /** The revision of the `document` scope, and its operation, as far as they were known. */
  readonly documentRevision: number;
  readonly documentOperation: Operation | undefined;
  /** Unknown of a state that was put while nothing was known of the document's life. */
  readonly origin: Origin | undefined;
  readonly header: DocumentHeader;
  readonly state: State;
  readonly initialState: State;
  /** Bytes that its new parts take in memory: those that it doesn't share with what was frozen before. */
  readonly bytes: number;
}

/** Its parts are those of a document; the rest is told beside it. */
export type SnapshotFacts = Omit<Snapshot, 'header' | 'state' | 'initialState' | 'bytes'>;

/**
 * Keep a document. Its state is frozen. It need not be looked at where it is the same as a state `before` it. Throws
 * `bad_value` for a state that isn't plain data.
 */
export function snapshotOf(
  { header, state, initialState }: Document,
  facts: SnapshotFacts,
  before?: Pick<Snapshot, 'state' | 'initialState'>,
): Snapshot {
  const { operation, documentOperation, scope, revision, documentRevision } = facts;
  // All together: if one of them is refused, none of them is changed.
  const bytes = freezeNew(
    [state, initialState, operation, documentOperation, header.meta, header.sig],
    before && [before.state, before.initialState],
  );
  const { revision: _, protocolVersions, ...rest } = header;
  const kept: DocumentHeader = {
    ...rest,
    lastModifiedAtUtcIso: operation?.timestampUtcMs ?? header.createdAtUtcIso,
    revision: { [DOCUMENT_SCOPE]: documentRevision + 1, [scope]: revision + 1 },
    ...(protocolVersions && { protocolVersions: { ...protocolVersions } }),
  };
  return { ...facts, header: kept, state, initialState, bytes: bytes + OWN };
}

const OWN = 750; // bytes: the snapshot itself, its header and its origin

/** The bytes that a state takes with everything that it may share with others. */
export function sizeOfSnapshot({ state, initialState, operation, documentOperation }: Snapshot): number {
  return sizeOf([state, initialState, operation, documentOperation]) + OWN;
}

/** A document for somebody to work with: everything but the state and the operations is fresh. */
export function documentOf(snapshot: Snapshot, history?: readonly Operation[]): Document {
  const { header, state, initialState, scope, operation, documentOperation } = snapshot;
  const { protocolVersions } = header;
  const operations: Record<string, Operation[]> = {
    [DOCUMENT_SCOPE]: documentOperation ? [documentOperation] : [],
  };
  operations[scope] = history ? [...history] : operation ? [operation] : [];
  return {
    header: {
      ...header,
      revision: { ...header.revision },
      ...(protocolVersions && { protocolVersions: { ...protocolVersions } }),
    },
    state,
    initialState,
    operations,
    clipboard: [],
  };
}

/** A document that somebody hands in is checked before anything else happens. Throws `bad_value`. */
export function assertDocument(document: unknown): asserts document is Document {
  const { header, state, operations } = (document ?? {}) as Partial<Document>;
  for (const [name, part] of Object.entries({ header, state, operations }))
    if (typeof part !== 'object' || part === null)
      throw new TidemarkError('bad_value', `a document must have ${name}; this one has ${String(part)}`);
}
