/** Where in a stream the upgrades of its document belong: the index of the first operation of each new version. */
import type { Lifecycle } from './lifecycle.ts';
import { PAGE, type OperationSource } from './operation-source.ts';
import type { Where } from './reduce.ts';

/** By upgrade, the index of the first operation that comes after it, also if there is none yet. */
export type Boundaries = readonly number[];

/** An upgrade says itself where it belongs. One that doesn't belongs before the first operation of a later time. */
export async function boundariesOf(
  { upgrades }: Lifecycle,
  where: Where,
  head: number,
  source: OperationSource,
  signal: AbortSignal | undefined,
): Promise<Boundaries> {
  const boundaries: number[] = [];
  for (const { revision, operation } of upgrades)
    boundaries.push(
      revision
        ? (revision[where.scope] ?? 0)
        : ((await firstAfter(operation.timestampUtcMs, where, source, signal)) ?? head + 1),
    );
  return boundaries;
}

/** How many upgrades a state at a revision has behind it: those, too, that lie right before its next operation. */
export function appliedAt(boundaries: Boundaries, revision: number): number {
  const applied = boundaries.findIndex((boundary) => boundary > revision + 1);
  return applied < 0 ? boundaries.length : applied;
}

async function firstAfter(
  time: string,
  { documentId, scope, branch }: Where,
  source: OperationSource,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const at = Date.parse(time);
  let cursor: string | undefined;
  do {
    const page = await source.getSince(documentId, scope, branch, -1, { limit: PAGE, cursor, signal });
    const first = page.results.find(({ timestampUtcMs }) => Date.parse(timestampUtcMs) > at);
    if (first) return first.index;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return undefined;
}
