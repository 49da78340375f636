/** How statements are executed: the one function that is asked of whoever has a database, and what it may answer with. */
import { TidemarkError } from '../../engine/errors.ts';

/** A row of an answer, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement is given. */
export type Param = string | number | Uint8Array | null;

/** Executes one statement: answers with its rows, or with an object that has them, as clients do. */
export type Query = (sql: string, params: Param[]) => PromiseLike<Rows> | Rows;
/** What {@link Query} answers with. */
export type Rows = readonly Row[] | { readonly rows: readonly Row[] };

/** The rows of an answer. Throws for anything else. */
export function rowsIn(answer: Rows): readonly Row[] {
  const rows = 'rows' in answer ? answer.rows : answer;
  if (Array.isArray(rows)) return rows;
  throw new TypeError('query must answer with rows, or with an object that has rows');
}

/**
 * A transaction of the caller's: a function that executes statements in it, or what has one as its `query`.
 *
 * @throws `bad_option`
 */
export function enlist(transaction: unknown): Query {
  if (typeof transaction === 'function') return transaction as Query;
  const client = transaction as { readonly query?: unknown } | null | undefined;
  if (typeof client?.query === 'function') return (sql, params) => (client.query as Query)(sql, params);
  throw new TidemarkError(
    'bad_option',
    'a transaction must be a function (sql, params), or an object with one as its query',
  );
}
