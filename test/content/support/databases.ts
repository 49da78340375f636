/** Databases that hold items and the log of their changes alike: SQLite, Postgres as PGlite, and D1 as Miniflare has it. */
import { PGlite } from '@electric-sql/pglite';
import sqlite from 'node-sqlite3-wasm';
import { d1Backend } from 'tidemark/backends/d1';
import { type SqlBackend, sqlBackend } from 'tidemark/backends/sql';
import { d1Source, type Source, sqlSource, type TableOptions, type Transactions } from 'tidemark/content';
import { openD1 } from '../../support/d1.ts';

/** What happens around the transactions of a source. */
export type Around = (transaction: () => Promise<unknown>) => Promise<unknown>;

/** A database. */
export interface Place {
  readonly name: string;
  /** Whether a transaction reads what it has written. */
  readonly readsItsWrites: boolean;
  run(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  source<T extends object>(table: TableOptions<T>, around?: Around): Source<T>;
  /** A backend of its own over the same tables, as another process has one. */
  backend(tables: string): SqlBackend;
  close(): Promise<void>;
}

const always: Around = (transaction) => transaction();

/** One connection for all: whoever isn't in the transaction that is under way waits for its end. */
export async function sqlitePlace(): Promise<Place> {
  const database = new sqlite.Database(':memory:');
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  const direct = (sql: string, params: sqlite.JSValue[] = []) => database.all(sql, params);
  const query = (sql: string, params: sqlite.JSValue[] = []) => inTurn(async () => direct(sql, params));
  const transaction: Transactions = (work) =>
    inTurn(async () => {
      direct('BEGIN IMMEDIATE');
      try {
        const result = await work(direct);
        direct('COMMIT');
        return result;
      } catch (error) {
        direct('ROLLBACK');
        throw error;
      }
    });
  return {
    name: 'SQLite',
    readsItsWrites: true,
    run: query,
    source: (table, around = always) => {
      const wrapped: Transactions = (work) => around(() => transaction(work)) as never;
      return sqlSource({ ...table, dialect: 'sqlite', query, transaction: wrapped });
    },
    backend: (tables) => sqlBackend({ dialect: 'sqlite', query, tables }),
    close: async () => database.close(),
  };
}

export async function pglitePlace(): Promise<Place> {
  const database = await PGlite.create();
  const query = (sql: string, params: unknown[] = []) => database.query<Record<string, unknown>>(sql, params);
  return {
    name: 'Postgres',
    readsItsWrites: true,
    run: async (sql) => (await query(sql)).rows,
    source: (table, around = always) => {
      const wrapped: Transactions = (work) => around(() => database.transaction((one) => work(one))) as never;
      return sqlSource({ ...table, dialect: 'postgres', query, transaction: wrapped });
    },
    backend: (tables) => sqlBackend({ dialect: 'postgres', query, tables }),
    close: () => database.close(),
  };
}

export async function d1Place(): Promise<Place> {
  const { database, close } = await openD1();
  return {
    name: 'D1',
    readsItsWrites: false,
    run: async (sql) => (await database.prepare(sql).all()).results,
    source: (table, around = always) =>
      d1Source({
        ...table,
        database: {
          prepare: (sql) => database.prepare(sql),
          batch: (statements) => around(() => database.batch(statements)),
        },
      }),
    backend: (tables) => d1Backend({ database, tables }),
    close,
  };
}
