/** A source in a table of a Postgres (or PGlite) or SQLite database. */
import { enlist, type Query as SqlQuery, type Row, rowsIn } from '../backends/sql/query.ts';
import { aFunction, checkOptions, functionOrNothing, oneOf } from '../engine/options.ts';
import { abortable } from '../engine/wait.ts';
import type { Item } from './matching.ts';
import type { NormalQuery } from './query.ts';
import type { Asked, Publish, Source, Written } from './source.ts';
import { type Prepared, Table, type TableDialect, type TableOptions } from './sql-table.ts';

/** What the table is, and where. */
export interface SqlSourceOptions<T extends Item> extends TableOptions<T> {
  /**
   * Executes one statement: parameters are `$1`, `$2`, … in Postgres and `?` in SQLite. It must not see what a transaction
   * under way hasn't committed: where there is one connection for all, it has to wait for that.
   */
  readonly query: SqlQuery;
  readonly dialect: TableDialect;
  /**
   * Runs work in a transaction, commits if it resolves and rolls back if it rejects; it may run it again. The transaction is
   * what the cache's `changesIn` takes: a function as `query`, or an object with one. With a log in the same database,
   * each write is then published by its own commit.
   */
  readonly transaction?: Transactions;
}

/** Runs work in a transaction. */
export type Transactions = <R>(work: (transaction: unknown) => Promise<R>) => Promise<R>;

const TRIES = 10;

/**
 * A source in a table. Its writes name what was there before them exactly: a change is made only to what was read, and tried
 * again if somebody else was faster. With the option `transaction` each write is one; without, several items are changed
 * one after the other. Fields that triggers of the database change must not be among those that lists are told apart by.
 *
 * @throws `bad_option` naming the option.
 */
export function sqlSource<T extends Item>(options: SqlSourceOptions<T>): Source<T> {
  checkOptions('sqlSource', options, ['query', 'dialect', 'table', 'columns', 'id', 'transaction']);
  const { query, dialect, transaction } = options;
  aFunction('sqlSource: query', query);
  oneOf('sqlSource: dialect', dialect, ['postgres', 'sqlite']);
  functionOrNothing('sqlSource: transaction', transaction);
  const table = new Table<T>('sqlSource', dialect, options);
  const within = (one: unknown) => new SqlWriter(table, enlist(one));
  return transaction ? wholly(new SqlReader(table, query), transaction, within) : new SqlWriter(table, query);
}

/** A source whose writes are transactions, each tried as often as `transaction` likes. */
export function wholly<T extends Item>(
  reader: SqlReader<T>,
  transaction: Transactions,
  within: (transaction: unknown) => Source<T>,
): Source<T> {
  const write = (
    publish: Publish<T> | undefined,
    make: (source: Source<T>) => Promise<readonly Written<T>[]>,
  ): Promise<readonly Written<T>[]> =>
    transaction(async (one) => {
      const written = await make(within(one));
      if (written.length > 0) await publish?.(one, written);
      return written;
    });
  return {
    transactional: true,
    transaction,
    within,
    findByIds: (ids, asked) => reader.findByIds(ids, asked),
    findMany: (query, asked) => reader.findMany(query, asked),
    count: (query, asked) => reader.count(query, asked),
    create: (items, publish) => write(publish, (source) => source.create(items)),
    update: (ids, fields, publish) => write(publish, (source) => source.update(ids, fields)),
    delete: (ids, publish) => write(publish, (source) => source.delete(ids)),
  };
}

/** Reads of a table. */
export class SqlReader<T extends Item> {
  readonly table: Table<T>;
  readonly #query: SqlQuery;

  constructor(table: Table<T>, query: SqlQuery) {
    this.table = table;
    this.#query = query;
  }

  async findByIds(ids: readonly string[], asked?: Asked): Promise<readonly (T | undefined)[]> {
    const found = await this.rows(ids, asked);
    return ids.map((id) => {
      const row = found.get(id);
      return row && this.table.item(row);
    });
  }

  async findMany(query: NormalQuery, asked?: Asked): Promise<readonly T[]> {
    return (await this.run(this.table.list(query), asked)).map((row) => this.table.item(row));
  }

  async count(query: NormalQuery, asked?: Asked): Promise<number> {
    return Number((await this.run(this.table.count(query), asked))[0]['n']);
  }

  async rows(ids: readonly string[], asked?: Asked): Promise<Map<string, Row>> {
    const rows = ids.length > 0 ? await this.run(this.table.rows(ids), asked) : [];
    return new Map(rows.map((row) => [this.table.idOf(row), row]));
  }

  async run({ sql, params }: Prepared, { signal }: Asked = {}): Promise<readonly Row[]> {
    signal?.throwIfAborted();
    return rowsIn(await abortable(Promise.resolve(this.#query(sql, params)), signal));
  }
}

/** Writes one statement after the other. */
class SqlWriter<T extends Item> extends SqlReader<T> implements Source<T> {
  within(transaction: unknown): Source<T> {
    return new SqlWriter(this.table, enlist(transaction));
  }

  async create(items: readonly T[]): Promise<readonly Written<T>[]> {
    if (items.length === 0) return [];
    const made = await this.run(this.table.insertion(items));
    return made.map((row) => ({ before: undefined, after: this.table.item(row) }));
  }

  async update(ids: readonly string[], fields: Partial<T>): Promise<readonly Written<T>[]> {
    const { table } = this;
    const changes = Object.keys(table.changed({}, fields)).length > 0;
    const written = new Map<string, Written<T>>();
    const wanted = [...new Set(ids)];
    let left: readonly string[] = wanted.toSorted(); // two writers meet their rows in the same order, and neither waits for ever
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === TRIES) throw table.contended();
      const rows = await this.rows(left);
      const again: string[] = [];
      for (const id of left) {
        const row = rows.get(id);
        if (!row) continue;
        const [after] = changes ? await this.run(table.update(row, fields)) : [row];
        if (after) written.set(id, { before: table.item(row), after: table.item(after) });
        else again.push(id);
      }
      left = again;
    }
    return wanted.flatMap((id) => written.get(id) ?? []);
  }

  async delete(ids: readonly string[]): Promise<readonly Written<T>[]> {
    if (ids.length === 0) return [];
    const gone = await this.run(this.table.removal(ids));
    return gone.map((row) => ({ before: this.table.item(row), after: undefined }));
  }
}
