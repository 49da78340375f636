/** The tables of build caching. */
import { print } from '../table.ts';
import { hashing } from './hashing.ts';
import { lookups } from './lookups.ts';
import { misses } from './misses.ts';
import { peaks } from './peaks.ts';
import { places } from './places.ts';
import { restores } from './restores.ts';
import { storage } from './storage.ts';

/** Measure all of it: in memory and on a disk, since where bytes are written the disk decides. */
export async function build(): Promise<void> {
  const all = places();
  const [memory, disk] = [all[0], all.at(-1)!];
  for (const place of all) for (const table of await restores(place)) print(table);
  print(await hashing(memory));
  print(await lookups(disk));
  print(await storage(disk));
  print(await misses(disk));
  print(await peaks(disk));
}
