/** Conditional requests: what If-None-Match and its kin say about a representation (RFC 9110 §13). */
import { parseEntityTag, parseEntityTags, strongMatch, weakMatch } from './etag.ts';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

/** What is there now, as far as conditions ask. */
export interface Current {
  /** Default true. */
  readonly exists?: boolean;
  /** The ETag field's value. */
  readonly etag?: string | null;
  /** Milliseconds since the epoch. */
  readonly lastModified?: number;
}

/** `proceed`: do what the request asks. The others: answer 304 or 412 in its place, and do nothing. */
export type Verdict = 'proceed' | 'not-modified' | 'precondition-failed';

/**
 * Judges the conditions of a request, in the order of the standard. If-None-Match wins over If-Modified-Since, and If-Match
 * over If-Unmodified-Since. `now`, in milliseconds, is only needed to read dates with two-digit years.
 */
export function judgeConditions(
  { method, headers }: Pick<Request, 'method' | 'headers'>,
  current: Current,
  now: number,
): Verdict {
  const reads = method === 'GET' || method === 'HEAD';
  const exists = current.exists ?? true;
  const ifMatch = headers.get('if-match');
  if (ifMatch !== null) {
    if (!matches(ifMatch, current, strongMatch)) return 'precondition-failed';
  } else {
    const limit = parseHttpDate(headers.get('if-unmodified-since'), now);
    if (limit !== undefined && exists && modifiedAfter(limit, current) === true) return 'precondition-failed';
  }
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== null) {
    if (!matches(ifNoneMatch, current, weakMatch)) return 'proceed';
    return reads ? 'not-modified' : 'precondition-failed';
  }
  const since = reads && exists ? parseHttpDate(headers.get('if-modified-since'), now) : undefined;
  return since !== undefined && modifiedAfter(since, current) === false ? 'not-modified' : 'proceed';
}

function matches(list: string, { exists = true, etag }: Current, match: typeof weakMatch): boolean {
  if (!exists) return false;
  const asked = parseEntityTags(list);
  if (asked === '*') return true;
  const tag = parseEntityTag(etag);
  return tag !== undefined && asked.some((one) => match(one, tag));
}

/** `undefined` if it isn't known. */
function modifiedAfter(limit: number, { lastModified }: Current): boolean | undefined {
  return lastModified === undefined ? undefined : Math.floor(lastModified / 1000) * 1000 > limit;
}

/** The fields that a 304 repeats from the 200 that it stands for (RFC 9110 §15.4.5), and those that caches go by. */
const REPEATED: readonly string[] = [
  'cache-control',
  'cache-tag',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'content-location',
  'date',
  'etag',
  'expires',
  'vary',
];

/** Fields that a cache adds to its answers, whatever they are. */
const OF_CACHES: readonly string[] = ['age', 'cache-status'];

/** The 304 in place of a 200 with these fields. Without an ETag, Last-Modified is what tells which one it was. */
export function notModified(headers: Headers): Response {
  const kept = headers.has('etag') ? REPEATED : [...REPEATED, 'last-modified'];
  const answer = new Headers();
  for (const [name, value] of headers) if (kept.includes(name) || OF_CACHES.includes(name)) answer.append(name, value);
  return new Response(null, { status: 304, headers: answer });
}

/** The 412 for a write whose condition failed, with the tag of what is there now, if there is any. */
export function preconditionFailed({ etag, lastModified }: Current): Response {
  const headers = new Headers({ 'cache-control': 'no-store' });
  if (etag !== undefined && etag !== null) headers.set('etag', etag);
  if (lastModified !== undefined) headers.set('last-modified', formatHttpDate(lastModified));
  return new Response(null, { status: 412, headers });
}
