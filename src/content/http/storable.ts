/** Which responses a shared cache may store (RFC 9111 §3), and which it has a reason to. */
import type { CacheControl } from './cache-control.ts';
import { explicitLifetime, freshnessLifetime, type Judged, mayGuess } from './freshness.ts';
import { parseEntityTag } from './etag.ts';
import { isFieldName } from './hop-by-hop.ts';
import { parseHttpDate } from './http-date.ts';
import type { Directives } from './targeted.ts';
import { varyNames } from './vary.ts';

/** Statuses whose meaning this cache knows, and that are complete by themselves. */
const UNDERSTOOD: readonly number[] = [
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 404, 405, 410, 414, 500, 501, 502, 503, 504,
];

/** Statuses that are no answer by themselves. */
const INCOMPLETE: readonly number[] = [206, 304];

/** What a response answers. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/** What is done with responses that set cookies and don't say that they are for all. */
export type Cookies = 'refuse' | 'store';

/** Whether the response to this request may be stored, for all to whom it applies. */
export function mayStore(request: Asked, response: Judged, directives: Directives, cookies: Cookies): boolean {
  const { status, headers } = response;
  const { said } = directives;
  if (status < 200 || INCOMPLETE.includes(status) || varyNames(headers.get('vary')) === '*') return false;
  if (said.mustUnderstand ? !UNDERSTOOD.includes(status) : said.noStore) return false;
  if (said.private === true) return false;
  const forAll = said.public || said.sMaxage !== undefined;
  if (request.headers.has('authorization') && !forAll && !said.mustRevalidate) return false;
  if (cookies === 'refuse' && headers.has('set-cookie') && !forAll) return false;
  if (request.method !== 'GET' && !standsForGet(request, response, directives)) return false;
  const explicit = explicitLifetime(response, directives) !== undefined;
  return (explicit || mayGuess(status, said)) && isOfUse(response, directives);
}

/** The answer to a POST that says of itself to be what a GET would bring (RFC 9110 §9.3.3). */
function standsForGet({ method, url }: Asked, response: Judged, directives: Directives): boolean {
  const location = response.headers.get('content-location');
  return (
    method === 'POST' &&
    response.status === 200 &&
    location !== null &&
    URL.canParse(location, url) &&
    new URL(location, url).href === new URL(url).href &&
    explicitLifetime(response, directives) !== undefined
  );
}

/** What is stale at once and can't be validated would be stored in vain. */
function isOfUse(response: Judged, directives: Directives): boolean {
  if (hasValidator(response.headers)) return true;
  const { said } = directives;
  const lifetime = freshnessLifetime(response, directives) ?? 0;
  return said.noCache !== true && lifetime + (said.staleWhileRevalidate ?? 0) + (said.staleIfError ?? 0) > 0;
}

function hasValidator(headers: Headers): boolean {
  return (
    parseEntityTag(headers.get('etag')) !== undefined || parseHttpDate(headers.get('last-modified'), 0) !== undefined
  );
}

/** Fields that mustn't be kept with the rest: those that `no-cache` and `private` name. */
export function unstoredFields(said: CacheControl): readonly string[] {
  return [said.noCache, said.private]
    .flatMap((fields) => (Array.isArray(fields) ? (fields as readonly string[]) : []))
    .filter(isFieldName);
}
