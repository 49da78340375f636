/** A drop-in for programs that have a `CacheService` with namespaces. */
export { CACHE_CONFIGS, type CacheConfig, getCacheConfig } from './cache-config.ts';
export { type CacheKeyParts, createCachePattern, generateCacheKey, parseCacheKey } from './cache-keys.ts';
export {
  type CacheEntry,
  type CacheResult,
  CacheService,
  type CacheTime,
  type KeyList,
  type ListedKey,
  type WarmEntry,
} from './cache-service.ts';
export { type CacheServices, type CacheServicesOptions, createCacheServices } from './cache-services.ts';
export type { CacheStats } from './figures.ts';
export type { Switches } from './namespace.ts';
export { hashQueryParams } from './query-params.ts';
export { clearAllCaches, getAllCacheStats, getCacheService, useCacheServices } from './shared-services.ts';
