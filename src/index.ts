/** The main door: a cache that knows when it is wrong. */
import { Cache } from './engine/cache.ts';
import type { CacheOptions } from './engine/cache-options.ts';
import { privateLog } from './logs/local.ts';
import { memory } from './stores/memory.ts';

/**
 * Make a cache.
 *
 * Without options it keeps up to 10,000 entries in this process's memory.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const cache = createCache({ name: 'shop', tiers: [memory({ maxBytes: '50mb' })] });
 * const posts = cache.define<Post>('post', { load: (id) => db.post(id), ttl: '1h', tags: (post) => ['author:' + post.authorId] });
 * await posts.get('123');
 */
export function createCache(options: CacheOptions = {}): Cache {
  return new Cache(options, { tiers: () => [memory()], log: privateLog });
}

export { memory, type MemoryOptions } from './stores/memory.ts';

// The cache and its collections.
export type { Cache } from './engine/cache.ts';
export type { AdHocOptions, CacheOptions, TierOptions } from './engine/cache-options.ts';
export type { Answer, AskOptions, Beginning, Collection, ReadOptions, SetOptions } from './engine/collection.ts';
export type { CollectionOptions } from './engine/terms.ts';
export type { BatchContext, LoadContext, NotModified, Previous } from './engine/context.ts';
export type { Load, LoadMany } from './engine/load.ts';
export type { ChangeResult } from './engine/authority.ts';
export type { InvalidateOptions, Selector } from './engine/invalidate.ts';
export type { TransactionChanges } from './engine/changes-in.ts';
export type { ExplainOptions, Explanation, ExplainedDependency, ExplainedTier } from './engine/explain.ts';
export type { HeldEntry, HeldOptions, HeldPage, WouldDrop } from './engine/held.ts';
export type { Memo } from './engine/memo.ts';
export type { DelayStats } from './engine/delays.ts';
export type {
  CacheStats,
  CollectionStats,
  Counts,
  Distrust,
  ReadCounts,
  TierStats,
  WorkCounts,
} from './engine/stats.ts';
export type { WarmOptions, WarmProgress, WarmStep } from './engine/warm.ts';
export type { Events, Listener, Listeners, Reach } from './engine/events.ts';
export { TidemarkError, type ErrorCode } from './engine/errors.ts';

// The words, for whoever implements a contract.
export type { Key, Path, Segment } from './engine/key.ts';
export type { PatternInput } from './engine/pattern.ts';
export type { Entry, Mark } from './engine/entry.ts';
export { type Dependency, implicitDependencies } from './engine/dependency.ts';
export type { Call, LiveShelf, LiveStore, Shelf, Store, Stored, Truth, Usage, Verdict } from './engine/store.ts';
export type { Change, ChangeLog, Page, Position, StampsAnswer } from './engine/log.ts';
export type { Mirror } from './engine/mirror.ts';
export {
  type Backend,
  everyDependency,
  type Lease,
  type LeaseRequest,
  type Leases,
  pathOfStorageKey,
  storageKey,
} from './engine/backend.ts';
export type { Policy, PolicyFactory } from './engine/policy.ts';
export { type Codec, decodeEntry, encodeEntry } from './engine/codec.ts';
export { type Clock, type Random, systemClock } from './engine/clock.ts';
export { StampTable, type StampLimits } from './engine/stamp-table.ts';
export type { MaybePromise } from './engine/maybe.ts';
export type { Duration, Size } from './engine/options.ts';
export { copy, type Isolation, type Kind, kindOf } from './engine/values.ts';
export type { Schema, SchemaResult } from './engine/schema.ts';
export type { BreakerState } from './engine/breaker.ts';
