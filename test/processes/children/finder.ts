/** Opens files that may be damaged, one after the other, reads all that is in them and writes to them. */
import { lmdbBackend, type Replaced } from 'tidemark/backends/lmdb';
import { inWords } from './line.ts';
import { serve } from './meeting.ts';
import { RawRows } from './raw-rows.ts';

/** Who wrote the rows. */
export const OWNER = 'owner';

/** What was found in a file. */
export interface Found {
  /** Why it couldn't be opened, in words. */
  readonly error?: string;
  readonly replaced?: Replaced | undefined;
  /** How many rows were there, and how many of them weren't what had been written. */
  readonly there: number;
  readonly wrong: number;
  /** What reading met, in words, by how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Whether it could be written to: a new row was there afterwards. */
  readonly written: boolean | string;
}

/** Open a file, read `rows` rows by their keys, write one more, and close it. */
async function open({ path, rows: count = 0 }: { readonly path: string; readonly rows?: number }): Promise<Found> {
  let replaced: Replaced | undefined;
  const failures: Record<string, number> = {};
  let there = 0;
  let wrong = 0;
  try {
    const backend = lmdbBackend({ path, onReplaced: (what) => (replaced = what) });
    const rows = new RawRows(backend);
    for (let number = 0; number < count; number++) {
      try {
        const found = await rows.find(OWNER, number);
        if (found !== undefined) there++;
        if (found !== undefined && found !== number) wrong++;
      } catch (error) {
        const words = inWords(error).replaceAll(/\d+/g, 'n');
        failures[words] = (failures[words] ?? 0) + 1;
      }
    }
    const written = await write(rows, count);
    await backend.close();
    return { replaced, there, wrong, failures, written };
  } catch (error) {
    return { error: inWords(error), replaced, there, wrong, failures, written: false };
  }
}

async function write(rows: RawRows, number: number): Promise<boolean | string> {
  try {
    await rows.put(OWNER, [number]);
    return (await rows.find(OWNER, number)) === number;
  } catch (error) {
    return inWords(error);
  }
}

/** Write rows into a new file, as one who leaves it properly. */
async function make({ path, rows: count }: { readonly path: string; readonly rows: number }): Promise<void> {
  const backend = lmdbBackend({ path });
  await writeRows(new RawRows(backend), count);
  await backend.close();
}

/** The same, and keep it open: whoever is killed now hasn't left. */
async function makeAndKeep({ path, rows: count }: { readonly path: string; readonly rows: number }): Promise<void> {
  await writeRows(new RawRows(lmdbBackend({ path })), count);
}

async function writeRows(rows: RawRows, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, number) => number);
  for (let first = 0; first < count; first += 100) await rows.put(OWNER, numbers.slice(first, first + 100));
  for (let number = 0; number < count; number += 10) await rows.commit(OWNER, number);
}

serve({ open, make, makeAndKeep, leave: () => {} });
