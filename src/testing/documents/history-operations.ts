/** Operations made by hand: what tests of histories are written with. */
import type { State } from '../../documents/document.ts';
import { type Action, DOCUMENT_SCOPE, NOOP, type Operation, type Protocol } from '../../documents/operation.ts';

/** An action without what any action has: whoever makes an operation of it adds id and time. */
export type ActionDraft = Pick<Action, 'type' | 'scope' | 'input'> & Partial<Action>;

/** When histories begin that don't say when. */
export const EPOCH = '2026-01-01T00:00:00.000Z';

/** The place of an operation, and whatever of it isn't as usual. */
export type OperationOptions = Pick<Operation, 'index'> & Partial<Omit<Operation, 'index' | 'action'>>;

/**
 * An operation of an action: takes nothing back, of {@link EPOCH}, with an id made of scope and index, unless told otherwise.
 *
 * ```ts
 * createOperation(drive.addFolder('a'), { index: 0 });
 * createOperation(noop(), { index: 1, skip: 1 }); // an undo
 * ```
 */
export function createOperation(action: ActionDraft, options: OperationOptions): Operation {
  const { error, deniedReason, resultingState, ...rest } = options;
  const id = `${action.scope}/${rest.index}`;
  const timestampUtcMs = rest.timestampUtcMs ?? EPOCH;
  return {
    id,
    skip: 0,
    hash: '',
    ...rest,
    timestampUtcMs,
    action: { id: `${id}/action`, timestampUtcMs, ...action },
    ...(error === undefined ? {} : { error }),
    ...(deniedReason === undefined ? {} : { deniedReason }),
    ...(resultingState === undefined ? {} : { resultingState }),
  };
}

/** Input of CREATE_DOCUMENT. */
export interface CreateInput {
  readonly documentId: string;
  readonly model: string;
  /** The version that the document begins in; 0 and nothing mean 1, unless an upgrade from 0 follows. */
  readonly version?: number;
  readonly protocol?: Protocol;
  readonly slug?: string;
  readonly name?: string;
}

/** What the first operation of each document does; protocol 2 unless told otherwise. */
export function createDocument({ protocol = 2, ...input }: CreateInput): ActionDraft {
  const protocolVersions = { 'base-reducer': protocol };
  return { type: 'CREATE_DOCUMENT', scope: DOCUMENT_SCOPE, input: { ...input, protocolVersions } };
}

/** Input of UPGRADE_DOCUMENT. */
export interface UpgradeInput {
  /** 0 for the first one, which says in which version the document begins. */
  readonly fromVersion: number;
  readonly toVersion: number;
  /** The state of the whole document from then on; by default the registry's upgrade makes it from the old one. */
  readonly initialState?: State;
  /** By scope, the index of the first operation of the new version. Without it, operations that are later are of the new one. */
  readonly revision?: Readonly<Record<string, number>>;
}

/** Takes a document to another version of its model. */
export function upgradeDocument(input: UpgradeInput): ActionDraft {
  return { type: 'UPGRADE_DOCUMENT', scope: DOCUMENT_SCOPE, input };
}

/** Deletes a document. Its operations stay. */
export function deleteDocument(documentId: string): ActionDraft {
  return { type: 'DELETE_DOCUMENT', scope: DOCUMENT_SCOPE, input: { documentId } };
}

/** Does nothing; with a skip, an undo as it is stored. */
export function noop(scope = 'global'): ActionDraft {
  return { type: NOOP, scope, input: {} };
}

/** Puts a state in a scope's place; with a skip, a prune as it is stored. The models that come with this understand it. */
export function loadState(state: unknown, scope = 'global'): ActionDraft {
  return { type: 'LOAD_STATE', scope, input: { state } };
}
