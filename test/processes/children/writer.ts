/** Writes until it is killed: rows, changes and pages, several at a time, and takes down what it is promised. */
import { createCache, memory } from 'tidemark';
import { type Durability, lmdbBackend } from 'tidemark/backends/lmdb';
import { takeDown } from './acknowledgements.ts';
import { given, serve } from './meeting.ts';
import { RawRows } from './raw-rows.ts';
import { Truth } from './truth.ts';
import { Watch } from './watch.ts';

/** What a writer is given. */
export interface WriterOptions {
  readonly path: string;
  /** Where the truth is, and what has been promised. */
  readonly folder: string;
  readonly durability: Durability;
  readonly writer: string;
  /** The pages that it changes; nobody else does meanwhile. */
  readonly pages: readonly string[];
}

const { path, folder, durability, writer, pages } = given() as WriterOptions;
const backend = lmdbBackend({ path, durability, keepChanges: 1_000_000 });
const cache = createCache({ name: 'town', tiers: [memory(), { store: backend, timeout: '30s' }] });
const rows = new RawRows(backend);
const watch = new Watch(cache, new Truth(folder));
let next = 0;

async function putRows(): Promise<void> {
  const numbers = [next++, next++, next++];
  await rows.put(writer, numbers);
  for (const number of numbers) takeDown(folder, { writer, number, mark: undefined });
}

async function commitRow(): Promise<void> {
  const number = next++;
  takeDown(folder, { writer, number, mark: await rows.commit(writer, number) });
}

async function changePage(): Promise<void> {
  const page = pages[next++ % pages.length];
  await watch.change(cache, page);
}

/** Answers when each kind of writing has been done once; goes on for good. */
async function write(): Promise<void> {
  const onAndOn = async (work: () => Promise<void>) => {
    for (;;) {
      await work();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  for (const work of [putRows, commitRow, changePage]) {
    await work();
    void onAndOn(work);
  }
}

serve({ write, leave: () => cache.close() });
