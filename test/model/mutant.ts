/** The engine with one guard taken out: a copy of the sources in which one piece of text is replaced by another. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Engine, engineFrom } from './engine.ts';

const root = new URL('../../', import.meta.url);

/** The floors that the model stands on; the products above them aren't copied. */
const FLOORS = ['index.ts', 'engine', 'stores', 'logs', 'policies', 'codecs', 'testing'];

/** One guard, and how it is taken out. */
export interface Mutation {
  /** The guard, as a promise that no longer holds. */
  readonly guard: string;
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[];
}

/** A copy of the engine with a guard taken out. Rejects if what is to be replaced isn't there exactly once. */
export async function mutant({ edits }: Mutation, name: string): Promise<Engine> {
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
  return engineFrom(fileURLToPath(copy).replace(/\/$/, ''));
}
