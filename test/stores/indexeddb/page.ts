/** The program of a tab: what tests call through the browser. */
import * as tidemark from 'tidemark';
import { jsonCodec } from 'tidemark/codecs/json';
import * as broadcast from 'tidemark/logs/broadcast';
import * as indexeddb from 'tidemark/stores/indexeddb';
import { serveBackends } from './remote.ts';
import { deleteDatabase, suiteTests } from './suite.ts';

const tests = suiteTests();

/** What a tab offers. */
const tab = {
  ...tidemark,
  ...broadcast,
  ...indexeddb,
  jsonCodec,
  serveBackends,
  deleteDatabase,
  /** Run a test of the suite; answers with how it failed. */
  run: async (index: number): Promise<string | undefined> => {
    try {
      await tests[index].run();
      return undefined;
    } catch (error) {
      return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    }
  },
};

/** What code that runs in a tab finds there. */
export type Window = { readonly tab: typeof tab };

Object.assign(globalThis, { tab });
