/** A source in a table of a Cloudflare D1 database: each write is one batch, with the change that it brings. */
import type { D1, D1Statement } from '../backends/d1.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions } from '../engine/options.ts';
import type { Param, Row } from '../backends/sql/query.ts';
import type { Item } from './matching.ts';
import type { NormalQuery } from './query.ts';
import type { Asked, Source, Written } from './source.ts';
import { SqlReader, wholly } from './sql-source.ts';
import { OVERTAKEN, type Prepared, Table, type TableOptions } from './sql-table.ts';

/** A database of D1, as far as this uses it: a binding has that. */
export interface D1WithBatches extends D1 {
  batch(statements: D1Statement[]): Promise<unknown>;
}

/** What the table is, and where. */
export interface D1SourceOptions<T extends Item> extends TableOptions<T> {
  /** The binding, such as `env.DB`: where the cache's log is, too, if it is to be written with the items. */
  readonly database: D1WithBatches;
}

const TRIES = 10;
const MOST_PARAMS = 90; // of a statement of D1, which allows a hundred

/**
 * A source in a table of D1. D1 has no transactions in which one could read, but batches of statements, all or none of
 * which are executed: a write reads what is there, and its batch begins with statements that fail if that isn't so any
 * more; then it is tried again.
 *
 * A transaction is the array of statements that will be the batch. What is read while it is made is what was there before;
 * an item that is read from the transaction's source and written afterwards must still be what was read.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const cache = createCache({ tiers: [memory(), d1Backend({ database: env.DB })] });
 * const source = d1Source<Post>({ database: env.DB, table: 'posts', columns: { id: 'text', title: 'text' } });
 * const posts = createRepository<Post>({ cache, name: 'post', source });
 */
export function d1Source<T extends Item>(options: D1SourceOptions<T>): Source<T> {
  checkOptions('d1Source', options, ['database', 'table', 'columns', 'id']);
  const { database } = options;
  if (typeof database?.prepare !== 'function' || typeof database.batch !== 'function')
    throw new TidemarkError('bad_option', 'd1Source: database must be a binding of D1, with prepare and batch');
  const table = new Table<T>('d1Source', 'sqlite', options);
  const begun = new WeakMap<object, BatchWriter<T>>();
  const within = (batch: unknown): BatchWriter<T> => {
    if (!Array.isArray(batch))
      throw new TidemarkError('bad_option', 'a transaction of D1 is the array of statements that batch is given');
    const writer = begun.get(batch) ?? new BatchWriter<T>(table, database, batch);
    begun.set(batch, writer);
    return writer;
  };
  const transaction = async <R>(work: (batch: unknown) => Promise<R>): Promise<R> => {
    for (let tries = 0; tries < TRIES; tries++) {
      const batch: D1Statement[] = [];
      const result = await work(batch);
      try {
        if (batch.length > 0) await database.batch(batch);
        return result;
      } catch (error) {
        if (!OVERTAKEN.test(String(error))) throw error;
      }
    }
    throw table.contended();
  };
  return wholly(new SqlReader(table, queryOf(database)), transaction, within);
}

/** Puts writes into a batch. */
class BatchWriter<T extends Item> extends SqlReader<T> implements Source<T> {
  readonly #database: D1;
  readonly #batch: D1Statement[];
  readonly #written = new Map<string, Row | undefined>(); // what this batch will have made of rows
  readonly #read = new Map<string, Row | undefined>(); // what they were when they were read first

  constructor(table: Table<T>, database: D1, batch: D1Statement[]) {
    super(table, queryOf(database));
    this.#database = database;
    this.#batch = batch;
  }

  /** What was read first is what is written over: if it isn't that any more, the batch fails. */
  override async rows(ids: readonly string[], asked?: Asked): Promise<Map<string, Row>> {
    const unread = ids.filter((id) => !this.#read.has(id));
    const found = await super.rows(unread, asked);
    for (const id of unread) this.#remember(id, found.get(id));
    return new Map(ids.flatMap((id) => (this.#read.get(id) ? [[id, this.#read.get(id)!] as const] : [])));
  }

  override async findMany(query: NormalQuery, asked?: Asked): Promise<readonly T[]> {
    const rows = await this.run(this.table.list(query), asked);
    for (const row of rows) this.#remember(this.table.idOf(row), row);
    return rows.map((row) => this.table.item(row));
  }

  #remember(id: string, row: Row | undefined): void {
    if (!this.#read.has(id)) this.#read.set(id, row);
  }

  async create(items: readonly T[]): Promise<readonly Written<T>[]> {
    const { table } = this;
    const rows = items.map((item) => table.row(item));
    for (const some of this.#chunks(items)) this.#push(table.insertion(some));
    for (const row of rows) this.#written.set(table.idOf(row), row);
    return rows.map((row) => ({ before: undefined, after: table.item(row) }));
  }

  async update(ids: readonly string[], fields: Partial<T>): Promise<readonly Written<T>[]> {
    const { table } = this;
    const changes = Object.keys(table.changed({}, fields)).length > 0;
    return this.#write(
      ids,
      (row) => table.changed(row, fields),
      (found) => (changes ? [table.update(found, fields)] : []),
    );
  }

  async delete(ids: readonly string[]): Promise<readonly Written<T>[]> {
    return this.#write(
      ids,
      () => undefined,
      (found) => [this.table.removal(found)],
    );
  }

  async #write(
    ids: readonly string[],
    after: (row: Row) => Row | undefined,
    statements: (ids: readonly string[]) => readonly Prepared[],
  ): Promise<readonly Written<T>[]> {
    const { table } = this;
    const wanted = [...new Set(ids)];
    const read = await this.rows(wanted.filter((id) => !this.#written.has(id)));
    const rows: readonly Row[] = wanted
      .map((id) => (this.#written.has(id) ? this.#written.get(id) : read.get(id)))
      .filter((row) => row !== undefined);
    if (rows.length === 0) return [];
    for (const some of this.#chunks(rows)) this.#push(table.unchanged(some));
    for (const statement of statements(rows.map((row) => table.idOf(row)))) this.#push(statement);
    return rows.map((row) => {
      const changed = after(row);
      this.#written.set(table.idOf(row), changed);
      return { before: table.item(row), after: changed && table.item(changed) };
    });
  }

  #push({ sql, params }: Prepared): void {
    this.#batch.push(prepare(this.#database, sql, params));
  }

  #chunks<R>(rows: readonly R[]): readonly (readonly R[])[] {
    const most = Math.max(1, Math.floor(MOST_PARAMS / this.table.width));
    return Array.from({ length: Math.ceil(rows.length / most) }, (_, i) => rows.slice(i * most, (i + 1) * most));
  }
}

function prepare(database: D1, sql: string, params: Param[]): D1Statement {
  const statement = database.prepare(sql);
  return params.length > 0 ? statement.bind(...params) : statement;
}

function queryOf(database: D1): (sql: string, params: Param[]) => Promise<readonly Row[]> {
  return async (sql, params) => (await prepare(database, sql, params).all()).results;
}
