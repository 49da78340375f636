/** Which directives a cache obeys: those of the first field aimed at it that can be read, or Cache-Control (RFC 9213). */
import { type CacheControl, cacheControlOf, parseCacheControl } from './cache-control.ts';
import { parseDictionary } from './structured-dictionary.ts';

/** Directives for this cache, and whether they were aimed at it: then Expires is not for it, either. */
export interface Directives {
  readonly said: CacheControl;
  readonly targeted: boolean;
}

/** The directives of a response for a cache that is meant by `targets`, names of fields from the most special on. */
export function directivesFor(headers: Headers, targets: readonly string[]): Directives {
  for (const target of targets) {
    const said = parseTargeted(headers.get(target));
    if (said) return { said, targeted: true };
  }
  return { said: parseCacheControl(headers.get('cache-control')), targeted: false };
}

/**
 * Reads a targeted field such as CDN-Cache-Control: a dictionary of structured fields. `undefined` for one that is absent,
 * empty or malformed, which counts as if it weren't there. A directive whose argument has a wrong type isn't said.
 */
export function parseTargeted(value: string | null): CacheControl | undefined {
  const members = value === null ? undefined : parseDictionary(value);
  if (!members || members.size === 0) return undefined;
  const read = new Map<string, string | number | true>();
  for (const [name, item] of members) {
    if (item === true || isSeconds(item) || (typeof item === 'string' && TAKES_FIELDS.includes(name)))
      read.set(name, item);
  }
  return cacheControlOf(withoutBareTimes(read));
}

const TAKES_FIELDS: readonly string[] = ['no-cache', 'private'];
const TAKES_SECONDS: readonly string[] = ['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'];

function isSeconds(item: unknown): item is number {
  return Number.isInteger(item) && (item as number) >= 0;
}

function withoutBareTimes(read: ReadonlyMap<string, string | number | true>): Map<string, string | number | true> {
  return new Map([...read].filter(([name, argument]) => !TAKES_SECONDS.includes(name) || typeof argument === 'number'));
}
