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

export { type Answering, httpContent, type HttpContent, type Writing } from './http-content.ts';
export type { HttpContentOptions } from './http-content-options.ts';
export type { HttpPolicy, ResponseDirectives } from './http-policy.ts';
export type { AskedField } from './inquiry.ts';
export type { Body, Parts, Shown } from './representation.ts';
export {
  itemOf,
  listOf,
  type ReadableRepository,
  type Reading,
  type ReadingContext,
  type ReadingOptions,
} from './reading.ts';
export { type GuardedWrite, guardedWrite, OVERTAKEN } from './guarded-write.ts';
export { ifUnchanged, type TransactionalRepository } from './if-unchanged.ts';

export { cacheTag, formatCacheTags, parseCacheTags } from './cache-tag.ts';
export { engineHttpStore, type EngineHttpStoreOptions } from './engine-http-store.ts';
export { type Bookmarked, type BookmarkOptions, type Handler, withBookmark } from './bookmark.ts';
export { contentCache, type ContentCacheOptions, type MiddlewareApp, type MiddlewareContext } from './content-cache.ts';
export { type CacheSettings, workerCache, type WorkerContext, type WorkerHandler } from './worker-cache.ts';
