/** Fills a disk through the backend, and goes on using it when it is full. */
import { createCache, memory } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { inWords } from './line.ts';
import { given, passing, serve } from './meeting.ts';
import { RawRows } from './raw-rows.ts';

/** What a filler is given. */
export interface FillerOptions {
  readonly path: string;
}

/** What filling came to. */
export interface Filled {
  /** How many rows have been acknowledged so far, in all. */
  readonly written: number;
  /** Why the last write of each kind was refused, in words; `undefined` if it wasn't. */
  readonly refusals: readonly (string | undefined)[];
}

/** What came of changes and reads. */
export interface Used {
  readonly reaches: readonly ('everywhere' | 'local')[];
  /** Reads that gave something older than what had been changed before. */
  readonly old: number;
  /** Rows acknowledged before that aren't there now, or are wrong. */
  readonly lost: number;
}

const NAME = 'filler';
const MOST_ROWS = 60_000;
const KEYS = 20;

const backend = lmdbBackend({ path: (given() as FillerOptions).path });
const cache = createCache({ name: 'disk', tiers: [memory(), { store: backend, timeout: '30s' }] });
const rows = new RawRows(backend);
const truth = new Map<string, number>();
const pages = cache.define<number>('page', { load: (key) => truth.get(key) ?? 0 });
let written = 0;

/** Write batches of this size until one is refused. */
async function writeUntilRefused(size: number): Promise<string | undefined> {
  while (written < MOST_ROWS) {
    try {
      await rows.put(
        NAME,
        Array.from({ length: size }, (_, i) => written + i),
      );
      written += size;
    } catch (error) {
      return inWords(error);
    }
  }
  return undefined;
}

/** Write until neither large nor small batches are accepted any more. */
async function fill(): Promise<Filled> {
  const refusals: (string | undefined)[] = [];
  for (const size of [100, 10, 1]) refusals.push(await writeUntilRefused(size));
  return { written, refusals };
}

/** Change and read some pages, and read every row. */
async function use(): Promise<Used> {
  const reaches: Used['reaches'][number][] = [];
  let old = 0;
  for (let i = 0; i < KEYS; i++) {
    const key = `page${i}`;
    await pages.get(key);
    truth.set(key, (truth.get(key) ?? 0) + 1);
    const { reach } = await (i % 2 === 0 ? pages.invalidate(key) : pages.set(key, truth.get(key)!));
    reaches.push(reach);
    for (const again of [1, 2]) if ((await pages.get(key)) !== truth.get(key)) old += again;
  }
  let lost = 0;
  for (let number = 0; number < written; number++) if ((await rows.find(NAME, number)) !== number) lost++;
  return { reaches, old, lost };
}

/** Resolves when the log knows of every change. */
async function settle(): Promise<void> {
  while (cache.stats().log.unsaid > 0) await passing(20);
}

serve({ fill, use, settle, leave: () => cache.close() });
