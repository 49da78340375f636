/** The tables of content. */
import { print } from '../table.ts';
import { contentInvalidations } from './invalidations.ts';
import { contentIsolates } from './isolates.ts';
import { contentHits } from './reads.ts';
import { contentOnD1 } from './on-d1.ts';
import { contentWorkload } from './workload.ts';
import { contentWrites } from './writes.ts';

/** Measure all of it. */
export async function content(): Promise<void> {
  print(await contentHits());
  print(await contentWrites());
  print(await contentInvalidations());
  print(await contentWorkload());
  print(await contentIsolates());
  const onD1 = await contentOnD1();
  if (onD1) print(onD1);
}
