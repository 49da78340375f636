/** Lives beside writers that are killed: goes on writing and reading, and looks whether what they were promised was kept. */
import { createCache, memory } from 'tidemark';
import { type Durability, lmdbBackend } from 'tidemark/backends/lmdb';
import { promised } from './acknowledgements.ts';
import { inWords } from './line.ts';
import { given, passing, serve } from './meeting.ts';
import { changeOf, RawRows } from './raw-rows.ts';
import { Truth } from './truth.ts';
import { Watch } from './watch.ts';

/** What a survivor is given. */
export interface SurvivorOptions {
  readonly path: string;
  /** Where the truth is, and what has been promised. */
  readonly folder: string;
  readonly durability: Durability;
  /** All pages that anyone changes. */
  readonly pages: readonly string[];
}

/** What a survivor has seen. */
export interface Sight {
  /** What isn't as it should be, in words; the first few. */
  readonly faults: readonly string[];
  /** Promises that were looked at this time. */
  readonly rows: number;
  readonly marks: number;
  /** Since it began. */
  readonly written: number;
  readonly pagesRead: number;
}

const NAME = 'survivor';

const { path, folder, durability, pages } = given() as SurvivorOptions;
const backend = lmdbBackend({ path, durability, keepChanges: 1_000_000 });
const cache = createCache({
  name: 'town',
  tiers: [memory(), { store: backend, timeout: '30s' }],
  consistency: 'strong',
});
const rows = new RawRows(backend);
const watch = new Watch(cache, new Truth(folder));
let written = 0;
let living: Promise<void> | undefined;
const leaving = new AbortController();

async function writeAndRead(): Promise<void> {
  const [first, second] = [written++, written++];
  await rows.put(NAME, [first]);
  if ((await rows.find(NAME, first)) !== first) watch.fault(`its own row ${first} is not there`);
  await rows.commit(NAME, second);
  await watch.read(pages, 0);
}

/** Write and read from now on, also while others are killed. */
function live(): void {
  const onAndOn = async () => {
    while (!leaving.signal.aborted) {
      await writeAndRead();
      await passing(1);
    }
  };
  living = onAndOn().catch((error: unknown) => watch.fault(inWords(error)));
}

/** Look at all that was promised to writers whose names begin so. */
async function look({ beginning }: { readonly beginning: string }): Promise<Sight> {
  await writeAndRead(); // whatever those who died have left behind
  const promises = promised(folder, beginning);
  const marks = promises.flatMap(({ mark }) => (mark === undefined ? [] : [mark]));
  const changes = marks.length > 0 ? await rows.changesAfter(Math.min(...marks) - 1) : new Map<number, string[]>();
  for (const { writer, number, mark } of promises) {
    const found = await rows.find(writer, number);
    if (found !== number) watch.fault(`${writer} ${number} was promised, and there is ${found}`);
    if (mark !== undefined && !changes.get(mark)?.includes(changeOf(writer, number)))
      watch.fault(`${writer} ${number}: the log does not have it at ${mark}`);
  }
  if (new Set(marks).size < marks.length) watch.fault('a mark was given twice');
  for (const { failures } of cache.stats().tiers) if (failures > 0) watch.fault('a tier has failed');
  return { faults: watch.faults, rows: promises.length, marks: marks.length, written, pagesRead: watch.reads };
}

async function leave(): Promise<void> {
  leaving.abort();
  await living;
  await cache.close();
}

serve({ live, look, leave });
