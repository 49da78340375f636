/**
 * The oracle of document states: what a document is at a revision, by replaying its whole history as the rules say, with
 * no regard for speed. It shares nothing with the cache but types.
 */
import { TidemarkError } from 'tidemark';
import type { Document, DocumentHeader, State } from '../../../src/documents/document.ts';
import type { DocumentModelRegistry } from '../../../src/documents/model.ts';
import type { Operation } from '../../../src/documents/operation.ts';

/** By scope, whole streams from index 0 on. */
export type Streams = Readonly<Record<string, readonly Operation[]>>;

/** What is wanted to be known. */
export interface Question {
  readonly documentId: string;
  /** Asked for where no CREATE_DOCUMENT names it. */
  readonly documentType?: string | undefined;
  readonly scope: string;
  readonly branch?: string | undefined;
  /** The revision wanted; the head by default. */
  readonly target?: number | undefined;
}

/** A document without what depends on who was asked. */
export interface Replayed {
  readonly header: DocumentHeader;
  readonly state: State;
  readonly initialState: State;
  /** The revision that this is; -1 of an empty stream. */
  readonly lastOperationIndex: number;
}

/** What a document of the cache has to be equal to what {@link fullReplay} answers. */
export function comparable(document: Document, scope: string): Replayed {
  const { header, state, initialState, operations } = document;
  return { header, state, initialState, lastOperationIndex: operations[scope]?.at(-1)?.index ?? -1 };
}

/** The document at a revision. Throws `not_found`, what the registry throws, and what reducers throw. */
export function fullReplay(streams: Streams, registry: DocumentModelRegistry, question: Question): Replayed {
  const { scope, branch = 'main' } = question;
  const operations = streams[scope] ?? [];
  const head = operations.length - 1;
  const target = Math.min(question.target ?? head, head);
  const told = replayDocumentScope(streams, registry, question, scope === 'document' ? target : Infinity);
  const { document } =
    scope === 'document' ? told : replayScope(operations, scope, target, told, registry, told.document.header);
  return {
    header: {
      ...document.header,
      branch,
      revision: { document: (streams['document'] ?? []).length, [scope]: target + 1 },
      lastModifiedAtUtcIso: target < 0 ? told.document.header.createdAtUtcIso : operations[target].timestampUtcMs,
    },
    state: { ...document.state, document: told.document.state['document'] },
    initialState: told.document.initialState,
    lastOperationIndex: target,
  };
}

interface HeldBack {
  readonly operation: Operation;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly initialState: State | undefined;
  readonly revision: Readonly<Record<string, number>> | undefined;
}

/** What the document scope says, up to a revision of its own. */
interface Told {
  /** With the state that the document scope's own operations make, and its initial state. */
  readonly document: Document;
  readonly documentType: string;
  readonly protocol: number;
  readonly firstVersion: number;
  readonly upgrades: readonly HeldBack[];
}

interface LifecycleInput {
  readonly documentId: string;
  readonly model: string;
  readonly version?: number;
  readonly slug?: string;
  readonly name?: string;
  readonly protocolVersions: Readonly<Record<string, number>>;
  readonly fromVersion?: number;
  readonly toVersion?: number;
  readonly initialState?: State;
  readonly revision?: Readonly<Record<string, number>>;
}

function replayDocumentScope(
  streams: Streams,
  registry: DocumentModelRegistry,
  question: Question,
  last: number,
): Told {
  const all = streams['document'] ?? [];
  if (all.length === 0) return neverCreated(streams, registry, question);
  const create = all[0];
  if (create.action.type !== 'CREATE_DOCUMENT')
    throw new TidemarkError('bad_history', 'it begins with no CREATE_DOCUMENT');
  const created = create.action.input as LifecycleInput;
  const documentType = created.model;
  const counting = all.filter((operation) => !operation.error && !operation.deniedReason);

  // The first upgrade, if it is one from 0, belongs to the beginning.
  const first = counting.find(({ action }) => action.type === 'UPGRADE_DOCUMENT');
  const firstInput = first?.action.input as LifecycleInput | undefined;
  const seeding = first && first.index <= last && (firstInput?.fromVersion ?? 0) === 0 ? first : undefined;
  const firstVersion = seeding ? firstInput!.toVersion || 1 : created.version || 1;
  const { document: own, ...initialState } =
    (seeding && firstInput!.initialState) ?? registry.getModel(documentType, firstVersion).initialState();

  let document: Document = {
    header: headerOf(question, created, create),
    state: { ...initialState, document: { ...(own as object), version: firstVersion, isDeleted: false } },
    initialState,
    operations: {},
    clipboard: [],
  };
  let version = firstVersion;
  const upgrades: HeldBack[] = [];
  for (const operation of counting) {
    if (operation === create || operation === seeding || operation.index > last) continue;
    const { type, input } = operation.action;
    if (type === 'NOOP') continue;
    if (type === 'DELETE_DOCUMENT') {
      document = said(document, { isDeleted: true, deletedAtUtcIso: operation.timestampUtcMs });
    } else if (type === 'UPGRADE_DOCUMENT') {
      const { fromVersion, toVersion, initialState: replacement, revision } = input as LifecycleInput;
      const upgrade = {
        operation,
        fromVersion: fromVersion || 1,
        toVersion: toVersion || 1,
        initialState: replacement,
        revision,
      };
      upgrades.push(upgrade);
      version = upgrade.toVersion;
      document = said(upgraded(document, upgrade, documentType, registry), { version });
    } else {
      document = kept(document, registry.getModel(documentType, version).reducer(document, operation));
    }
  }
  return { document, documentType, protocol: created.protocolVersions['base-reducer'], firstVersion, upgrades };
}

