/** The D1 backend: tables in a Cloudflare D1 database as a tier with a log of its own, whose changes can be part of your batches. */
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions } from '../engine/options.ts';
import type { SqlBackend } from './sql/backend.ts';
import type { Param, Query, Row } from './sql.ts';
import { SETTINGS, tablesBackend, type TablesSettings } from './sql/settings.ts';
import { sqlite } from './sql/sqlite.ts';

export type { SqlBackend } from './sql/backend.ts';
export type { TablesSettings } from './sql/settings.ts';

/** A statement of D1, as far as this uses it. */
export interface D1Statement {
  bind(...values: Param[]): D1Statement;
  all(): Promise<{ readonly results: readonly Row[] }>;
}

/** A database of D1, as far as this uses it: a binding has that. */
export interface D1 {
  prepare(sql: string): D1Statement;
}

/** Options of {@link d1Backend}. */
export interface D1Options extends TablesSettings {
  /** The binding, such as `env.DB`. */
  readonly database: D1;
}

const NAMES: readonly (keyof D1Options)[] = ['database', ...SETTINGS];
const LARGEST = 1_900_000; // bytes of an entry: D1 keeps rows of up to 2,000,000

/**
 * A backend in tables of a D1 database. Nothing is asked before it is used; the first use makes the tables. An entry that
 * is too large for a row of D1 isn't kept.
 *
 * A change becomes part of a batch by being pushed onto its statements: the transaction that `changesIn` takes is the array
 * that you then give to `database.batch`.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const cache = createCache({ tiers: [memory(), d1Backend({ database: env.DB })] });
 */
export function d1Backend(options: D1Options): SqlBackend {
  checkOptions('d1Backend', options, NAMES);
  const { database } = options;
  if (typeof database?.prepare !== 'function')
    throw new TidemarkError('bad_option', 'd1Backend: database must be a binding of D1, with prepare');
  const prepared = (sql: string, params: Param[]) => {
    const statement = database.prepare(sql);
    return params.length > 0 ? statement.bind(...params) : statement;
  };
  const query: Query = async (sql, params) => (await prepared(sql, params).all()).results;
  const enlist = (transaction: unknown): Query => {
    if (!Array.isArray(transaction))
      throw new TidemarkError('bad_option', 'a transaction of D1 is the array of statements that batch is given');
    return (sql, params) => {
      transaction.push(prepared(sql, params));
      return [];
    };
  };
  return tablesBackend('d1Backend', options, { name: 'd1', query, dialect: sqlite, enlist, largest: LARGEST });
}
