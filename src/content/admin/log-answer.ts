/** A page of the invalidation log as the API gives it: the newest first, and nothing left out. */
import type { Invalidation, InvalidationPage } from '../invalidation-log.ts';

/** An invalidation with `null` for what it doesn't have, and its time as text. */
export type LogRow = {
  readonly [K in keyof Invalidation]: K extends 'at' ? string : Exclude<Invalidation[K], undefined> | null;
};

/** What `GET /cache/log` answers. */
export interface LogAnswer {
  readonly invalidations: readonly LogRow[];
  readonly next: string | null;
}

/** A page of the log. */
export function logAnswer(page: InvalidationPage): LogAnswer {
  const { invalidations, next = null } = page;
  return { invalidations: invalidations.map(logRow), next };
}

function logRow(record: Invalidation): LogRow {
  const { event = null, write = null, entries = null, reach = null, mark = null, actor = null, ms = null } = record;
  return { ...record, at: new Date(record.at).toISOString(), event, write, entries, reach, mark, actor, ms };
}
