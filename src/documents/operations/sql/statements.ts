/** The table of operations, and what is said to it in every database. */
import type { OperationsDialect } from './dialect.ts';

/** The version of the tables. */
export const VERSION = 1;

/** Texts of statements, by what they are for. */
export interface OperationStatements {
  readonly version: string;
  /** Operations of the stream $1, $2, $3 after $4 up to $5, at most $6 of them. */
  readonly since: string;
  /** Where streams of the document $1 in the branch $2 end: the questions $3 are arrays of place, scope and index. */
  readonly heads: string;
  readonly append: string;
  /** Where the stream $1, $2, $3 ends, and how many of the rows $4 (index, id) are there. */
  readonly compare: string;
  /** Statements that make the tables, each of which does no harm when it was done already. */
  readonly migrations: readonly string[];
  /** The same for a place where tables may be there already, perhaps in use. */
  readonly makeMissing: readonly string[];
}

/** What is said to the tables whose names begin like this. */
export function statementsFor(d: OperationsDialect, tables: string): OperationStatements {
  const table = `${tables}_operations`;
  const meta = `${table}_meta`;
  const stream = (scope: string, branch: string): string =>
    `o.document_id = CAST($1 AS text) AND o.scope = ${scope} AND o.branch = ${branch}`;
  const migrations = [
    `CREATE TABLE IF NOT EXISTS ${meta} (one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1), version integer NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${table} (
  document_id ${d.text} NOT NULL,
  scope ${d.text} NOT NULL,
  branch ${d.text} NOT NULL,
  operation_index bigint NOT NULL CHECK (operation_index >= 0),
  operation_id ${d.text} NOT NULL,
  document_type ${d.text} NOT NULL,
  operation text NOT NULL,
  PRIMARY KEY (document_id, scope, branch, operation_index)
)`,
    `INSERT INTO ${meta} (one, version) VALUES (1, ${VERSION}) ON CONFLICT (one) DO NOTHING`,
  ];
  return {
    version: `SELECT version FROM ${meta}`,
    since: `SELECT operation FROM ${table} o WHERE ${stream('CAST($2 AS text)', 'CAST($3 AS text)')}
  AND operation_index > CAST($4 AS bigint) AND operation_index <= CAST($5 AS bigint)
ORDER BY operation_index LIMIT CAST($6 AS bigint)`,
    // Materialized, so that the end of a stream is looked up once, though it is asked for twice.
    heads: `WITH h AS MATERIALIZED (
  SELECT a.place, a.scope, a.at,
    (SELECT max(o.operation_index) FROM ${table} o WHERE ${stream('a.scope', 'CAST($2 AS text)')}) AS revision
  FROM (SELECT CAST(r ->> 0 AS bigint) AS place, r ->> 1 AS scope, CAST(r ->> 2 AS bigint) AS at FROM ${d.each(3)}) a
)
SELECT h.place, h.revision, (SELECT o.operation_id FROM ${table} o
  WHERE ${stream('h.scope', 'CAST($2 AS text)')} AND o.operation_index = coalesce(h.at, h.revision)) AS id
FROM h`,
    append: d.append(table),
    compare: `SELECT
  (SELECT max(o.operation_index) FROM ${table} o WHERE ${stream('CAST($2 AS text)', 'CAST($3 AS text)')}) AS revision,
  (SELECT count(*) FROM (SELECT CAST(r ->> 0 AS bigint) AS operation_index, r ->> 1 AS operation_id FROM ${d.each(4)}) a
    JOIN ${table} o ON ${stream('CAST($2 AS text)', 'CAST($3 AS text)')}
      AND o.operation_index = a.operation_index AND o.operation_id = a.operation_id) AS same`,
    migrations,
    makeMissing: d.together(meta, VERSION, migrations),
  };
}
