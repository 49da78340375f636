/** The tables of documents. */
import { print } from '../table.ts';
import { cold } from './cold.ts';
import { executor } from './executor.ts';
import { hits } from './hits.ts';
import { keyframeBytes, keyframeTotals } from './keyframes.ts';
import { memory } from './memory.ts';
import { inMemory, inPGlite } from './places.ts';
import { readers } from './readers.ts';
import { walking } from './walk.ts';

/** Measure all of it. */
export async function documents(only?: readonly string[]): Promise<void> {
  const is = (name: string) => !only?.length || only.includes(name);
  if (is('memory')) print(await memory());
  const database = await inPGlite();
  for (const place of [inMemory(), database]) {
    if (is('cold')) print(await cold(place));
    if (is('walk')) print(await walking(place));
    if (is('readers')) print(await readers(place));
    if (is('executor')) print(await executor(place));
  }
  if (is('hits')) print(await hits(database));
  if (is('keyframes')) print(await keyframeBytes('numbers'));
  if (is('keyframes')) print(await keyframeBytes('uuids'));
  if (is('keyframes')) print(await keyframeTotals());
  await database.close();
}
