/** Asking the origin whether a stored response still holds, and what its answer changes (RFC 9111 §4.3). */
import type { Times } from './age.ts';
import { parseEntityTag, weakMatch } from './etag.ts';
import { endToEnd } from './hop-by-hop.ts';
import { formatHttpDate, parseHttpDate } from './http-date.ts';
import { headersOf, type StoredResponse } from './http-store.ts';

/** Conditions and ranges are between the client and this cache. */
const BETWEEN_US: readonly string[] = [
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
];

/** The fields of a request for the whole representation, or for word that the stored one is still right. */
export function originHeaders(asked: Headers, stored: StoredResponse | undefined): Headers {
  const headers = endToEnd(asked);
  for (const name of BETWEEN_US) headers.delete(name);
  const validators = stored ? headersOf(stored) : new Headers();
  const tag = validators.get('etag');
  if (parseEntityTag(tag)) headers.set('if-none-match', tag!);
  const modified = validators.get('last-modified');
  if (parseHttpDate(modified, 0) !== undefined) headers.set('if-modified-since', modified!);
  return headers;
}

/** Fields that tell how the stored bytes are to be read, or are told anew by each cache. */
const KEPT: readonly string[] = ['content-encoding', 'content-length', 'content-range', 'cache-status'];

/** The stored response with the fields that a 304, or the 200 to a HEAD, has brought, as old as this answer. */
export function freshened(stored: StoredResponse, news: Headers, times: Times): StoredResponse {
  const brought = endToEnd(news);
  for (const name of KEPT) brought.delete(name);
  const headers = headersOf(stored);
  // An age that isn't repeated was that of the older answer.
  headers.delete('age');
  for (const name of brought.keys()) headers.delete(name);
  for (const [name, value] of brought) headers.append(name, value);
  if (!brought.has('date')) headers.set('date', formatHttpDate(times.responseTime));
  return { ...stored, headers: [...headers], requestTime: times.requestTime, responseTime: times.responseTime };
}

/** Whether a 304 is about the stored representation: one with another tag confirms what isn't here (RFC 9111 §4.3.4). */
export function isAbout(stored: StoredResponse, news: Headers): boolean {
  const [ours, theirs] = [parseEntityTag(headersOf(stored).get('etag')), parseEntityTag(news.get('etag'))];
  return !theirs || (ours !== undefined && weakMatch(ours, theirs));
}

/** Whether the 200 to a HEAD is about the stored representation: nothing that both tell may differ (RFC 9111 §4.3.5). */
export function describesStored(stored: StoredResponse, head: Headers): boolean {
  const headers = headersOf(stored);
  return ['etag', 'last-modified', 'content-length'].every((name) => {
    const [ours, theirs] = [headers.get(name), head.get(name)];
    return ours === null || theirs === null || ours === theirs;
  });
}

/** Whether a request has conditions of its own. */
export function isConditional(asked: Headers): boolean {
  return BETWEEN_US.some((name) => name !== 'range' && asked.has(name));
}
