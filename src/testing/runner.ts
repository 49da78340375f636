/** Between the suites and a test runner: what is asked of the runner, and how tests and skips are handed to it. */
import type { MaybePromise } from '../engine/maybe.ts';

/** How a test is told to a runner. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** The two functions that a suite asks of a test runner: those of vitest, of jest and of `node:test` fit. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: RegisterTest & { readonly skip: RegisterTest };
}

/** Tests that aren't to be run, by name, each with the reason, which becomes a part of the skipped test's name. */
export type Skips = Readonly<Record<string, string>>;

/** One promise of a contract, as a test. */
export interface Test {
  readonly name: string;
  readonly run: () => MaybePromise<void>;
  /** Why the test can't be run with what the suite was given; it is left out then. */
  readonly without?: string | undefined;
}

/** Tests under a common heading. */
export interface Group {
  readonly title: string;
  readonly tests: readonly Test[];
}

/** Hand tests to a runner. Throws if a skip names no test or gives no reason. */
export function register(
  { describe, it }: TestRunner,
  title: string,
  groups: readonly Group[],
  skip: Skips = {},
): void {
  const names = new Set(groups.flatMap(({ tests }) => tests.map(({ name }) => name)));
  for (const [name, reason] of Object.entries(skip)) {
    if (!names.has(name)) throw new Error(`${title}: there is no test '${name}' to skip`);
    if (reason.trim() === '') throw new Error(`${title}: a reason is due for skipping '${name}'`);
  }
  describe(title, () => {
    for (const group of groups)
      describe(titleOf(group), () => {
        for (const { name, run, without } of group.tests) {
          if (Object.hasOwn(skip, name)) it.skip(`${name} (skipped: ${skip[name]})`, async () => run());
          else if (without === undefined) it(name, async () => run());
        }
      });
  });
}

/** A group's title; if tests had to be left out, it says why. */
function titleOf({ title, tests }: Group): string {
  const reasons = new Set(tests.flatMap(({ without }) => without ?? []));
  return reasons.size === 0 ? title : `${title} (left out: ${[...reasons].join('; ')})`;
}
