/** Databases that need no server, each with two ways in, for tests that hold in all of them. */
import { PGlite } from '@electric-sql/pglite';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll } from 'vitest';
import type { Query, SqlDialect } from 'tidemark/backends/sql';

/** A database that a test file shares. */
export interface Place {
  readonly name: string;
  readonly dialect: SqlDialect;
  /** What the cache is given. */
  readonly query: Query;
  /** Runs work in a transaction of the caller's: it is rolled back if the work throws. */
  readonly transaction: (work: (tx: Query) => Promise<void>) => Promise<void>;
}

/** Postgres in this process, with one connection that queries and transactions take turns on. */
function postgresPlace(): Place {
  let database: PGlite;
  beforeAll(async () => {
    database = await PGlite.create();
  }, 120_000);
  afterAll(() => database.close());
  return {
    name: 'Postgres',
    dialect: 'postgres',
    query: (sql, params) => database.query(sql, params),
    transaction: (work) => database.transaction((tx) => work((sql, params) => tx.query(sql, params))),
  };
}

/** SQLite in a file, with a connection for the cache and one for the caller's transactions. */
function sqlitePlace(): Place {
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const folder = mkdtempSync(join(base, 'tidemark-sqlite-'));
  const [one, other] = [1, 2].map(() => new sqlite.Database(join(folder, 'a.db')));
  afterAll(() => {
    one.close();
    other.close();
    rmSync(folder, { recursive: true });
  });
  return {
    name: 'SQLite',
    dialect: 'sqlite',
    query: (sql, params) => one.all(sql, params),
    transaction: async (work) => {
      other.exec('BEGIN');
      try {
        await work((sql, params) => other.all(sql, params));
        other.exec('COMMIT');
      } catch (error) {
        other.exec('ROLLBACK');
        throw error;
      }
    },
  };
}

/** Both, for the tests of one file. */
export const places = (): readonly Place[] => [postgresPlace(), sqlitePlace()];

/** The rows that a statement answers with. */
export async function rowsOf(
  { query }: Pick<Place, 'query'>,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  const answer = await query(sql, []);
  return 'rows' in answer ? answer.rows : answer;
}
