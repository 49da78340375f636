/** Removing much: what has expired in a namespace, or all that is in it. A slice at a time, so that others go on. */
import { turn } from '../engine/turn.ts';
import { rowsAfter } from './listing.ts';
import type { Opening } from './opening.ts';
import { keyIn, type Space } from './space.ts';

/** How to remove. */
interface Sweep {
  readonly onSweep: ((removed: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

const SLICE = 500;

/** Remove what has expired in a namespace; resolves to how many there were. */
export async function sweepSpace(opening: Opening, space: Space, { onSweep, signal }: Sweep): Promise<number> {
  const { environment, entries, settings, counts } = opening.file;
  const now = settings.clock.now();
  const after = (last: [number, string] | undefined) =>
    environment.read(() => {
      environment.catchUp();
      return entries.timesAfter(last, SLICE, now);
    });
  const isOurs = (row: string) => {
    const text = entries.textOf(row);
    return text !== undefined && keyIn(space, text) !== undefined;
  };
  let total = 0;
  for (let due = after(undefined); due.length > 0; due = after(due.at(-1))) {
    signal?.throwIfAborted();
    const ours = environment.read(() => due.filter(([, row]) => isOurs(row)));
    const remove = () => ours.filter(([end, row]) => entries.remove(row, (keptUntil) => keptUntil !== end)).length;
    const removed = ours.length === 0 ? 0 : await environment.write(remove, { signal });
    counts.expired += removed;
    total += removed;
    if (removed > 0) onSweep?.(total);
    await turn();
  }
  return total;
}

/** Remove all that is in a namespace; resolves to how many entries there were. What is stored meanwhile may go, too. */
export async function clearSpace(opening: Opening, space: Space, { onSweep, signal }: Sweep): Promise<number> {
  const { file } = opening;
  const { environment, entries, log } = file;
  let total = 0;
  for (let last: string | undefined, rows: string[]; ; last = rows.at(-1)) {
    signal?.throwIfAborted();
    rows = rowsAfter(opening, space, last);
    const remove = () => {
      const keys = rows.flatMap((row) => keyIn(space, entries.textOf(row) ?? '') ?? []);
      if (file.followed) log.add(space.changeOf(keys));
      return rows.filter((row) => keyIn(space, entries.textOf(row) ?? '') !== undefined && entries.remove(row)).length;
    };
    const removed = await environment.write(remove, { signal });
    total += removed;
    if (removed > 0) onSweep?.(total);
    if (rows.length === 0) return total;
    await turn();
  }
}
