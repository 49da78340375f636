/** One backend under test: empty, with another connection to it where there is one, and let go of when the test is over. */
import type { Backend } from '../engine/backend.ts';
import type { Dependency } from '../engine/dependency.ts';
import type { Entry, Mark } from '../engine/entry.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Position } from '../engine/log.ts';
import type { Call, Stored } from '../engine/store.ts';
import { ensure } from './expectations.ts';
import type { Test } from './runner.ts';
import { CALL } from './store-trial.ts';

/** What a suite can have done to the thing `S` that its factory made. */
export interface BackendHooks<S> {
  readonly make: () => MaybePromise<S>;
  readonly another?: (made: S) => MaybePromise<Backend>;
  readonly lose?: (made: S) => MaybePromise<void>;
  readonly close?: (made: S) => MaybePromise<void>;
}

/** A backend under test. Without another connection, `other` is the backend itself. */
export class BackendTrial<S> {
  readonly made: S;
  readonly backend: Backend;
  readonly other: Backend;
  readonly lose: () => MaybePromise<void>;

  constructor(made: S, backend: Backend, other: Backend, lose: () => MaybePromise<void>) {
    this.made = made;
    this.backend = backend;
    this.other = other;
    this.lose = lose;
  }

  /** Say a change; its mark. */
  async change(...dependencies: readonly Dependency[]): Promise<Mark> {
    return (await this.backend.log.append(dependencies, CALL)).head;
  }

  async head(): Promise<Mark> {
    return (await this.backend.log.position(CALL)).head;
  }

  /** A record of the log's present incarnation. */
  async record(key: string, value: unknown, mark: Mark, dependencies: readonly Dependency[] = []): Promise<Stored> {
    const { incarnation } = await this.backend.log.position(CALL);
    const entry: Entry = { value, mark, incarnation, dependencies, freshUntil: Infinity, keptUntil: Infinity };
    return { key, entry };
  }

  /** Store a record; was it kept? */
  async put(record: Stored, backend: Backend = this.backend): Promise<boolean> {
    const [kept] = await backend.setMany([record], CALL);
    ensure(typeof kept === 'boolean', `setMany must answer with true or false, and answered ${String(kept)}`);
    return kept;
  }

  /** Append a change and store the records that it brings. */
  async commit(
    change: readonly Dependency[],
    records: readonly Stored[],
    { backend = this.backend, call = CALL }: { readonly backend?: Backend; readonly call?: Call } = {},
  ): Promise<Position> {
    ensure(backend.commit !== undefined, 'the backend has no commit, though the suite was told nothing of that');
    return backend.commit(change, records, call);
  }

  async get(key: string, backend: Backend = this.backend): Promise<Entry | undefined> {
    return (await backend.getMany([key], CALL))[0];
  }
}

/** Makes tests that each run on a backend of their own; `needs` names the hook without which a test is left out. */
export type BackendTests<S> = (
  name: string,
  run: (trial: BackendTrial<S>) => Promise<void>,
  needs?: 'another' | 'lose',
) => Test;

/** Tests on the backends that the factory makes. */
export function backendTests<S extends { readonly backend: Backend }>(hooks: BackendHooks<S>): BackendTests<S> {
  return (name, run, needs) => ({
    name,
    without: needs && !hooks[needs] ? `no hook '${needs}' was given` : undefined,
    run: async () => {
      const made = await hooks.make();
      const other = await hooks.another?.(made);
      try {
        await run(new BackendTrial(made, made.backend, other ?? made.backend, () => hooks.lose?.(made)));
      } finally {
        await other?.close?.();
        await made.backend.close?.();
        await hooks.close?.(made);
      }
    },
  });
}
