/** What Cache-Control says (RFC 9111 §5.2, RFC 5861, RFC 8246), read as tolerantly as the standard demands, and written. */
import { fieldList, fieldNames } from './field-list.ts';

/** Directives of a request or a response. Times are whole seconds. What isn't said is absent. */
export interface CacheControl {
  readonly maxAge?: number;
  readonly sMaxage?: number;
  readonly staleWhileRevalidate?: number;
  readonly staleIfError?: number;
  readonly minFresh?: number;
  /** `Infinity` when any age is accepted. */
  readonly maxStale?: number;
  /** Names of fields, in lower case, when only they are meant. */
  readonly noCache?: true | readonly string[];
  /** Names of fields, in lower case, when only they are meant. */
  readonly private?: true | readonly string[];
  readonly public?: true;
  readonly noStore?: true;
  readonly noTransform?: true;
  readonly mustRevalidate?: true;
  readonly proxyRevalidate?: true;
  readonly mustUnderstand?: true;
  readonly immutable?: true;
  readonly onlyIfCached?: true;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The greatest number of seconds that is told apart: more means "for ever" (RFC 9111 §1.2.2). */
export const MAX_SECONDS: number = 2 ** 31;

const SECONDS = {
  'max-age': 'maxAge',
  's-maxage': 'sMaxage',
  'stale-while-revalidate': 'staleWhileRevalidate',
  'stale-if-error': 'staleIfError',
  'min-fresh': 'minFresh',
  'max-stale': 'maxStale',
} as const satisfies Record<string, keyof CacheControl>;

const FIELDS = { 'no-cache': 'noCache', private: 'private' } as const satisfies Record<string, keyof CacheControl>;

const WORDS = {
  public: 'public',
  'no-store': 'noStore',
  'no-transform': 'noTransform',
  'must-revalidate': 'mustRevalidate',
  'proxy-revalidate': 'proxyRevalidate',
  'must-understand': 'mustUnderstand',
  immutable: 'immutable',
  'only-if-cached': 'onlyIfCached',
} as const satisfies Record<string, keyof CacheControl>;

/**
 * Reads a Cache-Control field. Unknown directives are passed over, of two the first counts, arguments may be quoted, and
 * a freshness that can't be read is none: `max-age=soon` is 0.
 */
export function parseCacheControl(value: string | null | undefined): CacheControl {
  const read = new Map<string, string | true>();
  for (const member of fieldList(value)) {
    const equals = member.indexOf('=');
    const name = (equals === -1 ? member : member.slice(0, equals)).toLowerCase();
    if (!read.has(name)) read.set(name, equals === -1 ? true : unquoted(member.slice(equals + 1)));
  }
  return cacheControlOf(read);
}

/**
 * Directives by their names in lower case. An argument is text, or, where the field has types, a number; whatever has
 * another type has been left out by the caller.
 */
export function cacheControlOf(read: ReadonlyMap<string, string | number | true>): CacheControl {
  const said: Mutable<CacheControl> = {};
  for (const [name, argument] of read) {
    if (Object.hasOwn(SECONDS, name)) said[SECONDS[name as keyof typeof SECONDS]] = seconds(name, argument);
    else if (Object.hasOwn(WORDS, name)) said[WORDS[name as keyof typeof WORDS]] = true;
    else if (Object.hasOwn(FIELDS, name)) {
      const fields = typeof argument === 'string' ? fieldNames(argument) : [];
      said[FIELDS[name as keyof typeof FIELDS]] = fields.length > 0 ? fields : true;
    }
  }
  return said;
}

function seconds(name: string, argument: string | number | true): number {
  if (name === 'max-stale' && argument === true) return Infinity;
  const text = String(argument);
  return /^[0-9]+$/.test(text) ? Math.min(Number(text), MAX_SECONDS) : 0;
}

function unquoted(argument: string): string {
  return /^".*"$/s.test(argument) ? argument.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : argument;
}

/** Writes directives as a Cache-Control field; empty text when nothing is said. */
export function formatCacheControl(said: CacheControl): string {
  const parts: string[] = [];
  for (const [name, key] of Object.entries(WORDS)) if (said[key]) parts.push(name);
  for (const [name, key] of Object.entries(FIELDS)) {
    const fields = said[key];
    if (fields !== undefined) parts.push(fields === true ? name : `${name}="${fields.join(', ')}"`);
  }
  for (const [name, key] of Object.entries(SECONDS)) {
    const time = said[key];
    if (time !== undefined) parts.push(time === Infinity ? name : `${name}=${Math.floor(time)}`);
  }
  return parts.join(', ');
}
