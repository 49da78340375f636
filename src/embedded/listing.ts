/** Going through a file in the order of its keys, a slice at a time: between slices nothing is held. */
import type { Opening } from './opening.ts';
import { type Family, keyIn, type Space } from './space.ts';
import { segmentOfText } from '../backends/lmdb/keys.ts';
import { turn } from '../engine/turn.ts';

const SLICE = 200;

/** A stretch of the rows. */
type Range = Pick<Space, 'prefix' | 'end'>;

/** The rows of a range that come after one of them, or its first ones. */
export function rowsAfter({ file }: Opening, { prefix, end }: Range, last: string | undefined): string[] {
  const { environment, entries } = file;
  return environment.read(() => {
    environment.catchUp();
    const rows = entries.rowsAfter(last ?? prefix, SLICE, end);
    return last === undefined && entries.has(prefix) ? [prefix, ...rows] : rows;
  });
}

/** How to list. */
interface Listing {
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  /** Throws once nothing may be read any more. */
  readonly assertOpen: () => void;
}

/** The living entries of a namespace, each read when it is asked for. */
export async function* entriesOf(
  opening: Opening,
  space: Space,
  { limit, signal, assertOpen }: Listing,
): AsyncGenerator<[string, unknown], void, void> {
  const { environment, entries } = opening.file;
  let left = limit;
  for (let rows = rowsAfter(opening, space, undefined); rows.length > 0; rows = rowsAfter(opening, space, rows.at(-1)))
    for (const row of rows) {
      if (left <= 0) return;
      signal?.throwIfAborted();
      assertOpen();
      const text = environment.read(() => entries.textOf(row));
      const key = text === undefined ? undefined : keyIn(space, text);
      if (text === undefined || key === undefined) continue;
      const value = opening.look(space, key, text);
      if (value === undefined) continue;
      left--;
      yield [key, value];
    }
}

/** The names of the namespaces of a family that have entries, in order. From each the way leads straight to the next one. */
export async function namespacesOf(opening: Opening, family: Family): Promise<string[]> {
  const { prefix, end, mark, afterMark } = family;
  const { environment, entries } = opening.file;
  const names: string[] = [];
  for (let last: string | undefined = prefix, seen = 1; ; seen++) {
    const [row] = environment.read(() => entries.rowsAfter(last, 1, end));
    if (row === undefined) return names.toSorted();
    const at = row.indexOf(mark, prefix.length);
    if (at > prefix.length) names.push(segmentOfText(row.slice(prefix.length, at)));
    last = at >= 0 ? row.slice(0, at) + afterMark : row;
    if (seen % SLICE === 0) await turn();
  }
}
