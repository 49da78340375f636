/** Until when a stored response may be used unasked, and for how long beyond (RFC 9111 §4.2, RFC 5861). */
import { currentAge, type Times } from './age.ts';
import type { CacheControl } from './cache-control.ts';
import { parseHttpDate } from './http-date.ts';
import { type Directives, directivesFor } from './targeted.ts';

/** Statuses that may be cached without a word about it (RFC 9110 §15.1). */
const HEURISTIC: readonly number[] = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];

/** The most seconds that a response is taken to be fresh when nobody said anything. */
const HEURISTIC_LIMIT = 86_400;

/** What freshness is judged by. */
export interface Judged extends Times {
  readonly status: number;
  readonly headers: Headers;
}

/** A stored response in time. Seconds, with fractions. */
export interface Freshness {
  /** How old it is. */
  readonly age: number;
  /** How much longer it is fresh; negative once it is stale. */
  readonly ttl: number;
  /** The origin wants to be asked each time. */
  readonly alwaysAsk: boolean;
  /** Whether it may be served stale at all, where it says so, or even where it doesn't say anything. */
  readonly stale: 'never' | 'as-said' | 'allowed';
  /** For how long after it became stale it may be served while the origin is asked. */
  readonly whileRevalidate: number;
  /** For how long after it became stale it may be served when the origin fails; `undefined` if nothing is said. */
  readonly ifError: number | undefined;
}

/** Seconds for which a response is fresh from when it was made, or `undefined` if nothing tells. */
export function freshnessLifetime(response: Judged, directives: Directives): number | undefined {
  return explicitLifetime(response, directives) ?? heuristicLifetime(response, directives.said);
}

/** What the origin says: s-maxage, max-age, Expires, in this order. A date that can't be read is past. */
export function explicitLifetime({ headers, responseTime }: Judged, directives: Directives): number | undefined {
  const { said, targeted } = directives;
  const stated = said.sMaxage ?? said.maxAge;
  if (stated !== undefined || targeted || !headers.has('expires')) return stated;
  const expires = parseHttpDate(headers.get('expires'), responseTime);
  const date = parseHttpDate(headers.get('date'), responseTime) ?? responseTime;
  return expires === undefined ? 0 : Math.max(0, (expires - date) / 1000);
}

/** A tenth of the time for which it hasn't changed. */
function heuristicLifetime({ status, headers, responseTime }: Judged, said: CacheControl): number | undefined {
  if (!mayGuess(status, said)) return undefined;
  const modified = parseHttpDate(headers.get('last-modified'), responseTime);
  const date = parseHttpDate(headers.get('date'), responseTime) ?? responseTime;
  if (modified === undefined) return undefined;
  return Math.min(Math.max(0, (date - modified) / 10_000), HEURISTIC_LIMIT);
}

/** Whether a response may be kept though nobody says for how long. */
export function mayGuess(status: number, said: CacheControl): boolean {
  return HEURISTIC.includes(status) || said.public === true;
}

/** A stored response at `now`, in milliseconds, for a cache that is meant by the fields `targets`. */
export function freshnessOf(response: Judged, targets: readonly string[], now: number): Freshness {
  const directives = directivesFor(response.headers, targets);
  const { said } = directives;
  const age = currentAge(response.headers, response, now);
  return {
    age,
    ttl: (freshnessLifetime(response, directives) ?? 0) - age,
    alwaysAsk: said.noCache === true,
    stale: staleness(said),
    whileRevalidate: said.staleWhileRevalidate ?? 0,
    ifError: said.staleIfError,
  };
}

/** Whoever says s-maxage wants to be asked by shared caches, except for what is said beside it (RFC 9111 §5.2.2.10). */
function staleness(said: CacheControl): Freshness['stale'] {
  if (said.mustRevalidate || said.proxyRevalidate) return 'never';
  return said.sMaxage === undefined ? 'allowed' : 'as-said';
}

/** What may be done with a stored response. */
export type Use = 'fresh' | 'stale' | 'stale-while-revalidate' | 'validate';

/** Judges a stored response for a request with these directives. */
export function useOf({ age, ttl, alwaysAsk, stale, whileRevalidate }: Freshness, asked: CacheControl): Use {
  if (alwaysAsk || asked.noCache || asked.maxAge === 0 || age > (asked.maxAge ?? Infinity)) return 'validate';
  if (ttl > 0) return ttl >= (asked.minFresh ?? 0) ? 'fresh' : 'validate';
  if (stale === 'never' || asked.minFresh !== undefined) return 'validate';
  if (stale === 'allowed' && -ttl <= (asked.maxStale ?? -1)) return 'stale';
  return -ttl < whileRevalidate ? 'stale-while-revalidate' : 'validate';
}

/** Whether a stored response may be served when the origin fails. `unsaid`: seconds for when it doesn't say for how long. */
export function servesInNeed(
  { ttl, alwaysAsk, stale, ifError }: Freshness,
  asked: CacheControl,
  unsaid: number,
): boolean {
  if (alwaysAsk || asked.noCache || stale === 'never') return false;
  const allowed = stale === 'allowed' ? Math.max(unsaid, asked.staleIfError ?? 0) : 0;
  return -ttl <= (ifError ?? allowed);
}
