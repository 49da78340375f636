/** The door to operation stores in SQL databases. */
export {
  sqlOperationMigrations,
  sqlOperations,
  type SqlOperationsDialect,
  type SqlOperationsOptions,
} from './operations/sql.ts';
export type { SqlOperationStore } from './operations/sql/store.ts';
export type { Param, Query, Row, Rows } from '../backends/sql/query.ts';
export type { Append, OperationStore } from './operation-store.ts';
export type { Head, HeadQuery, OperationPage, OperationSource, SinceOptions } from './operation-source.ts';
export type { Action, Operation } from './operation.ts';
