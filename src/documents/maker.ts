/** Makes states that aren't in memory, with all that must be known for it. */
import type { Core } from './core.ts';
import type { Heads } from './heads.ts';
import { appliedUpgrades, lifeAlone, type Lifecycle } from './lifecycle.ts';
import type { Lives } from './lives.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import type { OperationSource } from './operation-source.ts';
import { originAt, type Rebuild, rebuild, type Rebuilt } from './rebuild.ts';
import type { Where } from './reduce.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

/** A state to be made. */
export interface Task {
  readonly where: Where;
  readonly revision: number;
  readonly heads: Heads;
  readonly lifecycle: Lifecycle;
  /** States in memory that it may be made from, the newest first. */
  readonly held: readonly Snapshot[];
  /** What to do with states on the way, and whether keyframes are asked: nothing and no, for a replay of everything. */
  readonly keyframes: { readonly onCheckpoint: (snapshot: Snapshot) => void } | undefined;
  readonly onRefused: (snapshot: Snapshot) => void;
  readonly signal: AbortSignal | undefined;
}

/** What was made. */
export interface Made {
  readonly snapshot: Snapshot;
  readonly rebuilt: Rebuilt;
}

/** What states are made with. */
export interface MakerOptions {
  readonly core: Core;
  readonly source: OperationSource;
  readonly lives: Lives;
}

/** Makes states from one source. */
export class StateMaker {
  readonly #o: MakerOptions;

  constructor(options: MakerOptions) {
    this.#o = options;
  }

  /** Make a state. Throws as {@link rebuild} does. */
  make(task: Task): Promise<Made> {
    return task.where.scope === DOCUMENT_SCOPE ? this.#ofLife(task) : this.#ofScope(task);
  }

  async #ofScope({ where, revision, heads, lifecycle, held, keyframes, onRefused, signal }: Task): Promise<Made> {
    const { core, source, lives } = this.#o;
    const { registry, clock, writer } = core;
    const boundaries = await lives.boundaries(where, lifecycle, heads.scope.revision, signal);
    const place = { lifecycle, boundaries };
    const factsAt = (at: number) => ({
      scope: where.scope,
      revision: at,
      documentRevision: lifecycle.revision,
      documentOperation: lifecycle.operation,
      origin: originAt(place, at),
    });
    const wanted: Rebuild = {
      ...place,
      where,
      revision,
      source,
      registry,
      held,
      keyframes: keyframes && core.guarded,
      expected: (origin) => writer!.expected(lifecycle, origin),
      clock,
      signal,
      onRefused,
      onPause: (document, operation) =>
        keyframes?.onCheckpoint(snapshotOf(document, { ...factsAt(operation.index), operation })),
    };
    const rebuilt = await rebuild(wanted);
    const { document, operation } = rebuilt;
    return { snapshot: snapshotOf(document, { ...factsAt(revision), operation }, held[0]), rebuilt };
  }

  /** The `document` scope itself: its state is its life, and of the others what its upgrades make of their beginnings. */
  async #ofLife({ where, revision, lifecycle, signal }: Task): Promise<Made> {
    const { core, lives } = this.#o;
    const { registry, clock } = core;
    const life = revision < lifecycle.revision ? await lives.before(where, revision, signal) : lifecycle;
    const began = clock.now();
    const document = lifeAlone(life, registry, where);
    const { operation } = life;
    const upgrades = life.upgrades.length;
    const origin = { ground: life.ground, upgrades, upgradeIds: appliedUpgrades(life, upgrades) };
    const facts = { scope: where.scope, revision, operation, origin };
    const snapshot = snapshotOf(document, { ...facts, documentRevision: revision, documentOperation: operation });
    const replayed = revision + 1;
    const ms = Math.max(0, clock.now() - began);
    return { snapshot, rebuilt: { document, upgrades, operation, from: 'beginning', base: -1, replayed, ms } };
  }
}
