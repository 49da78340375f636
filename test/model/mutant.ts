/**
 * The engine with one guard taken out, and the simulator over it: a copy of the sources in which one piece of text is
 * replaced by another.
 */
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Setup } from 'tidemark/testing';

const root = new URL('../../', import.meta.url);

/** The floors that the model stands on; the products above them aren't copied. */
const FLOORS = ['index.ts', 'engine', 'stores', 'logs', 'policies', 'codecs', 'testing'];

/** One guard, and how it is taken out. */
export interface Mutation {
  /** The guard, as a promise that no longer holds. */
  readonly guard: string;
  /** Where its lack shows; by default anywhere. */
  readonly setups?: readonly Setup[];
  /** Where all is done in requests that end: see `requests.ts`. */
  readonly conditions?: 'requests';
  /** The schedule to begin with where few find it: near one that does. A soak begins with the first. */
  readonly from?: number;
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[];
}

/** How a schedule is played on a copy. */
export type Play = typeof import('../../src/testing/simulation/schedule.ts').play;

/** The simulator over a copy of the engine with a guard taken out. Rejects if what is to be replaced isn't there exactly once. */
export async function mutant({ edits, conditions }: Mutation, name: string): Promise<Play> {
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
  if (conditions === 'requests') await separate(new URL('engine/', copy));
  const schedule = fileURLToPath(new URL('testing/simulation/schedule.ts', copy));
  return ((await import(/* @vite-ignore */ schedule)) as { readonly play: Play }).play;
}

/** Batches by request, as `batch-apart.ts` has them. */
async function separate(engine: URL): Promise<void> {
  await rename(new URL('batch.ts', engine), new URL('whole-batch.ts', engine));
  const apart = fileURLToPath(new URL('test/model/batch-apart.ts', root));
  await writeFile(
    new URL('batch.ts', engine),
    `import * as whole from './whole-batch.ts';
import { apart } from ${JSON.stringify(apart)};
export const { Batch } = apart(whole);`,
  );
}
