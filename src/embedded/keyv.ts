/** The embedded cache as a storage adapter of Keyv, and so of what stands on Keyv, such as cacheable and cache-manager. */
import { type Clock, systemClock } from '../engine/clock.ts';
import { checkOptions, trueOrFalse } from '../engine/options.ts';
import { ExpiringKeyvStore, TtlKeyvStore } from './keyv-stores.ts';
import type { Cache, CacheOptions } from './types.ts';

export type { ExpiringKeyvStore, TtlKeyvStore } from './keyv-stores.ts';

/** Options of {@link keyvStore}. */
export interface KeyvStoreOptions {
  /**
   * What Keyv has been told under the same name. Default true: keys begin with Keyv's namespace and a colon, and `clear`
   * removes those that begin with its own. False: every key of the cache is Keyv's.
   */
  readonly useKeyPrefix?: boolean;
}

/** Options of {@link keyv6Store}. */
export interface Keyv6StoreOptions {
  /** The clock by which Keyv's times are read, which is the cache's own; for tests. */
  readonly clock?: Clock;
}

/**
 * A store for one Keyv of version 5: a cache, a view of one of its namespaces, or the options of a cache to open for it.
 * Keyv's `disconnect` closes what was opened for it, and leaves open what was handed in.
 *
 * @throws `bad_option` naming the option. A cache that can't be opened fails the calls that need it.
 * @example
 * const keyv = new Keyv({ store: keyvStore({ path: '.cache/http' }) });
 */
export function keyvStore(cache: Cache | CacheOptions, options: KeyvStoreOptions = {}): TtlKeyvStore {
  checkOptions('keyvStore', options, ['useKeyPrefix']);
  const prefixed = options.useKeyPrefix === undefined || trueOrFalse('keyvStore: useKeyPrefix', options.useKeyPrefix);
  return new TtlKeyvStore(cache, prefixed ? ':' : undefined);
}

/**
 * The same for one Keyv of version 6, which tells when a value ends instead of how long it lives, and leaves it to the store
 * to keep namespaces apart: each is a namespace of the cache.
 *
 * @throws what {@link keyvStore} throws.
 */
export function keyv6Store(cache: Cache | CacheOptions, options: Keyv6StoreOptions = {}): ExpiringKeyvStore {
  checkOptions('keyv6Store', options, ['clock']);
  return new ExpiringKeyvStore(cache, options.clock ?? systemClock);
}
