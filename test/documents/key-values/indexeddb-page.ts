/** The program of a tab: runs a test of the suite by its number. */
import { suiteTests } from './indexeddb-suite.ts';

const tests = suiteTests();

/** Answers with how the test failed; with nothing if it didn't. */
const runKeyValueTest = async (index: number): Promise<string | undefined> => {
  try {
    await tests[index].run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  }
};

/** What code that runs in the tab finds there. */
export type Window = { readonly runKeyValueTest: typeof runKeyValueTest };

Object.assign(globalThis, { runKeyValueTest });
