/** What a shared HTTP cache is made with, checked. */
import { type Clock, systemClock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import {
  aFunction,
  checkOptions,
  duration,
  type Duration,
  functionOrNothing,
  list,
  nonEmptyText,
  oneOf,
  positiveInteger,
  size,
  type Size,
} from '../../engine/options.ts';
import { isFieldName } from './hop-by-hop.ts';
import type { HttpStore } from './http-store.ts';
import { memoryHttpStore } from './memory-http-store.ts';
import type { Cookies } from './storable.ts';

/** Options of {@link httpCache}. */
export interface HttpCacheOptions {
  /**
   * The origin. It gets GET, HEAD and every other request that isn't answered from the store, and must not follow
   * redirects: the requests that it gets say `redirect: 'manual'`. What it rejects with reaches the client's handler
   * unchanged, unless something stored may stand in.
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Where responses are kept. Default: 64 MB in memory. */
  readonly store?: HttpStore;
  /**
   * Whose `Cache-Control` and `Pragma` are honoured. Default: everybody's, as RFC 9111 has it; a site on the open web
   * rather trusts its own, so that strangers can't turn the cache off.
   */
  readonly trusted?: (request: Request) => boolean;
  /** What this cache is called in `Cache-Status`. Default `'tidemark'`. */
  readonly name?: string;
  /** Fields with directives for this cache, which stand in for `Cache-Control`, the first that can be read. Default `['CDN-Cache-Control']`. */
  readonly targets?: readonly string[];
  /** Fields that are between the origin and this cache and go no further, such as `Cache-Tag`. Default none. */
  readonly hiddenFields?: readonly string[];
  /**
   * What is done with a response that has `Set-Cookie` and neither `public` nor `s-maxage`: `'refuse'` (default) doesn't
   * store it, so that one visitor's cookie is never handed to another; `'store'` is what RFC 9111 has.
   */
  readonly cookies?: Cookies;
  /** How long after its time a response is served when the origin can't be reached and nothing forbids it. Default `'10m'`. */
  readonly staleIfUnreachable?: Duration;
  /** How long a request waits for another one's way to the origin before it goes itself. Default `'5s'`. */
  readonly joinTimeout?: Duration;
  /** How long the store is waited for; a read that takes longer is a miss. Default `'1s'`. */
  readonly storeTimeout?: Duration;
  /** Longer bodies pass and aren't stored. Default `'8mb'`. */
  readonly maxBodyBytes?: Size;
  /** The most variants stored for one URI; the oldest leaves first. Default 32. */
  readonly maxVariants?: number;
  readonly clock?: Clock;
  /** Told of failures that no client sees: of the store, and of refreshing in the background. */
  readonly onError?: (error: unknown) => void;
}

/** Options with their defaults; durations in milliseconds. */
export interface CheckedOptions {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly store: HttpStore;
  readonly trusted: (request: Request) => boolean;
  readonly name: string;
  readonly targets: readonly string[];
  readonly hiddenFields: readonly string[];
  readonly cookies: Cookies;
  readonly staleIfUnreachable: number;
  readonly joinTimeout: number;
  readonly storeTimeout: number;
  readonly maxBodyBytes: number;
  readonly maxVariants: number;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const NAMES: readonly (keyof HttpCacheOptions)[] = [
  'fetch',
  'store',
  'trusted',
  'name',
  'targets',
  'hiddenFields',
  'cookies',
  'staleIfUnreachable',
  'joinTimeout',
  'storeTimeout',
  'maxBodyBytes',
  'maxVariants',
  'clock',
  'onError',
];

/** Throws `bad_option` naming the option. */
export function checkedOptions(options: HttpCacheOptions): CheckedOptions {
  checkOptions('httpCache', options, NAMES);
  const say = (name: keyof HttpCacheOptions): string => `httpCache: ${name}`;
  aFunction(say('fetch'), options.fetch);
  functionOrNothing(say('trusted'), options.trusted);
  functionOrNothing(say('onError'), options.onError);
  const targets = options.targets ?? ['CDN-Cache-Control'];
  list(say('targets'), targets);
  const hiddenFields = options.hiddenFields ?? [];
  list(say('hiddenFields'), hiddenFields);
  const store = options.store ?? memoryHttpStore();
  for (const method of ['get', 'put', 'delete'] as const) aFunction(`httpCache: store.${method}`, store[method]);
  return {
    fetch: options.fetch,
    store,
    trusted: options.trusted ?? (() => true),
    name: nonEmptyText(say('name'), options.name ?? 'tidemark'),
    targets: targets.map((target) => nonEmptyText(say('targets'), target)),
    hiddenFields: hiddenFields.map((field) => fieldName(say('hiddenFields'), field)),
    cookies: oneOf(say('cookies'), options.cookies ?? 'refuse', ['refuse', 'store']),
    staleIfUnreachable: duration(say('staleIfUnreachable'), options.staleIfUnreachable ?? '10m'),
    joinTimeout: duration(say('joinTimeout'), options.joinTimeout ?? '5s'),
    storeTimeout: duration(say('storeTimeout'), options.storeTimeout ?? '1s'),
    maxBodyBytes: size(say('maxBodyBytes'), options.maxBodyBytes ?? '8mb'),
    maxVariants: positiveInteger(say('maxVariants'), options.maxVariants ?? 32),
    clock: options.clock ?? systemClock,
    onError: options.onError ?? (() => {}),
  };
}

/** The name of a header field. Throws `bad_option` naming `what`. */
export function fieldName(what: string, name: unknown): string {
  if (typeof name === 'string' && isFieldName(name)) return name;
  throw new TidemarkError('bad_option', `${what} must be names of fields, not ${describe(name)}`);
}
