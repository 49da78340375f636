/** Where databases differ in what is said of operations. */
import type { Dialect } from '../../../backends/sql/dialect.ts';
import { postgres as postgresTables } from '../../../backends/sql/postgres.ts';
import { sqlite as sqliteTables } from '../../../backends/sql/sqlite.ts';

/** A database's way of keeping operations. Parameters are written `$1`, `$2`, …; `n` is the number of one. */
export interface OperationsDialect extends Pick<Dialect, 'bind' | 'lacksTables'> {
  /** The type of texts that are compared by their characters alone. */
  readonly text: string;
  /** The parts of a JSON array as a table with one column, `r`. */
  each(n: number): string;
  /**
   * Append the rows $6 (index, id, text) to the stream $1, $2, $3 of the document type $4 if it ends at $5: answers with
   * rows if that was so, and writes nothing otherwise.
   */
  append(table: string): string;
  /** Statements as one that does nothing, and locks nothing, where the tables have this version already. */
  together(meta: string, version: number, statements: readonly string[]): readonly string[];
  /** Is the failure of a statement that others were writing at the same time, and might it get through now? */
  passes(error: unknown): boolean;
  /** Is it that the operations of others were there first? */
  lost(error: unknown): boolean;
}

const COLUMNS = 'document_id, scope, branch, operation_index, operation_id, document_type, operation';

/** The rows to append, as they are written. */
const rowsFrom = (from: string): string =>
  `SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS text), g.operation_index, g.operation_id, CAST($4 AS text), g.operation
  FROM ${from}`;

const given = (dialect: Pick<OperationsDialect, 'each'>): string =>
  `(SELECT CAST(r ->> 0 AS bigint) AS operation_index, r ->> 1 AS operation_id, r ->> 2 AS operation FROM ${dialect.each(6)})`;

const ends = (table: string): string =>
  `(SELECT coalesce(max(operation_index), -1) FROM ${table}
    WHERE document_id = CAST($1 AS text) AND scope = CAST($2 AS text) AND branch = CAST($3 AS text)) = CAST($5 AS bigint)`;

const errorCode = (error: unknown): unknown => (error as { readonly code?: unknown } | null | undefined)?.code;
const messageOf = (error: unknown): string => String((error as { readonly message?: unknown } | null)?.message);

/**
 * Postgres.
 *
 * **Why exactly one of several writers gets through, and wholly.** All of them begin with the same index. The unique index
 * lets one of them insert it; the others wait until that one's transaction has ended and then, if it was committed, insert
 * nothing. Who has inserted the first row has the stream for himself until his transaction ends: nobody can have written
 * a later index, since nobody gets past the first. So the rest never meets anything.
 *
 * To insert nothing is no failure: it leaves a transaction of the caller's whole. Where the isolation level doesn't let it
 * be seen what the others did, Postgres fails it (40001), and all of that transaction has to be done again.
 */
export const postgres: OperationsDialect = {
  bind: (sql, params) => postgresTables.bind(sql, params),
  passes: (error) => postgresTables.passes(error),
  lacksTables: (error) => postgresTables.lacksTables(error),
  lost: (error) => errorCode(error) === '40001' || errorCode(error) === '23505',
  text: 'text COLLATE "C"',
  each: (n) => `json_array_elements(CAST(CAST($${n} AS text) AS json)) AS e (r)`,
  append: (table) => `WITH given AS MATERIALIZED (SELECT * FROM ${given(postgres)} g), first AS (
  INSERT INTO ${table} (${COLUMNS}) ${rowsFrom('given g')}
  WHERE g.operation_index = CAST($5 AS bigint) + 1 AND ${ends(table)}
  ON CONFLICT DO NOTHING RETURNING operation_index
), rest AS (
  INSERT INTO ${table} (${COLUMNS}) ${rowsFrom('first f JOIN given g ON g.operation_index > f.operation_index')}
)
SELECT operation_index FROM first`,
  together: (meta, version, statements) => [
    `DO $tidemark$ BEGIN
IF to_regclass('${meta}') IS NOT NULL THEN
  IF EXISTS (SELECT FROM ${meta} WHERE version >= ${version}) THEN RETURN; END IF;
END IF;
PERFORM pg_advisory_xact_lock(hashtextextended('tidemark migrations', 0));
${statements.join(';\n')};
END $tidemark$`,
  ],
};

/** SQLite, from 3.38 on. There is one writer at a time, and a statement is wholly done or not at all. */
export const sqlite: OperationsDialect = {
  bind: (sql, params) => sqliteTables.bind(sql, params),
  passes: (error) => sqliteTables.passes(error),
  lacksTables: (error) => sqliteTables.lacksTables(error),
  lost: (error) => /UNIQUE constraint failed/.test(messageOf(error)),
  text: 'text',
  each: (n) => `(SELECT value AS r FROM json_each($${n}))`,
  append: (table) => `INSERT INTO ${table} (${COLUMNS}) ${rowsFrom(`${given(sqlite)} g`)}
WHERE ${ends(table)} RETURNING operation_index`,
  together: (_meta, _version, statements) => statements,
};
