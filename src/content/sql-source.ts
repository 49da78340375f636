/** A source in a table of a Postgres (or PGlite), SQLite or D1 database. */
import { type Param, type Query as SqlQuery, type Row, rowsIn } from '../backends/sql/query.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { aFunction, checkOptions, nonEmptyText, oneOf } from '../engine/options.ts';
import { abortable } from '../engine/wait.ts';
import { type FieldKind, fits } from './footprint.ts';
import type { Item } from './matching.ts';
import type { Condition, NormalQuery, Scalar } from './query.ts';
import type { Source, Written } from './source.ts';

/** What a column holds; `json` is plain data as JSON in a column of text, and can't be asked for. */
export type ColumnKind = FieldKind | 'json';

/** What a table is. */
export interface SqlSourceOptions<T extends Item> {
  /** Executes one statement: parameters are `$1`, `$2`, … in Postgres and `?` in SQLite. */
  readonly query: SqlQuery;
  readonly dialect: 'postgres' | 'sqlite';
  readonly table: string;
  /** All fields of an item, each a column of the same name. */
  readonly columns: { readonly [K in keyof T & string]-?: ColumnKind };
  /** The column that holds an item's id, a text. Default `'id'`. */
  readonly id?: keyof T & string;
}

const TRIES = 10;

/**
 * A source in a table. Its writes name what was there before them exactly: a change is made only to what was read, and tried
 * again if somebody else was faster. Several items are written one after the other; to write all or none, hand in the
 * `query` of a transaction.
 *
 * @throws `bad_option` naming the option.
 */
export function sqlSource<T extends Item>(options: SqlSourceOptions<T>): Source<T> {
  checkOptions('sqlSource', options, ['query', 'dialect', 'table', 'columns', 'id']);
  aFunction('sqlSource: query', options.query);
  oneOf('sqlSource: dialect', options.dialect, ['postgres', 'sqlite']);
  nonEmptyText('sqlSource: table', options.table);
  const { id = 'id', columns } = options;
  for (const [column, kind] of Object.entries<ColumnKind>(columns))
    oneOf(`sqlSource: columns.${column}`, kind, ['text', 'boolean', 'number', 'time', 'json']);
  if (!Object.hasOwn(columns, id))
    throw new TidemarkError('bad_option', `sqlSource: columns must have ${describe(id)}`);
  return new Table<T>({ ...options, id: id as keyof T & string });
}

type Columns = readonly (readonly [name: string, kind: ColumnKind])[];

/** A statement while it is made. */
class Statement {
  readonly params: Param[] = [];
  readonly #numbered: boolean;

  constructor(dialect: string) {
    this.#numbered = dialect === 'postgres';
  }

  param(value: Param): string {
    const n = this.params.push(value);
    return this.#numbered ? `$${n}` : '?';
  }
}

class Table<T extends Item> implements Source<T> {
  readonly #o: SqlSourceOptions<T> & { readonly id: string };
  readonly #table: string;
  readonly #columns: Columns;

  constructor(options: SqlSourceOptions<T> & { readonly id: string }) {
    this.#o = options;
    this.#table = quoted(options.table);
    this.#columns = Object.entries<ColumnKind>(options.columns);
  }

  async findByIds(ids: readonly string[], signal?: AbortSignal): Promise<readonly (T | undefined)[]> {
    const found = await this.#byId(ids, signal);
    return ids.map((id) => {
      const row = found.get(id);
      return row && this.#item(row);
    });
  }

