/** One of several processes on one file: writes rows, reads everybody's, and changes and reads pages through a cache. */
import { createCache, memory } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { given, passing, serve } from './meeting.ts';
import { RawRows, SLOTS } from './raw-rows.ts';
import { Truth } from './truth.ts';
import { Watch } from './watch.ts';

/** What a citizen is given. */
export interface CitizenOptions {
  readonly path: string;
  /** Where the truth is. */
  readonly folder: string;
  readonly consistency: 'bounded' | 'strong';
  readonly number: number;
  /** How many of them there are. */
  readonly citizens: number;
}

/** What a citizen tells of its life. */
export interface Life {
  readonly written: number;
  readonly rowsRead: number;
  readonly rowsFound: number;
  readonly pagesRead: number;
  /** Answered by memory or the file with what is fresh. */
  readonly hits: number;
  /** Met in the file, fresh or not. */
  readonly inFile: number;
  readonly changes: number;
  readonly faults: readonly string[];
}

/** Within this many milliseconds a cache that isn't asked for strong reads has heard of what others have changed. */
const BOUND = 5;
const BATCH = 4;
const READS = 20;
const PAGES = 3; // of each citizen

const { path, folder, consistency, number, citizens } = given() as CitizenOptions;
const backend = lmdbBackend({ path });
const cache = createCache({
  name: 'town',
  tiers: [memory(), { store: backend, timeout: '30s' }],
  consistency,
});
const rows = new RawRows(backend);
const watch = new Watch(cache, new Truth(folder));
const nameOf = (citizen: number) => `citizen${citizen}`;
const pageOf = (citizen: number, page: number) => `page${citizen}${'-'.repeat(page)}`;
const chance = (below: number) => Math.floor(Math.random() * below);

let written = 0;
let rowsRead = 0;
let rowsFound = 0;
let changes = 0;

async function writeBatch(): Promise<void> {
  const first = written;
  if (chance(4) === 0) {
    await rows.commit(nameOf(number), first);
    written = first + 1;
  } else {
    const numbers = Array.from({ length: BATCH }, (_, i) => first + i);
    await rows.put(nameOf(number), numbers);
    written = first + BATCH;
  }
}

/** A row of anyone: if it is there, it is right, and one's own are there. */
async function readRow(): Promise<void> {
  const citizen = chance(citizens);
  const wanted = chance(written);
  const found = await rows.find(nameOf(citizen), wanted);
  rowsRead++;
  if (found !== undefined) rowsFound++;
  const newest = wanted + SLOTS * Math.floor((written - 1 - wanted) / SLOTS);
  const lost = citizen === number && (found === undefined || (found !== 'wrong' && found < newest));
  if (found === 'wrong' || lost) watch.fault(`${nameOf(citizen)} ${wanted}: ${found}`);
}

async function live({ ms }: { readonly ms: number }): Promise<Life> {
  const end = performance.now() + ms;
  const until = async (work: () => Promise<void>) => {
    while (performance.now() < end) await work();
  };
  await Promise.all([
    until(async () => {
      await writeBatch();
      for (let i = 0; i < READS; i++) await readRow();
    }),
    until(async () => {
      if ((await watch.change(cache, pageOf(number, chance(PAGES)))) === 'everywhere') changes++;
      else watch.fault('a change has not reached the log');
      await passing(chance(30));
    }),
    until(async () => {
      const pages = Array.from({ length: 12 }, () => pageOf(chance(citizens), chance(PAGES)));
      await watch.read(pages, consistency === 'strong' ? 0 : BOUND);
      await passing(1);
    }),
  ]);
  const [inMemory, inFile] = cache.stats().tiers;
  return {
    written,
    rowsRead,
    rowsFound,
    pagesRead: watch.reads,
    hits: cache.stats().hits,
    inFile: inFile.found,
    changes,
    faults: [...watch.faults, ...(inMemory.failures + inFile.failures > 0 ? ['a tier has failed'] : [])],
  };
}

serve({ live, leave: () => cache.close() });
