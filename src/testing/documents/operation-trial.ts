/** One operation store under test: new, with what can be done around it, and let go of when the test is over. */
import type { Action, Operation } from '../../documents/operation.ts';
import type { HeadQuery, SinceOptions } from '../../documents/operation-source.ts';
import type { Append, OperationStore } from '../../documents/operation-store.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import { ensure, ensureEqual } from '../expectations.ts';
import type { Test } from '../runner.ts';

/** What a suite can have done around the thing `S` that its factory made. */
export interface OperationStoreHooks<S> {
  /** The same operations through another connection, as another process has them. */
  readonly another?: (made: S) => MaybePromise<OperationStore>;
  /** Runs work in a transaction that the store takes part in: committed afterwards, or rolled back if the work throws. */
  readonly transaction?: (made: S, work: (transaction: unknown) => Promise<void>) => Promise<void>;
  /** Called when a test is over. */
  readonly close?: (made: S) => MaybePromise<void>;
}

/** A stream, by its three names. */
export type Stream = readonly [documentId: string, scope: string, branch: string];

/** The stream that is used where any would do. */
export const STREAM: Stream = ['document', 'global', 'main'];

const MOST_PAGES = 1000;

/** Makes tests that each run on a store of their own; `needs` names the hook without which a test is left out. */
export type OperationTests = (
  name: string,
  run: (trial: OperationTrial) => Promise<void>,
  needs?: 'another' | 'transaction',
) => Test;

/** Tests on the stores that `make` makes. */
export function operationTests<S extends { readonly store: OperationStore }>(
  make: () => MaybePromise<S>,
  hooks: OperationStoreHooks<S>,
): OperationTests {
  return (name, run, needs) => ({
    name,
    without: needs && !hooks[needs] ? `no hook '${needs}' was given` : undefined,
    run: async () => {
      const made = await make();
      try {
        const other = (await hooks.another?.(made)) ?? made.store;
        await run(new OperationTrial(made.store, other, async (work) => hooks.transaction?.(made, work)));
      } finally {
        await hooks.close?.(made);
      }
    },
  });
}

/** A store, another connection to it (itself, if there is none), and transactions. */
class OperationTrial {
  readonly store: OperationStore;
  readonly other: OperationStore;
  readonly transaction: (work: (transaction: unknown) => Promise<void>) => Promise<void>;

  constructor(store: OperationStore, other: OperationStore, transaction: OperationTrial['transaction']) {
    this.store = store;
    this.other = other;
    this.transaction = transaction;
  }

  /** Append operations that follow a revision. */
  append(operations: readonly Operation[], rest: Partial<Append> = {}, stream: Stream = STREAM): Promise<number> {
    return this.store.append(requestFor(operations, rest, stream));
  }

  /** All operations of a stream, as pages have them. */
  async pages(options: SinceOptions = {}, stream: Stream = STREAM, after = -1): Promise<readonly Operation[][]> {
    const pages: Operation[][] = [];
    let cursor: string | undefined;
    do {
      const page = await this.store.getSince(...stream, after, { ...options, cursor });
      pages.push([...page.results]);
      cursor = page.nextCursor;
      ensure(pages.length < MOST_PAGES, 'the pages have no end');
    } while (cursor !== undefined);
    return pages;
  }

  async all(stream: Stream = STREAM): Promise<readonly Operation[]> {
    return (await this.pages({}, stream)).flat();
  }

  /** The stream must consist of these operations, whoever is asked. */
  async ensureStream(operations: readonly Operation[], what: string, stream: Stream = STREAM): Promise<void> {
    ensureEqual(await this.all(stream), operations, what);
    for (const store of [this.store, this.other]) {
      const [head] = await store.getHeads(stream[0], stream[2], [{ scope: stream[1] }]);
      ensureEqual(head, { revision: operations.length - 1, id: operations.at(-1)?.id }, `${what}: the head`);
    }
  }

  heads(...streams: readonly HeadQuery[]): ReturnType<OperationStore['getHeads']> {
    return this.store.getHeads(STREAM[0], STREAM[2], streams);
  }
}

/** The request to append operations to a stream; they say themselves which revision they follow. */
export function requestFor(
  operations: readonly Operation[],
  rest: Partial<Append> = {},
  [documentId, scope, branch]: Stream = STREAM,
): Append {
  const revision = (operations[0]?.index ?? 0) - 1;
  return { documentId, documentType: 'suite', scope, branch, revision, operations, ...rest };
}

/** An operation at an index. `writer` makes its id. */
export function operationAt(
  index: number,
  writer = 'w',
  rest: Partial<Omit<Operation, 'action'>> & { readonly action?: Partial<Action> } = {},
): Operation {
  const timestampUtcMs = new Date(1_789_000_000_000 + index).toISOString();
  const action = { id: `${writer}-${index}-action`, type: 'ADD', scope: STREAM[1], timestampUtcMs, input: { index } };
  const bare = { id: `${writer}-${index}`, index, skip: 0, timestampUtcMs, hash: '' };
  return { ...bare, ...rest, action: { ...action, ...rest.action } };
}

/** Operations from one index up to, and without, another one. */
export function operationsFrom(first: number, end: number, writer?: string): readonly Operation[] {
  return Array.from({ length: end - first }, (_, i) => operationAt(first + i, writer));
}
