/** The SQL backend: tables in a Postgres or SQLite database as a tier with a log of its own, which takes part in your transactions. */
import { TidemarkError } from '../engine/errors.ts';
import { aFunction, checkOptions, functionOrNothing, oneOf } from '../engine/options.ts';
import type { SqlBackend } from './sql/backend.ts';
import type { Dialect } from './sql/dialect.ts';
import type { Listen } from './sql/listening.ts';
import { enlist, type Query } from './sql/query.ts';
import { postgres } from './sql/postgres.ts';
import { SETTINGS, tablesBackend, tablesOf, type TablesSettings } from './sql/settings.ts';
import { sqlite } from './sql/sqlite.ts';

export type { SqlBackend } from './sql/backend.ts';
export type { Param, Query, Row, Rows } from './sql/query.ts';
export type { Listen } from './sql/listening.ts';
export type { TablesSettings } from './sql/settings.ts';

/** The databases that this knows. */
export type SqlDialect = 'postgres' | 'sqlite';

/** Options of {@link sqlBackend}. */
export interface SqlOptions extends TablesSettings {
  /**
   * Executes one statement as a transaction of its own and answers with its rows. Parameters are `$1`, `$2`, … in Postgres
   * and `?` in SQLite: text, numbers, bytes and null.
   */
  readonly query: Query;
  readonly dialect: SqlDialect;
  /** Postgres only: listens to a channel (`LISTEN`), so that what others change is known at once and not at the next look. */
  readonly listen?: Listen;
}

const NAMES: readonly (keyof SqlOptions)[] = ['query', 'dialect', 'listen', ...SETTINGS];
const DIALECTS: Readonly<Record<SqlDialect, Dialect>> = { postgres, sqlite };
const LARGEST = 100 * 1024 * 1024; // bytes of an entry

/**
 * A backend in tables of a database. Nothing is asked before it is used; the first use makes the tables.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const pool = new pg.Pool();
 * const backend = sqlBackend({ dialect: 'postgres', query: (sql, params) => pool.query(sql, params) });
 * const cache = createCache({ tiers: [memory(), backend] });
 */
export function sqlBackend(options: SqlOptions): SqlBackend {
  checkOptions('sqlBackend', options, NAMES);
  const { query, listen } = options;
  aFunction('sqlBackend: query', query);
  functionOrNothing('sqlBackend: listen', listen);
  const dialect = dialectOf('sqlBackend', options.dialect);
  if (listen && !dialect.listens)
    throw new TidemarkError('bad_option', 'sqlBackend: listen is for Postgres; elsewhere nothing would be heard');
  return tablesBackend('sqlBackend', options, { name: 'sql', query, dialect, listen, enlist, largest: LARGEST });
}

/**
 * The statements that make the tables, in order, for whoever wants to make them himself. Each does no harm when it was
 * done already. They are those of this release: with a new one, execute its statements before it is used.
 *
 * @throws `bad_option`
 */
export function sqlMigrations(dialect: SqlDialect, options: { readonly tables?: string } = {}): readonly string[] {
  checkOptions('sqlMigrations', options, ['tables']);
  return dialectOf('sqlMigrations', dialect).migrations(tablesOf('sqlMigrations', options.tables));
}

function dialectOf(what: string, dialect: SqlDialect): Dialect {
  return DIALECTS[oneOf(`${what}: dialect`, dialect, ['postgres', 'sqlite'])];
}
