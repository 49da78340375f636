/** Histories of documents, written as somebody works: add, undo, redo, prune, upgrade, delete. */
import type { Document, State } from '../../documents/document.ts';
import type { DocumentModelRegistry } from '../../documents/model.ts';
import { counts, DOCUMENT_SCOPE, type Operation, type Protocol } from '../../documents/operation.ts';
import {
  type ActionDraft,
  createDocument,
  createOperation,
  deleteDocument,
  EPOCH,
  loadState,
  noop,
  upgradeDocument,
} from './history-operations.ts';
import { HistoryStream } from './history-stream.ts';
import { forgivingRegistryOf, registryOf, type SampleModel } from './models/sample-model.ts';

/**
 * How a history begins: with a CREATE_DOCUMENT that names the version (`created`) or, for version 1, doesn't (`unnamed`), with one
 * of version 0 and an upgrade from 0, which may carry the first state (`seeded`) or not (`upgraded`), or without any
 * (`absent`), in the newest version and protocol 2.
 */
export type Beginning = 'created' | 'unnamed' | 'seeded' | 'upgraded' | 'absent';

/** What is said of a history before its first operation. */
export interface HistoryOptions {
  readonly model: SampleModel;
  /** Default 2. */
  readonly protocol?: Protocol | undefined;
  readonly documentId?: string | undefined;
  readonly branch?: string | undefined;
  readonly beginning?: Beginning | undefined;
  /** The version that it begins in. Default 1. */
  readonly version?: number | undefined;
  /** The first state, if it begins `seeded`. By default the model's own. */
  readonly seed?: State | undefined;
  /** What the ids of operations begin with: histories of one document that part need ids that do. */
  readonly idPrefix?: string | undefined;
  /** Milliseconds from one operation to the next; 0 makes them of the same time. Default 1000 each time. */
  readonly step?: (() => number) | undefined;
}

/** What an operation is besides its action. */
export interface AddOptions {
  readonly skip?: number | undefined;
}

/** What an upgrade is besides its version. */
export interface UpgradeOptions {
  /** Says which operations are of the new version: the indices that it names, or the time that it was made. */
  readonly boundary?: 'revision' | 'timestamp' | undefined;
  readonly initialState?: State | undefined;
}

/** How an operation came to do nothing. */
export type VoidReason = Pick<Operation, 'error' | 'deniedReason'>;

interface AppliedUpgrade {
  /** By scope, the first index of the new version; 0 where none is named. */
  readonly boundaries: ReadonlyMap<string, number>;
  readonly toVersion: number;
  readonly apply: (state: State) => State;
}

/**
 * The history of one document, growing. It knows the state at its end, so that actions for it can be thought of; what the
 * state at any revision has to be is for others to say.
 *
 * ```ts
 * const history = new DocumentHistory({ model: drive });
 * history.add(driveActions.addFolder('a'));
 * history.undo();
 * history.operations; // { document: [CREATE_DOCUMENT], global: [ADD_FOLDER, NOOP with skip 1] }
 * ```
 */
export class DocumentHistory {
  readonly model: SampleModel;
  readonly protocol: Protocol;
  readonly documentId: string;
  readonly branch: string;
  /** For replays: what can't be done any more does nothing. */
  readonly registry: DocumentModelRegistry;
  readonly #strict: DocumentModelRegistry;
  readonly #streams = new Map<string, HistoryStream>();
  readonly #upgrades: AppliedUpgrade[] = [];
  /** By scope, the state that was made last, and what led to it. */
  readonly #last = new Map<string, { path: readonly Operation[]; state: State; applied: number }>();
  readonly #idPrefix: string;
  readonly #step: () => number;
  readonly #initialState: State;
  readonly #firstVersion: number;
  #version: number;
  #count = 0;
  #now = Date.parse(EPOCH);
  /** What follows an upgrade is later: if it were of the same time it would belong before it. */
  #afterUpgrade = false;

