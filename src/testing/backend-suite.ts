/** The conformance suite of a backend: the suites of store and log, and what `engine/backend.ts` adds to both. */
import type { Backend } from '../engine/backend.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Store } from '../engine/store.ts';
import { backendTests } from './backend-trial.ts';
import { changeLogGroups } from './change-log-suite.ts';
import { commitTests } from './backend-commit.ts';
import { fenceTests } from './backend-fence.ts';
import { type LeaseTrait, leaseTests } from './backend-leases.ts';
import { register, type Skips, type TestRunner } from './runner.ts';
import { storeGroups, type StoreTraits } from './store-suite.ts';

/** Options of {@link backendSuite}. What the factory makes is handed to the hooks, with whatever it carries for them. */
export interface BackendSuiteOptions<S extends { readonly backend: Backend }> extends StoreTraits {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes an empty backend with a new log, and room for a few thousand entries. Each test asks for its own and closes it. */
  readonly make: () => MaybePromise<S>;
  /** Makes one whose log keeps at most some hundred changes and stamps, so that the tests see it forget. */
  readonly makeSmall?: () => MaybePromise<S>;
  /** The same backend through another connection, as another process has it. Closed by the test. */
  readonly another?: (made: S) => MaybePromise<Backend>;
  /** Makes the backend lose acknowledged changes: flushes it, restores an old copy, starts it empty. */
  readonly lose?: (made: S) => MaybePromise<void>;
  /** Opens a closed backend again, if it outlives its process. */
  readonly reopen?: (closed: Store) => MaybePromise<Store>;
  /** False for a backend without `commit`, which only a synchronous one must have. Default true. */
  readonly commit?: false;
  /** Given if the backend offers leases. */
  readonly leases?: LeaseTrait<S>;
  /** Called when a test is over and the backend is closed. */
  readonly close?: (made: S) => MaybePromise<void>;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the backend contract, those of store and log included.
 *
 * @example
 * backendSuite({ describe, it }, { name: 'my backend', make: () => ({ backend: myBackend() }) });
 */
export function backendSuite<S extends { readonly backend: Backend }>(
  runner: TestRunner,
  options: BackendSuiteOptions<S>,
): void {
  const { name, make, makeSmall, another, lose, close, reopen, commit, leases, skip } = options;
  let made: S;
  const store = {
    ...options,
    open: async () => (made = await make()).backend,
    close: () => close?.(made),
    reopen,
  };
  const whole = (factory: () => MaybePromise<S>) => async () => {
    const one = await factory();
    return { made: one, log: one.backend.log, others: [] as Backend[] };
  };
  type Whole = Awaited<ReturnType<ReturnType<typeof whole>>>;
  const log = {
    name,
    make: whole(make),
    ...(makeSmall && { makeSmall: whole(makeSmall) }),
    ...(another && {
      another: async (one: Whole) => {
        const other = await another(one.made);
        one.others.push(other);
        return other.log;
      },
    }),
    ...(lose && { lose: (one: Whole) => lose(one.made) }),
    close: async (one: Whole) => {
      for (const backend of [...one.others, one.made.backend]) await backend.close?.();
      await close?.(one.made);
    },
  };
  const test = backendTests(options);
  register(
    runner,
    `${name} is a backend`,
    [
      ...storeGroups(store).map(under('as a store')),
      ...changeLogGroups(log).map(under('as a log')),
      { title: 'refusing what the log has overtaken', tests: fenceTests(test) },
      { title: 'committing a change with its records', tests: commitTests(test, { offered: commit ?? true }) },
      { title: 'leases', tests: leaseTests(test, leases) },
    ],
    skip,
  );
}

const under =
  (heading: string) =>
  <G extends { readonly title: string }>(group: G): G => ({ ...group, title: `${heading}: ${group.title}` });
