/** Operations in a Postgres or SQLite database, appended in your own transactions if you like. */
import type { Query } from '../../backends/sql/query.ts';
import { tablesOf } from '../../backends/sql/settings.ts';
import { aFunction, checkOptions, oneOf } from '../../engine/options.ts';
import { type OperationsDialect, postgres, sqlite } from './sql/dialect.ts';
import { statementsFor } from './sql/statements.ts';
import { SqlOperations, type SqlOperationStore } from './sql/store.ts';

/** The databases that this knows. */
export type SqlOperationsDialect = 'postgres' | 'sqlite';

/** Options of {@link sqlOperations}. */
export interface SqlOperationsOptions {
  /**
   * Executes one statement as a transaction of its own and answers with its rows. Parameters are `$1`, `$2`, … in Postgres
   * and `?` in SQLite: text, numbers and null.
   */
  readonly query: Query;
  readonly dialect: SqlOperationsDialect;
  /** What the tables' names begin with: small letters, digits and `_`. Default `'tidemark'`. */
  readonly tables?: string;
  /** `'auto'` (default): the first use makes the tables. `'manual'`: you make them, by `migrate()` or from the SQL. */
  readonly migrations?: 'auto' | 'manual';
}

const NAMES: readonly (keyof SqlOperationsOptions)[] = ['query', 'dialect', 'tables', 'migrations'];
const DIALECTS: Readonly<Record<SqlOperationsDialect, OperationsDialect>> = { postgres, sqlite };

/**
 * A store in a table of a database. Nothing is asked before it is used.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const pool = new pg.Pool();
 * const operations = sqlOperations({ dialect: 'postgres', query: (sql, params) => pool.query(sql, params) });
 */
export function sqlOperations(options: SqlOperationsOptions): SqlOperationStore {
  checkOptions('sqlOperations', options, NAMES);
  aFunction('sqlOperations: query', options.query);
  return new SqlOperations({
    query: options.query,
    dialect: dialectOf('sqlOperations', options.dialect),
    tables: tablesOf('sqlOperations', options.tables),
    migrations: oneOf('sqlOperations: migrations', options.migrations ?? 'auto', ['auto', 'manual']),
  });
}

/**
 * The statements that make the tables, in order, for whoever wants to make them himself. Each does no harm when it was
 * done already. They are those of this release: with a new one, execute its statements before it is used.
 *
 * @throws `bad_option`
 */
export function sqlOperationMigrations(
  dialect: SqlOperationsDialect,
  options: { readonly tables?: string } = {},
): readonly string[] {
  checkOptions('sqlOperationMigrations', options, ['tables']);
  const tables = tablesOf('sqlOperationMigrations', options.tables);
  return statementsFor(dialectOf('sqlOperationMigrations', dialect), tables).migrations;
}

function dialectOf(what: string, dialect: SqlOperationsDialect): OperationsDialect {
  return DIALECTS[oneOf(`${what}: dialect`, dialect, ['postgres', 'sqlite'])];
}
