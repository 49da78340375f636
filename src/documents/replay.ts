/** Operations applied one after the other, with the upgrades that lie between them. */
import type { Clock } from '../engine/clock.ts';
import { turn } from '../engine/turn.ts';
import { type Boundaries, appliedAt } from './boundaries.ts';
import type { Document, State } from './document.ts';
import { type Lifecycle, ownOf, upgradedBy, versionAfter } from './lifecycle.ts';
import type { DocumentModel, DocumentModelRegistry } from './model.ts';
import { counts, DOCUMENT_SCOPE, type Operation } from './operation.ts';
import { reduce, type Where } from './reduce.ts';

const SLICE = 20; // milliseconds after which others get their turn

/** A document that a replay begins with, and how many upgrades it has behind it. */
export interface Start {
  readonly document: Document;
  readonly upgrades: number;
}

type Chunks = Iterable<readonly Operation[]> | AsyncIterable<readonly Operation[]>;

/** A replay. */
export interface Replay {
  readonly where: Where;
  readonly start: Start;
  /** What leads from the start to the revision, some at a time. */
  readonly operations: Chunks;
  /** From this revision on, states on the way are those of their own revisions. */
  readonly sureFrom: number;
  readonly revision: number;
  readonly lifecycle: Lifecycle;
  readonly boundaries: Boundaries;
  readonly registry: DocumentModelRegistry;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Told now and then of a state on the way, which is that of the operation's own revision. */
  readonly onPause?: ((document: Document, operation: Operation, upgrades: number) => void) | undefined;
}

/** The document at the end, not frozen, and how many upgrades it has behind it. Throws `reducer_failed`. */
export async function replay(wanted: Replay): Promise<Start> {
  const { where, operations, lifecycle, boundaries, registry, clock, signal } = wanted;
  const models = new Map<number, DocumentModel>();
  const own = ownOf(lifecycle);
  let { document, upgrades } = wanted.start;
  document = withOwn({ ...document, header: { ...document.header }, operations: {}, clipboard: [] }, own);
  const upgradeTo = (count: number): void => {
    for (; upgrades < count; upgrades++) document = upgradedBy(lifecycle, upgrades, document, registry, where);
  };
  let slice = clock.now();
  for await (const chunk of operations)
    for (const operation of chunk) {
      upgradeTo(appliedAt(boundaries, operation.index - 1));
      if (counts(operation)) {
        const version = versionAfter(lifecycle, upgrades);
        const model = models.get(version) ?? registry.getModel(lifecycle.documentType, version);
        models.set(version, model);
        const revision = { [DOCUMENT_SCOPE]: lifecycle.revision + 1, [where.scope]: operation.index };
        // A fresh shell each time: some reducers freeze what they answer with, header and all.
        document = reduce(model, { ...document, header: { ...document.header, revision } }, operation, where);
      }
      const now = clock.now();
      if (now - slice < SLICE && now >= slice) continue;
      upgradeTo(appliedAt(boundaries, operation.index)); // what belongs right after it is a part of its own state
      if (operation.index >= wanted.sureFrom) wanted.onPause?.(document, operation, upgrades);
      await turn();
      signal?.throwIfAborted();
      slice = clock.now();
    }
  upgradeTo(appliedAt(boundaries, wanted.revision));
  return { document: withOwn(document, own), upgrades };
}

/** The `document` scope is never a matter of another scope's operations. */
function withOwn(document: Document, own: State): Document {
  if (document.state[DOCUMENT_SCOPE] === own) return document;
  return { ...document, state: { ...document.state, [DOCUMENT_SCOPE]: own } };
}