  constructor(options: HistoryOptions) {
    const { model, beginning = 'created', documentId = 'document-1' } = options;
    this.model = model;
    this.protocol = options.protocol ?? 2;
    this.documentId = documentId;
    this.branch = options.branch ?? 'main';
    this.#idPrefix = options.idPrefix ?? documentId;
    this.#step = options.step ?? (() => 1000);
    this.registry = forgivingRegistryOf(model);
    this.#strict = registryOf(model);
    const version = beginning === 'absent' ? model.models.length : (options.version ?? 1);
    this.#version = this.#firstVersion = version;
    const initial = this.registry.getModel(model.documentType, version).initialState();
    this.#initialState = beginning === 'seeded' ? (options.seed ?? initial) : initial;
    if (beginning === 'absent') return;
    const named = { created: { version }, unnamed: {}, seeded: { version: 0 }, upgraded: { version: 0 } }[beginning];
    this.#push(createDocument({ documentId, model: model.documentType, protocol: this.protocol, ...named }));
    if (beginning !== 'seeded' && beginning !== 'upgraded') return;
    const seed = beginning === 'seeded' ? { initialState: this.#initialState } : {};
    this.#push(upgradeDocument({ fromVersion: 0, toVersion: version, ...seed }));
  }

  get documentType(): string {
    return this.model.documentType;
  }

  /** The version that the next operation is of. */
  get version(): number {
    return this.#version;
  }

  /** How many operations there are, in all streams. */
  get length(): number {
    return this.#count;
  }

  /** By scope, what has been appended so far. */
  get operations(): Readonly<Record<string, readonly Operation[]>> {
    return Object.fromEntries([...this.#streams].map(([scope, { operations }]) => [scope, [...operations]]));
  }

  /** The state that the next operation of a scope is done to, if it has this skip. Parts of other scopes are of no meaning. */
  state(scope = 'global', skip = 0): State {
    return this.#before(scope, { skip, type: 'NEXT' });
  }

  /** Append an action. Throws what the reducer throws; nothing is appended then. */
  add(action: ActionDraft, { skip = 0 }: AddOptions = {}): Operation {
    const operation = this.#push(action, { skip });
    this.#stream(action.scope).undone.length = 0;
    return operation;
  }

  /** Append an action; if the reducer refuses it, as one that failed. */
  attempt(action: ActionDraft, options: AddOptions = {}): Operation {
    try {
      return this.add(action, options);
    } catch (error) {
      return this.void(action, { error: String(error) }, options);
    }
  }

  /** Append an action that failed or was denied. */
  void(action: ActionDraft, reason: VoidReason, { skip = 0 }: AddOptions = {}): Operation {
    return this.#push(action, { skip, ...reason });
  }

  /** Take back the newest operation that counts. With none left it is stored all the same. */
  undo(scope = 'global'): Operation {
    const stream = this.#stream(scope);
    const newest = stream.newest();
    const operation = this.#push(noop(scope), { skip: newest?.skip ?? 1 });
    if (newest) stream.undone.push(newest.operation.action);
    return operation;
  }

  /** Do the last action that was undone again. Throws if there is none; one that can't be done any more fails. */
  redo(scope = 'global'): Operation {
    const action = this.#stream(scope).undone.pop();
    if (!action) throw new Error('there is nothing to be done again');
    try {
      return this.#push(action);
    } catch (error) {
      return this.void(action, { error: String(error) });
    }
  }

  /** Can {@link redo} be called? */
  canRedo(scope = 'global'): boolean {
    return this.#stream(scope).undone.length > 0;
  }

  /** Put one operation in the place of the last `count`: it carries the state that they made. */
  prune(count: number, scope = 'global'): Operation {
    return this.add(loadState(this.state(scope)[scope], scope), { skip: count });
  }

  /** Go on in the next version of the model, or a later one. */
  upgrade(toVersion: number = this.#version + 1, options: UpgradeOptions = {}): Operation {
    const { initialState } = options;
    const operation = this.#push(this.upgradeAction(toVersion, options));
    const { documentType } = this.model;
    const reducer = this.registry.getUpgrade(documentType, this.#version, toVersion);
    const upgrade: AppliedUpgrade = {
      boundaries: new Map([...this.#streams].map(([scope, { end }]) => [scope, end])),
      toVersion,
      apply: (state) => initialState ?? reducer(this.#shell(state), operation).state,
    };
    this.#upgrades.push(upgrade);
    this.#version = toVersion;
    this.#afterUpgrade = true;
    return operation;
  }

  /** The action of such an upgrade. */
  upgradeAction(toVersion: number = this.#version + 1, options: UpgradeOptions = {}): ActionDraft {
    const { boundary = 'revision', initialState } = options;
    const ends = [...this.#streams].filter(([, { end }]) => end > 0).map(([scope, { end }]) => [scope, end]);
    return upgradeDocument({
      fromVersion: this.#version,
      toVersion,
      ...(initialState ? { initialState } : {}),
      ...(boundary === 'revision' ? { revision: Object.fromEntries(ends) as Record<string, number> } : {}),
    });
  }

  /** Delete the document. Operations may follow all the same. */
  delete(): Operation {
    return this.#push(deleteDocument(this.documentId));
  }

  #push(action: ActionDraft, options: AddOptions & VoidReason = {}): Operation {
    const { scope } = action;
    const { skip = 0, ...reason } = options;
    const stream = this.#stream(scope);
    const operation = this.#operation(action, stream.end, skip, reason);
    const reduced = isDone(operation);
    const model = this.#strict.getModel(this.documentType, this.#version);
    if (reduced) model.reducer(this.#shell(this.#before(scope, { skip, type: action.type })), operation); // may refuse
    this.#count++;
    this.#now = Date.parse(operation.timestampUtcMs);
    if (scope !== DOCUMENT_SCOPE) this.#afterUpgrade = false;
    stream.operations.push(operation);
    return operation;
  }

  #operation(action: ActionDraft, index: number, skip: number, reason: VoidReason): Operation {
    const id = `${this.#idPrefix}/${this.#count}`;
    const now = this.#now + Math.max(this.#step(), this.#afterUpgrade ? 1 : 0);
    // An action is thought of a little before it is appended; which of the two times counts is a part of the rules.
    const draft = { id: `${id}/action`, timestampUtcMs: new Date(now - 1).toISOString(), ...action };
    return createOperation(draft, { id, index, skip, timestampUtcMs: new Date(now).toISOString(), ...reason });
  }

  #stream(scope: string): HistoryStream {
    const found = this.#streams.get(scope);
    if (found) return found;
    const stream = new HistoryStream(scope === DOCUMENT_SCOPE ? 1 : this.protocol);
    this.#streams.set(scope, stream);
    return stream;
  }

  /** The state that the next operation of a scope is done to, by a replay of what leads to it. */
  #before(scope: string, { skip, type }: { readonly skip: number; readonly type: string }): State {
    const stream = this.#stream(scope);
    const next = createOperation({ type, scope, input: {} }, { index: stream.end, skip });
    const path = scope === DOCUMENT_SCOPE ? stream.operations : stream.pathBefore(next);
    const boundaries = this.#upgrades.map((upgrade) => upgrade.boundaries.get(scope) ?? 0);
    const last = this.#last.get(scope);
    const goesOn = last?.path.every((operation, i) => path[i] === operation);
    let { state, applied } = last && goesOn ? last : { state: this.#initialState, applied: 0 };
    const upTo = (index: number): void => {
      while (applied < boundaries.length && boundaries[applied] <= index)
        state = this.#upgrades[applied++].apply(state);
    };
    for (const operation of path.slice(goesOn ? last?.path.length : 0)) {
      upTo(operation.index);
      if (!isDone(operation)) continue;
      const version = applied === 0 ? this.#firstVersion : this.#upgrades[applied - 1].toVersion;
      const model = this.registry.getModel(this.documentType, version);
      state = model.reducer(this.#shell(state), operation).state;
    }
    upTo(stream.end);
    this.#last.set(scope, { path: [...path], state, applied });
    return state;
  }

  #shell(state: State): Document {
    const header = {
      id: this.documentId,
      documentType: this.documentType,
      createdAtUtcIso: EPOCH,
      lastModifiedAtUtcIso: EPOCH,
      slug: '',
      name: '',
      branch: this.branch,
      revision: {},
    };
    return { header, state, initialState: this.#initialState, operations: {}, clipboard: [] };
  }
}

const OF_LIFE: readonly string[] = ['CREATE_DOCUMENT', 'UPGRADE_DOCUMENT', 'DELETE_DOCUMENT'];

/** Is it for the model's reducer? */
function isDone(operation: Operation): boolean {
  return counts(operation) && !OF_LIFE.includes(operation.action.type);
}
