/**
 * How a state that isn't there is made: from the nearest state before it that is of use, by the operations since. There is
 * one way. Bases are tried from the newest to the oldest, in memory and among keyframes, and the initial state is
 * the last of them; a base is of use if it lies on the path (see `lineage.ts`), if its operation is still the one at its
 * revision, and if it came from the same beginning through the same upgrades.
 */
import type { Clock } from '../engine/clock.ts';
import { appliedAt, type Boundaries } from './boundaries.ts';
import type { Document } from './document.ts';
import type { GuardedKeyframes } from './guarded-keyframes.ts';
import type { Expected } from './keyframes.ts';
import { appliedUpgrades, type Lifecycle } from './lifecycle.ts';
import type { DocumentModelRegistry } from './model.ts';
import type { Operation } from './operation.ts';
import { type OperationSource, PAGE } from './operation-source.ts';
import type { Where } from './reduce.ts';
import { replay, type Start } from './replay.ts';
import type { Origin, Snapshot } from './snapshot.ts';
import { HistoryWindow } from './window.ts';

/** From where a replay began. */
export type From = 'memory' | 'keyframe' | 'beginning';

/** A state to be made. */
export interface Rebuild {
  readonly where: Where;
  readonly revision: number;
  readonly lifecycle: Lifecycle;
  readonly boundaries: Boundaries;
  readonly source: OperationSource;
  readonly registry: DocumentModelRegistry;
  /** States of the stream in memory at or below the revision, the newest first. */
  readonly held: readonly Snapshot[];
  readonly keyframes: GuardedKeyframes | undefined;
  /** What a keyframe of an origin must be. */
  readonly expected: (origin: Origin) => Expected;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onPause?: ((document: Document, operation: Operation, upgrades: number) => void) | undefined;
  /** Told of a state in memory that another history has taken the place of. */
  readonly onRefused: (snapshot: Snapshot) => void;
}

/** What was made. */
export interface Rebuilt extends Start {
  readonly operation: Operation | undefined;
  readonly from: From;
  /** The revision that it was made from. */
  readonly base: number;
  /** Operations that were applied, and milliseconds that it took, reading them included. */
  readonly replayed: number;
  readonly ms: number;
}

interface Base {
  readonly revision: number;
  readonly from: From;
  /** The state, if it is of use: `at` is the operation at its revision. */
  readonly resume: (at: Operation | undefined) => Start | undefined | Promise<Start | undefined>;
}

/** Make a state. Throws `reducer_failed`, `bad_history`, and what the source throws. */
export async function rebuild(wanted: Rebuild): Promise<Rebuilt> {
  const { where, revision, lifecycle, source, clock, signal } = wanted;
  const began = clock.now();
  const window = new HistoryWindow(source, where, revision, signal);
  for await (const base of basesOf(wanted)) {
    // The nearest base costs one row more than what is replayed: it shows whether the history is still the same.
    const at = base.revision < 0 ? undefined : await window.reach(base.revision);
    const path = await window.pathFrom(base.revision, lifecycle.protocol);
    const start = path && (await base.resume(at));
    if (!path || !start) continue;
    const end = await replay({ ...wanted, start, operations: window.along(path), sureFrom: path.sureFrom });
    const operation = revision < 0 ? undefined : await window.reach(revision);
    const ms = Math.max(0, clock.now() - began);
    return { ...end, operation, from: base.from, base: base.revision, replayed: path.indices.length, ms };
  }
  throw new Error('unreachable: a replay from the beginning is always possible');
}

/** States to begin with, the newest first. Keyframes are asked for only when memory has nothing near. */
async function* basesOf(wanted: Rebuild): AsyncGenerator<Base> {
  const { where, revision, held, keyframes, signal } = wanted;
  const near = held.filter((snapshot) => revision - snapshot.revision <= PAGE);
  for (const snapshot of near) yield inMemory(snapshot, wanted);
  const stored = keyframes ? (await keyframes.list(where, revision, signal)).toReversed() : [];
  const bases = [
    ...held.slice(near.length).map((snapshot) => inMemory(snapshot, wanted)),
    ...stored.map(([at]) => inStore(at, wanted)),
  ];
  yield* bases.toSorted((a, b) => b.revision - a.revision);
  yield { revision: -1, from: 'beginning', resume: () => ({ document: wanted.lifecycle.genesis, upgrades: 0 }) };
}

function inMemory(snapshot: Snapshot, wanted: Rebuild): Base {
  const { revision, operation, origin } = snapshot;
  const resume = (at: Operation | undefined): Start | undefined => {
    const expected = originAt(wanted, revision);
    const sameLife = origin ? isSame(origin, expected) : isOfLife(snapshot, wanted.lifecycle);
    if (operation?.id !== at?.id || !sameLife) {
      wanted.onRefused(snapshot);
      return undefined;
    }
    return { document: { ...snapshot, operations: {}, clipboard: [] }, upgrades: expected.upgrades };
  };
  return { revision, from: 'memory', resume };
}

function inStore(revision: number, wanted: Rebuild): Base {
  const { keyframes, where, signal, lifecycle } = wanted;
  const resume = async (at: Operation | undefined): Promise<Start | undefined> => {
    const origin = originAt(wanted, revision);
    const found = at && (await keyframes!.load(where, at, wanted.expected(origin), signal));
    const { initialState } = lifecycle.genesis;
    return found && { document: { ...found, initialState, operations: {}, clipboard: [] }, upgrades: origin.upgrades };
  };
  return { revision, from: 'keyframe', resume };
}

/** What a state at a revision comes from. */
export function originAt(
  { lifecycle, boundaries }: Pick<Rebuild, 'lifecycle' | 'boundaries'>,
  revision: number,
): Origin {
  const upgrades = appliedAt(boundaries, revision);
  return { ground: lifecycle.ground, upgrades, upgradeIds: appliedUpgrades(lifecycle, upgrades) };
}

/** Was the document's life the same when the state was put as it is now? */
function isOfLife({ documentRevision, documentOperation }: Snapshot, { revision, operation }: Lifecycle): boolean {
  return documentRevision === revision && documentOperation?.id === operation?.id;
}

/** Is it the same beginning, and the same upgrades? */
function isSame(a: Origin, b: Origin): boolean {
  return a.ground === b.ground && a.upgradeIds === b.upgradeIds;
}
