/** Documents: a cache of the states of event-sourced documents for those who execute operations on them. */
export { createWriteCache } from './projection.ts';
export type { Check, WriteCacheOptions } from './options.ts';
export type {
  HeldState,
  PutOptions,
  ReadOptions,
  States,
  TransactionOptions,
  Verification,
  WalkOptions,
  WriteCache,
  WriteCacheStats,
  Wrong,
} from './write-cache.ts';
export type { WriteCacheCounts, WriteCacheEvents } from './events.ts';

// The contracts, and what is spoken of in them.
export type { Action, Operation, Protocol } from './operation.ts';
export type { Document, DocumentHeader, State } from './document.ts';
export type { DocumentModel, DocumentModelRegistry, UpgradeReducer } from './model.ts';
export type { Head, HeadQuery, OperationPage, OperationSource, SinceOptions } from './operation-source.ts';
export type { KeyValueStore } from './key-value-store.ts';
export type { Append, OperationStore } from './operation-store.ts';

// Implementations.
export { createRegistry, type RegistryOptions } from './create-registry.ts';
export { defineModel, type ModelDefinition } from './define-model.ts';
export { memoryOperations } from './operations/memory.ts';
export { memoryKeyValues, type MemoryKeyValuesOptions } from './key-values/memory.ts';
export { type StoreKeyValues, storeKeyValues, type StoreKeyValuesOptions } from './key-values/of-store.ts';
export { textKeyValues, type TextStore } from './key-values/of-text.ts';

// Keyframes.
export {
  byCost,
  type ByCostOptions,
  everyNth,
  type KeyframeFacts,
  type KeyframePolicy,
  type Retention,
} from './keyframe-policy.ts';
export { type Compression, gzip, noCompression } from './compression.ts';
export type { Rejection } from './keyframe.ts';
export type { QueueCounts } from './keyframe-queue.ts';
export type { From } from './rebuild.ts';
export type { Where } from './reduce.ts';
