/** What a cache is made with: options, their checks, and tiers from them. */
import type { Clock, Random } from './clock.ts';
import { TidemarkError } from './errors.ts';
import { type Emitter, EVENT_NAMES, type Listeners } from './events.ts';
import { describe, type Key } from './key.ts';
import type { Load } from './load.ts';
import type { ChangeLog } from './log.ts';
import {
  checkOptions,
  duration,
  type Duration,
  functionOrNothing,
  list,
  nonEmptyText,
  oneOf,
  positiveInteger,
} from './options.ts';
import type { Store } from './store.ts';
import type { CollectionOptions } from './terms.ts';
import { Tier, type TierSettings } from './tier.ts';

/** A store with settings of its own as a tier. A bare store takes the defaults. */
export interface TierOptions {
  readonly store: Store;
  /** How long one operation may take. Default 1 second. */
  readonly timeout?: Duration;
  /** No entry stays fresh in this tier for longer than this. */
  readonly maxTtl?: Duration;
  /** The most keys in one operation. Default 100. */
  readonly maxBatch?: number;
  /** When to leave the tier alone: after `failures` in a row (default 5) for `pause` (default 1 second, doubled up to 30). */
  readonly breaker?: { readonly failures?: number; readonly pause?: Duration };
}

/** Options of a cache. */
export interface CacheOptions {
  /** Keeps its keys, tags and changes apart from those of other caches in the same stores and log. Default `'cache'`. */
  readonly name?: string;
  /** Stores, the fastest first. The log of the last backend among them is the authority. Default: memory alone. */
  readonly tiers?: readonly (Store | TierOptions)[];
  /**
   * The change log that is believed. Default: that of the last backend among the tiers, or, where there is none, one in this
   * process's memory. A backend among the tiers whose log is another one is a store like others.
   */
  readonly log?: ChangeLog;
  /**
   * `'bounded'` (default): reads follow changes of other processes within the log's delivery delay. `'strong'`: each read
   * asks the log first, and doesn't use what the tiers have when the log doesn't answer.
   */
  readonly consistency?: 'bounded' | 'strong';
  /**
   * How long the log may be silent before nothing that was held is served any more: the bound on how old a wrong answer can
   * be while this process is cut off from the others. Reads then ask the log first, load if it doesn't answer, and keep in
   * memory what was loaded since for no longer than this. Default 10 seconds; `Infinity` serves on for as long as it lasts.
   */
  readonly maxSilence?: Duration;
  /**
   * The platform's `waitUntil`, where what a request has under way ends with it, timers included (Workers): keeps the
   * request alive for work that others wait for, or that goes on after the answer. With it one cache serves all requests
   * of an isolate: nothing is begun when it is made, so that it may be made outside of requests, and no timer outlives one.
   * The log is followed by the reads: one that comes later than the log's `pollEvery` after the last look takes another in
   * the background, and one that comes later than `maxSilence` waits for it.
   */
  readonly background?: (work: Promise<unknown>) => void;
  /**
   * How long a read waits for a load that another one has begun before it loads for itself. Default for as long as it takes;
   * 5 seconds with `background`, since the other one's request may have ended and taken the load along.
   */
  readonly joinTimeout?: Duration;
  /** Listeners, as with {@link Cache.on}. */
  readonly on?: Listeners;
  /** Where time, timers and chance come from; for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Options of a read without a collection. */
export interface AdHocOptions<V> extends Pick<
  CollectionOptions<V>,
  | 'ttl'
  | 'staleFor'
  | 'graceFor'
  | 'negativeTtl'
  | 'jitter'
  | 'earlyRefresh'
  | 'schema'
  | 'values'
  | 'timeout'
  | 'sourceLag'
> {
  readonly key: Key;
  readonly load: Load<Key, V>;
  /** Tags, or how to make them from the value. */
  readonly tags?: readonly string[] | ((value: NonNullable<V>, key: Key) => readonly string[]);
  readonly signal?: AbortSignal;
}

/** The names of {@link AdHocOptions} beside `key` and `signal`. */
export const AD_HOC: readonly string[] = [
  'load',
  'ttl',
  'staleFor',
  'graceFor',
  'negativeTtl',
  'jitter',
  'earlyRefresh',
  'schema',
  'values',
  'timeout',
  'sourceLag',
  'tags',
];

const NAMES: readonly (keyof CacheOptions)[] = [
  'name',
  'tiers',
  'log',
  'consistency',
  'maxSilence',
  'background',
  'joinTimeout',
  'on',
  'clock',
  'random',
];

/** Check a cache's options. Throws `bad_option` naming the option. */
export function checkCacheOptions(options: CacheOptions): void {
  checkOptions('createCache', options, NAMES);
  const { name, tiers, log, consistency, on, clock, random } = options;
  if (name !== undefined) nonEmptyText('createCache: name', name);
  if (tiers !== undefined) list('createCache: tiers', tiers);
  if (consistency !== undefined) oneOf('createCache: consistency', consistency, ['bounded', 'strong']);
  if (on !== undefined) checkOptions('createCache: on', on, EVENT_NAMES);
  for (const [event, listener] of Object.entries(on ?? {})) functionOrNothing(`createCache: on.${event}`, listener);
  hasMethods('createCache: log', log, 'a change log', ['append', 'read', 'position', 'stamps']);
  hasMethods('createCache: clock', clock, 'a clock', ['now', 'after']);
  functionOrNothing('createCache: random', random);
  functionOrNothing('createCache: background', options.background);
}

function hasMethods(what: string, value: object | undefined, wanted: string, names: readonly string[]): void {
  if (value === undefined) return;
  const methods = value as Readonly<Record<string, unknown>> | null;
  if (!names.every((name) => typeof methods?.[name] === 'function'))
    throw new TidemarkError(
      'bad_option',
      `${what} must be ${wanted} (with ${names.join(', ')}), not ${describe(value)}`,
    );
}

/** A tier from a store and perhaps its settings. Throws `bad_option` naming the option. */
export function tierOf(what: string, given: Store | TierOptions, clock: Clock, events: Emitter): Tier {
  const bare = typeof given === 'object' && given !== null && 'getMany' in given;
  const options: Partial<TierOptions> = bare ? { store: given } : given;
  checkOptions(what, options, ['store', 'timeout', 'maxTtl', 'maxBatch', 'breaker']);
  const { store } = options;
  if (typeof store?.getMany !== 'function')
    throw new TidemarkError('bad_option', `${what} must be a store, or an object with a store, not ${describe(store)}`);
  return new Tier(store, settingsOf(what, options), clock, events);
}

/** A tier's settings, or a log's, checked and complete. */
export function settingsOf(what: string, options: Omit<Partial<TierOptions>, 'store'>): TierSettings {
  const { breaker = {}, timeout = 1000, maxTtl = Infinity, maxBatch = 100 } = options;
  checkOptions(`${what}: breaker`, breaker, ['failures', 'pause']);
  const pause = duration(`${what}: breaker.pause`, breaker.pause ?? 1000);
  return {
    timeout: duration(`${what}: timeout`, timeout),
    maxTtl: duration(`${what}: maxTtl`, maxTtl),
    maxBatch: positiveInteger(`${what}: maxBatch`, maxBatch),
    breaker: {
      failures: positiveInteger(`${what}: breaker.failures`, breaker.failures ?? 5),
      pause,
      longestPause: Math.max(30_000, pause),
    },
  };
}
