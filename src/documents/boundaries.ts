/** Where in a stream the upgrades of its document belong: the index of the first operation of each new version. */
import type { Lifecycle } from './lifecycle.ts';
import { PAGE, type OperationSource } from './operation-source.ts';
import type { Where } from './reduce.ts';

/** By upgrade, the first index that comes after it; `Infinity` for an upgrade after which nothing came. */
export type Boundaries = readonly number[];

/** An upgrade says itself where it belongs. One that doesn't belongs before the first operation of a later time. */
export async function boundariesOf(
  { upgrades }: Lifecycle,
  where: Where,
  source: OperationSource,
  signal: AbortSignal | undefined,
): Promise<Boundaries> {
  const boundaries: number[] = [];
  for (const { revision, operation } of upgrades)
    boundaries.push(revision ? (revision[where.scope] ?? 0) : await firstAfter(operation.timestampUtcMs, where, source, signal));
  return boundaries;
}

/** How many upgrades belong at or before the end of the state at a revision: that of its next operation, too. */
export function appliedAt(boundaries: Boundaries, revision: number, head: number): number {
  const applied = boundaries.findIndex((boundary) => Math.min(boundary, head + 1) > revision + 1);
  return applied < 0 ? boundaries.length : applied;
}

async function firstAfter(
  time: string,
  { documentId, scope, branch }: Where,
  source: OperationSource,
  signal: AbortSignal | undefined,
): Promise<number> {
  const at = Date.parse(time);
  let cursor: string | undefined;
  do {
    const page = await source.getSince(documentId, scope, branch, -1, { limit: PAGE, cursor, signal });
    const first = page.results.find(({ timestampUtcMs }) => Date.parse(timestampUtcMs) > at);
    if (first) return first.index;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return Infinity;
}