/** A document that has operations and was never created is of the newest version. */
function neverCreated(streams: Streams, registry: DocumentModelRegistry, question: Question): Told {
  const { documentId, documentType, scope } = question;
  const operations = streams[scope] ?? [];
  if (operations.length === 0 || documentType === undefined)
    throw new TidemarkError('not_found', `there is no document ${documentId}`);
  const model = registry.getModel(documentType);
  const { document: own, ...initialState } = model.initialState();
  const { protocolVersions: _none, ...header } = headerOf(question, { model: documentType }, operations[0]);
  const state = { ...initialState, document: { ...(own as object), version: model.version, isDeleted: false } };
  const document = { header, state, initialState, operations: {}, clipboard: [] };
  return { document, documentType, protocol: 2, firstVersion: model.version, upgrades: [] };
}

/** Any other scope: the path from the root to the target, with the upgrades on its way. */
function replayScope(
  operations: readonly Operation[],
  scope: string,
  target: number,
  told: Told,
  registry: DocumentModelRegistry,
  header: DocumentHeader,
): { readonly document: Document } {
  const { documentType, firstVersion, protocol } = told;
  const boundaries = told.upgrades.map((upgrade) => boundaryOf(upgrade, operations, scope));
  if (boundaries.some((boundary, i) => i > 0 && boundary < boundaries[i - 1]))
    throw new Error('the rules say nothing of upgrades whose boundaries are out of order');

  const state = { ...told.document.initialState, document: told.document.state['document'] };
  let document: Document = { ...told.document, header, state };
  let version = firstVersion;
  let next = 0;
  const crossTo = (index: number) => {
    for (; next < boundaries.length && boundaries[next] <= index; next++) {
      document = upgraded(document, told.upgrades[next], documentType, registry);
      version = told.upgrades[next].toVersion;
    }
  };
  for (const index of pathTo(operations, target, protocol)) {
    crossTo(index);
    const operation = operations[index];
    if (counts(operation))
      document = kept(document, registry.getModel(documentType, version).reducer(document, operation));
  }
  crossTo(target + 1);
  return { document };
}

/** The indices of what counts at a revision, in order. */
function pathTo(operations: readonly Operation[], revision: number, protocol: number): readonly number[] {
  const skipAt = (index: number) => {
    const { skip, error, deniedReason } = operations[index];
    return error || deniedReason ? 0 : skip;
  };
  const isUndo = (index: number) => protocol === 2 && operations[index].action.type === 'NOOP' && skipAt(index) > 0;
  let left: number[] = [];
  for (let index = 0; index <= revision; index++) {
    const first = index - skipAt(index);
    if (protocol === 1) left = left.filter((earlier) => earlier < first);
    left.push(index);
    if (protocol === 1 || first === index || isUndo(index)) continue;
    // What reorders makes everything that is left take back its own once more, undos by their skip.
    for (let place = left.length - 1; place > 0; place--) {
      const end = left[place] - skipAt(left[place]);
      const stays = left.slice(0, place).filter((earlier) => earlier < end);
      left = [...stays, ...left.slice(place)];
      place = stays.length;
    }
  }
  const stack: number[] = [];
  for (const index of left)
    if (!isUndo(index)) stack.push(index);
    else stack.pop();
  return stack;
}

function counts({ action, error, deniedReason }: Operation): boolean {
  return action.type !== 'NOOP' && !error && !deniedReason;
}

/** The first index of a scope that is of the upgrade's version; one more than the head while none is. */
function boundaryOf({ operation, revision }: HeldBack, operations: readonly Operation[], scope: string): number {
  if (revision) return revision[scope] ?? 0;
  const later = (time: string) => Date.parse(time) > Date.parse(operation.timestampUtcMs);
  const first = operations.findIndex(({ timestampUtcMs }) => later(timestampUtcMs));
  return first < 0 ? operations.length : first;
}

function upgraded(
  document: Document,
  upgrade: HeldBack,
  documentType: string,
  registry: DocumentModelRegistry,
): Document {
  const { fromVersion, toVersion, initialState, operation } = upgrade;
  if (!initialState)
    return kept(document, registry.getUpgrade(documentType, fromVersion, toVersion)(document, operation));
  return { ...document, state: { ...initialState, document: document.state['document'] } };
}

/** Only header and state of what a reducer answers are used. */
function kept(document: Document, { header, state }: Document): Document {
  return { ...document, header, state };
}

/** The document with more in its document scope. */
function said(document: Document, more: object): Document {
  const { state } = document;
  return { ...document, state: { ...state, document: { ...(state['document'] as object), ...more } } };
}

function headerOf(question: Question, created: Partial<LifecycleInput>, { timestampUtcMs }: Operation): DocumentHeader {
  return {
    id: question.documentId,
    documentType: created.model!,
    createdAtUtcIso: timestampUtcMs,
    lastModifiedAtUtcIso: timestampUtcMs,
    slug: created.slug ?? '',
    name: created.name ?? '',
    branch: question.branch ?? 'main',
    revision: {},
    protocolVersions: { ...created.protocolVersions },
  };
}
