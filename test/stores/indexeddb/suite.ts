/** The conformance suite over IndexedDB: the same list of tests in Node, which names them, and in the page, which runs them. */
import type { Backend, Store } from 'tidemark';
import { indexedDb, type IndexedDbOptions } from 'tidemark/stores/indexeddb';
import { backendSuite, type ManualClock, manualClock, type TestRunner } from 'tidemark/testing';
import { remoteBackend } from './remote.ts';

interface Made {
  readonly backend: Backend;
  readonly options: IndexedDbOptions;
  readonly clock: ManualClock;
  readonly elsewhere: ((ms: number) => Promise<void>)[];
}

declare const indexedDB: {
  deleteDatabase(name: string): { addEventListener(event: 'success' | 'error', listener: () => void): void };
};

/** Resolves when the database is gone; whoever has it open has let go of it. */
export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.addEventListener('success', () => resolve());
    request.addEventListener('error', () => reject(new Error('it could not be deleted')));
  });
}

const openings = new WeakMap<Store, IndexedDbOptions>();

function open(options: IndexedDbOptions): Backend {
  const backend = indexedDb(options);
  openings.set(backend, options);
  return backend;
}

function make(more: Partial<IndexedDbOptions> = {}): Made {
  const clock = manualClock();
  const options = { name: crypto.randomUUID(), clock, ...more };
  return { backend: open(options), options, clock, elsewhere: [] };
}

/** Register the suite; the other connection to each backend is in another tab. */
function registerSuite(runner: TestRunner): void {
  backendSuite<Made>(runner, {
    name: 'IndexedDB backend',
    make: () => make(),
    makeSmall: () => make({ keepChanges: 100, keepStamps: 100, durability: 'relaxed' }), // thousands of changes
    another: async ({ options, elsewhere }) => {
      const { backend, advance } = await remoteBackend(options);
      elsewhere.push(advance);
      return backend;
    },
    reopen: (closed) => open(openings.get(closed)!),
    lose: ({ options }) => deleteDatabase(options.name),
    commit: false,
    leases: {
      passTime: async ({ clock, elsewhere }, ms) => {
        await clock.advanceAsync(ms);
        for (const advance of elsewhere) await advance(ms);
      },
    },
    close: ({ options }) => deleteDatabase(options.name),
  });
}

/** The tests of the suite by name, for whoever runs them one by one. */
export function suiteTests(): { readonly name: string; readonly run: () => Promise<void> }[] {
  const tests: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  const headings: string[] = [];
  const describe = (name: string, body: () => void) => {
    headings.push(name);
    body();
    headings.pop();
  };
  const it = (name: string, run: () => Promise<void>) => tests.push({ name: [...headings, name].join(' > '), run });
  registerSuite({ describe, it: Object.assign(it, { skip: it }) });
  return tests;
}
