/** The services that a whole program shares, for code that asks for a `CacheService` wherever it stands. */
import { TidemarkError } from '../../engine/errors.ts';
import type { CacheConfig } from './cache-config.ts';
import type { CacheService } from './cache-service.ts';
import type { CacheServices } from './cache-services.ts';
import type { CacheStats } from './figures.ts';

let shared: CacheServices | undefined;

/**
 * What {@link getCacheService} and its like work with from now on: to be called once, where the cache is made. Another
 * call replaces them; services that have been handed out stay with the cache that they are of.
 */
export function useCacheServices(services: CacheServices): void {
  shared = services;
}

function inUse(): CacheServices {
  if (!shared)
    throw new TidemarkError('bad_option', 'there are no cache services: call useCacheServices(createCacheServices(…))');
  return shared;
}

/**
 * The service of a configuration, or of a namespace. The last configuration given for a namespace holds.
 *
 * @throws `bad_option` before {@link useCacheServices}, for a bad setting, or if a KV namespace is given as well: it is a
 * tier of the cache.
 */
export function getCacheService(config: CacheConfig | string, kv?: undefined): CacheService {
  if (kv !== undefined)
    throw new TidemarkError(
      'bad_option',
      'getCacheService takes no KV namespace: it is a tier of the cache, createCache({ tiers: [memory(), workersKv({ namespace })] })',
    );
  return inUse().get(config);
}

/** Nothing in the cache is served any more, of whatever namespace. */
export async function clearAllCaches(): Promise<void> {
  await inUse().clear();
}

/** The figures of all namespaces in use. */
export function getAllCacheStats(): Record<string, CacheStats> {
  return inUse().stats();
}
