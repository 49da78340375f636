/** HTTP for content: a shared cache as a Fetch-standard handler, and the words of HTTP that answers are made of. */
export { type HttpCache, httpCache, type HttpCacheContext } from './shared-cache.ts';
export type { HttpCacheOptions } from './http-cache-options.ts';
export type { HttpRecord, HttpStore, StoredResponse } from './http-store.ts';
export { memoryHttpStore, type MemoryHttpStoreOptions } from './memory-http-store.ts';
export type { Cookies } from './storable.ts';

export { entityTag, type Representation } from './etag.ts';
export { type Current, judgeConditions, notModified, preconditionFailed, type Verdict } from './conditions.ts';
export { type CacheControl, formatCacheControl, parseCacheControl } from './cache-control.ts';
export { type CacheStatus, formatCacheStatus, type Forwarded } from './cache-status.ts';
