/** Content: repositories whose lists and items are right after every write, without a line of invalidation in the program. */
export {
  createRepository,
  type FindOptions,
  type ItemWriter,
  type Repository,
  type RepositoryOptions,
  type TransactionWriter,
} from './repository.ts';
export { memorySource } from './memory-source.ts';
export type { Source, Written } from './source.ts';
export type { FieldKind } from './footprint.ts';
export type { Item } from './matching.ts';
export type { Comparisons, Condition, NormalQuery, Query, Scalar, Where } from './query.ts';
export { type ColumnKind, sqlSource, type SqlSourceOptions } from './sql-source.ts';