  async findMany({ where, sort, limit, offset }: NormalQuery, signal?: AbortSignal): Promise<readonly T[]> {
    const statement = this.#statement();
    const order = [...sort, this.#o.id].map((field) => {
      const name = field.replace(/^-/, '');
      return `${this.#ordered(name)} ${name === field ? 'ASC NULLS FIRST' : 'DESC NULLS LAST'}`;
    });
    const most = limit === undefined ? (this.#o.dialect === 'postgres' ? 'ALL' : '-1') : String(limit);
    const sql =
      `SELECT ${this.#names()} FROM ${this.#table} WHERE ${this.#condition(where, statement)} ` +
      `ORDER BY ${order.join(', ')} LIMIT ${most} OFFSET ${offset}`;
    return (await this.#run(sql, statement, signal)).map((row) => this.#item(row));
  }

  async count({ where }: NormalQuery, signal?: AbortSignal): Promise<number> {
    const statement = this.#statement();
    const sql = `SELECT count(*) AS n FROM ${this.#table} WHERE ${this.#condition(where, statement)}`;
    return Number((await this.#run(sql, statement, signal))[0]['n']);
  }

  async create(items: readonly T[]): Promise<readonly Written<T>[]> {
    if (items.length === 0) return [];
    const statement = this.#statement();
    const rows = items.map(
      (item) => `(${this.#columns.map(([name, kind]) => statement.param(this.#param(kind, item, name))).join(', ')})`,
    );
    const sql = `INSERT INTO ${this.#table} (${this.#names()}) VALUES ${rows.join(', ')} RETURNING ${this.#names()}`;
    const made = await this.#run(sql, statement);
    return made.map((row) => ({ before: undefined, after: this.#item(row) }));
  }

  async update(ids: readonly string[], fields: Partial<T>): Promise<readonly Written<T>[]> {
    const changed = this.#columns.filter(([name]) => Object.hasOwn(fields, name) && name !== this.#o.id);
    for (const name of Object.keys(fields)) this.#kind(name);
    const written: Written<T>[] = [];
    let left: readonly string[] = [...new Set(ids)];
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === TRIES)
        throw new TidemarkError('conflict', `${this.#o.table}: ${describe(left[0])} is being changed all the time`);
      const again: string[] = [];
      for (const [id, row] of await this.#byId(left)) {
        const before = this.#item(row);
        const after = changed.length === 0 ? before : await this.#updateIf(row, changed, fields);
        if (after) written.push({ before, after });
        else again.push(id);
      }
      left = again;
    }
    return written;
  }

  async delete(ids: readonly string[]): Promise<readonly Written<T>[]> {
    if (ids.length === 0) return [];
    const statement = this.#statement();
    const sql = `DELETE FROM ${this.#table} WHERE ${this.#among(ids, statement)} RETURNING ${this.#names()}`;
    return (await this.#run(sql, statement)).map((row) => ({ before: this.#item(row), after: undefined }));
  }

  /** Change a row if it still is what it was. */
  async #updateIf(before: Row, changed: Columns, fields: Partial<T>): Promise<T | undefined> {
    const statement = this.#statement();
    const set = changed.map(([name, kind]) => `${quoted(name)} = ${statement.param(this.#param(kind, fields, name))}`);
    const same = this.#o.dialect === 'postgres' ? 'IS NOT DISTINCT FROM' : 'IS';
    const still = this.#columns.map(
      ([name]) => `${quoted(name)} ${same} ${statement.param((before[name] ?? null) as Param)}`,
    );
    const sql = `UPDATE ${this.#table} SET ${set.join(', ')} WHERE ${still.join(' AND ')} RETURNING ${this.#names()}`;
    const [row] = await this.#run(sql, statement);
    return row && this.#item(row);
  }

  async #byId(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, Row>> {
    if (ids.length === 0) return new Map();
    const statement = this.#statement();
    const sql = `SELECT ${this.#names()} FROM ${this.#table} WHERE ${this.#among(ids, statement)}`;
    const rows = await this.#run(sql, statement, signal);
    return new Map(rows.map((row) => [String(row[this.#o.id]), row]));
  }

  #among(ids: readonly string[], statement: Statement): string {
    return `${quoted(this.#o.id)} IN (${ids.map((id) => statement.param(id)).join(', ')})`;
  }

  /** A condition that is true or false, and never unknown. */
  #condition(where: Condition, statement: Statement): string {
    if ('all' in where) return this.#joined(where.all, ' AND ', '1 = 1', statement);
    if ('any' in where) return this.#joined(where.any, ' OR ', '1 = 0', statement);
    if ('not' in where) return `NOT ${this.#condition(where.not, statement)}`;
    const { field, is, value } = where;
    if (is === 'in') {
      const any = (value as readonly Scalar[]).map((one): Condition => ({ field, is: 'eq', value: one }));
      return this.#joined(any, ' OR ', '1 = 0', statement);
    }
    const kind = this.#kind(field);
    const column = is === 'eq' || is === 'ne' ? quoted(field) : this.#ordered(field);
    if (value === null) return `(${column} IS ${is === 'ne' ? 'NOT ' : ''}NULL)`;
    if (kind === 'json' || (!fits(kind, value as Scalar) && typeof value !== (kind === 'time' ? 'string' : kind)))
      return is === 'ne' ? '(1 = 1)' : '(1 = 0)'; // nothing in the column is like that
    const param = statement.param(this.#bound(value as Scalar));
    if (is === 'ne') return `(${column} IS NULL OR ${column} <> ${param})`;
    const sign = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' }[is];
    return `(${column} IS NOT NULL AND ${column} ${sign} ${param})`;
  }

  #joined(conditions: readonly Condition[], by: string, none: string, statement: Statement): string {
    return `(${conditions.map((one) => this.#condition(one, statement)).join(by) || none})`;
  }

  /** A column as it is compared: texts by their bytes, whatever language the database is in. */
  #ordered(field: string): string {
    const kind = this.#kind(field);
    const collated = this.#o.dialect === 'postgres' && kind !== 'number' && kind !== 'boolean';
    return quoted(field) + (collated ? ' COLLATE "C"' : '');
  }

  #kind(field: string): ColumnKind {
    const kind = Object.hasOwn(this.#o.columns, field)
      ? (this.#o.columns as Readonly<Record<string, ColumnKind>>)[field]
      : undefined;
    if (kind === undefined) throw new TidemarkError('bad_option', `${this.#o.table} has no column ${describe(field)}`);
    return kind;
  }

  #param(kind: ColumnKind, item: Item, name: string): Param {
    const value = (item as Readonly<Record<string, unknown>>)[name] ?? null;
    if (kind === 'json') return value === null ? null : JSON.stringify(value);
    if (!fits(kind, value as Scalar) && typeof value !== 'string')
      throw new TidemarkError('bad_value', `${this.#o.table}.${name} holds ${kind}, not ${describe(value)}`);
    return this.#bound(value as Scalar);
  }

  #bound(value: Scalar): Param {
    if (typeof value === 'boolean') return this.#o.dialect === 'sqlite' ? Number(value) : (value as never);
    return value;
  }

  #item(row: Row): T {
    const fields = this.#columns.map(([name, kind]) => [name, fieldOf(kind, row[name])]);
    return Object.fromEntries(fields) as T;
  }

  #names(): string {
    return this.#columns.map(([name]) => quoted(name)).join(', ');
  }

  #statement(): Statement {
    return new Statement(this.#o.dialect);
  }

  async #run(sql: string, { params }: Statement, signal?: AbortSignal): Promise<readonly Row[]> {
    signal?.throwIfAborted();
    return rowsIn(await abortable(Promise.resolve(this.#o.query(sql, params)), signal));
  }
}

function fieldOf(kind: ColumnKind, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (kind === 'json') return JSON.parse(value as string);
  if (kind === 'boolean') return value === true || Number(value) === 1;
  return kind === 'number' ? Number(value) : value;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
