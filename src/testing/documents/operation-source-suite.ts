/** The conformance suite of an operation store: the contracts in `documents/operation-source.ts` and `operation-store.ts`. */
import type { OperationStore } from '../../documents/operation-store.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import { register, type Skips, type TestRunner } from '../runner.ts';
import { appendingTests } from './operation-appending.ts';
import { readingTests } from './operation-reading.ts';
import { type OperationStoreHooks, operationTests } from './operation-trial.ts';
import { transactionTests, writerTests } from './operation-writers.ts';

/** Options of {@link operationStoreSuite}. What the factory makes is handed to the hooks, with whatever it carries for them. */
export interface OperationStoreSuiteOptions<
  S extends { readonly store: OperationStore },
> extends OperationStoreHooks<S> {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes a new, empty store. Each test asks for its own. */
  readonly make: () => MaybePromise<S>;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the operation store contract.
 *
 * @example
 * operationStoreSuite({ describe, it }, { name: 'my store', make: () => ({ store: myOperations() }) });
 */
export function operationStoreSuite<S extends { readonly store: OperationStore }>(
  runner: TestRunner,
  options: OperationStoreSuiteOptions<S>,
): void {
  const test = operationTests(options.make, options);
  const groups = [
    { title: 'reading', tests: readingTests(test) },
    { title: 'appending', tests: appendingTests(test) },
    { title: 'several writers', tests: writerTests(test) },
    { title: 'transactions', tests: transactionTests(test) },
  ];
  register(runner, `${options.name} is an operation store`, groups, options.skip);
}
