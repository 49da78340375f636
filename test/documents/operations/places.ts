/** A store of operations in each database that needs no server, made anew for each test in tables of its own. */
import { type SqlOperationStore, sqlOperations, type SqlOperationsOptions } from 'tidemark/documents/sql';
import type { Place } from '../../backends/sql/places.ts';

/** What the suite is given, and what is needed to look behind it. */
export interface Made {
  readonly store: SqlOperationStore;
  readonly options: SqlOperationsOptions;
  readonly table: string;
}

let made = 0;

/** A store in new tables of a place. */
export function storeIn(
  { dialect, query }: Pick<Place, 'dialect' | 'query'>,
  rest: Partial<SqlOperationsOptions> = {},
): Made {
  const options: SqlOperationsOptions = { dialect, query, tables: `o${++made}`, ...rest };
  return { store: sqlOperations(options), options, table: `${options.tables}_operations` };
}
