/** Content: repositories whose lists and items are right after every write, without a line of invalidation in the program. */
export {
  createRepository,
  type FindOptions,
  type Repository,
  type RepositoryOptions,
  type TransactionWriter,
  type WriterIn,
} from './repository.ts';
export type { ItemWriter, RepositoryWrite, UnpublishedWrite, UpdateOptions, WriteAction } from './item-writer.ts';
export type { Principal, PrincipalInput, Scope } from './principal.ts';
export type { PublicationOptions } from './publication.ts';
export type { Include, IncludeOptions, Relation, Relations, RepositoryRef } from './relations.ts';
export { type D1SourceOptions, d1Source, type D1WithBatches } from './d1-source.ts';
export { memorySource } from './memory-source.ts';
export type { Asked, Publish, Source, Written } from './source.ts';
export type { FieldKind } from './footprint.ts';
export type { Item } from './matching.ts';
export type { Comparisons, Condition, NormalQuery, Query, Scalar, Where } from './query.ts';
export { sqlSource, type SqlSourceOptions, type Transactions } from './sql-source.ts';
export type { ColumnKind, TableDialect, TableOptions } from './sql-table.ts';
export { type Content, createContent } from './content.ts';
export type {
  ContentInvalidateOptions,
  ContentOptions,
  ContentRepositoryOptions,
  DryRun,
  DryRunOf,
} from './content-options.ts';
export {
  entityPolicies,
  type EntityOverrides,
  type EntityPolicies,
  type EntityPolicy,
  type EntityPolicyOptions,
  type EntitySettings,
} from './entity-policy.ts';
export { type ContentEnvironment, contentEnvironment } from './environment.ts';
export type { ContentEvent, ContentEvents, Emitted, EmitOptions } from './events.ts';
export type { ContentHealth, ContentStats, ContentTierStats, NamespaceStats } from './figures.ts';
export type { Invalidation, InvalidationListOptions, InvalidationLog, InvalidationPage } from './invalidation-log.ts';
export type { Drop, Payload, Rule } from './rules.ts';
export type { ContentCollection, ContentCollectionOptions, ContentReadOptions } from './switched-collection.ts';
export {
  type ContentSwitches,
  contentSwitches,
  type KillOptions,
  type SwitchOptions,
  type SwitchState,
} from './switches.ts';
export {
  type Catalogue,
  type CatalogueOptions,
  type CatalogueStats,
  createCatalogue,
  type HotReading,
  type WatchOptions,
} from './warming/catalogue.ts';
export type { CatalogueStore } from './warming/catalogue-store.ts';
export {
  type Occasion,
  warm,
  type WarmCall,
  type WarmContext,
  type WarmPlan,
  type WarmRead,
  type WarmReads,
} from './warming/plan.ts';
export type { Uses } from './warming/uses.ts';
export type { PlanReport, WarmReport } from './warming/warm-run.ts';
export {
  createWarmer,
  type EventSource,
  type Warmer,
  type WarmerOptions,
  type WarmRunOptions,
  type WrittenEvent,
} from './warming/warmer.ts';
export type { PlanStats, WarmerStats } from './warming/warmer-stats.ts';
export {
  type ContentItem,
  type ContentReads,
  contentRepository,
  type ContentRepository,
  contentTable,
} from './repositories/content.ts';
export {
  type Media,
  type MediaReads,
  mediaRepository,
  type MediaRepository,
  mediaTable,
} from './repositories/media.ts';
export {
  type Session,
  type SessionReads,
  sessionRepository,
  type SessionRepository,
  sessionTable,
} from './repositories/session.ts';
export type { Create, Ready, ReadyOptions } from './repositories/shape.ts';
export { contentTables } from './repositories/tables.ts';
export { type User, type UserReads, userRepository, type UserRepository, userTable } from './repositories/user.ts';
