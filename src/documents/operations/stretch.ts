/** The stretch of a stream that a question is about, and the page that answers it. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { positiveInteger, signalOrNothing } from '../../engine/options.ts';
import type { Operation } from '../operation.ts';
import { type OperationPage, PAGE, type SinceOptions } from '../operation-source.ts';

/** Indices after `after`, up to and including `until`, and the most of them in one answer. */
export interface Stretch {
  readonly after: number;
  readonly until: number;
  readonly limit: number;
}

/** What `getSince` is asked for. Throws `bad_option`. */
export function stretchOf(after: number, { until, cursor, limit, signal }: SinceOptions = {}): Stretch {
  if (!Number.isSafeInteger(after)) throw bad('after', 'a whole number', after);
  if (until !== undefined && (typeof until !== 'number' || Number.isNaN(until))) throw bad('until', 'a number', until);
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw bad('cursor', 'one that a page has given', cursor);
  signalOrNothing('getSince: signal', signal);
  return {
    after: Math.max(after, cursor === undefined ? -1 : Number(cursor)),
    until: Math.min(Math.floor(until ?? Infinity), Number.MAX_SAFE_INTEGER),
    limit: positiveInteger('getSince: limit', limit ?? PAGE),
  };
}

/** The page of operations of which one more than its limit was looked for. */
export function pageOf(found: readonly Operation[], { limit }: Stretch): OperationPage {
  if (found.length <= limit) return { results: found };
  const results = found.slice(0, limit);
  return { results, nextCursor: String(results[limit - 1].index) };
}

function bad(what: string, wanted: string, value: unknown): TidemarkError {
  return new TidemarkError('bad_option', `getSince: ${what} must be ${wanted}, not ${describe(value)}`);
}
