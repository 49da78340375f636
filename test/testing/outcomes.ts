/** A test runner of a few lines: runs a suite at once and tells how each of its tests ended. */
import type { TestRunner } from 'tidemark/testing';

/** How the tests of a suite ended, by name. */
export interface Outcomes {
  readonly passed: readonly string[];
  readonly skipped: readonly string[];
  readonly failed: ReadonlyMap<string, Error>;
}

/** Run what a suite registers, or one test of it. */
export async function outcomesOf(
  suite: (runner: TestRunner) => void,
  { only }: { readonly only?: string } = {},
): Promise<Outcomes> {
  const tests: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  const skipped: string[] = [];
  const it = Object.assign((name: string, run: () => Promise<void>) => void tests.push({ name, run }), {
    skip: (name: string) => void skipped.push(name),
  });
  suite({ describe: (_, body) => body(), it });
  const wanted = only === undefined ? tests : tests.filter(({ name }) => name === only);
  if (wanted.length === 0) throw new Error(`there is no test to run${only === undefined ? '' : `: ${only}`}`);
  const passed: string[] = [];
  const failed = new Map<string, Error>();
  for (const { name, run } of wanted) {
    try {
      await run();
      passed.push(name);
    } catch (error) {
      failed.set(name, error as Error);
    }
  }
  return { passed, skipped, failed };
}
