/** The cache with one guard taken out: a copy of its sources in which pieces of text are replaced by others. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { createWriteCache } from 'tidemark/documents';
import type { Mutation } from '../../model/mutant.ts';

const root = new URL('../../../', import.meta.url);

/** What the cache stands on. Stores, models and histories are those of the package itself. */
const FLOORS = ['engine', 'codecs', 'policies', 'documents'];

/** A guard of the cache; where its lack shows is for the checks to find. */
export type Guard = Pick<Mutation, 'guard' | 'edits'>;

/** A copy of the cache with a guard taken out. Rejects if what is to be replaced isn't there exactly once. */
export async function mutant({ edits }: Guard, name: string): Promise<typeof createWriteCache> {
  const copy = new URL(`node_modules/.cache/tidemark/mutants/${name}/`, root);
  await rm(copy, { recursive: true, force: true });
  for (const floor of FLOORS) await cp(new URL(`src/${floor}`, root), new URL(floor, copy), { recursive: true });
  for (const { file, find, replace } of edits) {
    const text = await readFile(new URL(file, copy), 'utf8');
    if (text.split(find).length !== 2) throw new Error(`${file} must hold exactly once: ${find}`);
    await writeFile(
      new URL(file, copy),
      text.replace(find, () => replace),
    );
  }
  const projection = fileURLToPath(new URL('documents/projection.ts', copy));
  return ((await import(/* @vite-ignore */ projection)) as { createWriteCache: typeof createWriteCache })
    .createWriteCache;
}
