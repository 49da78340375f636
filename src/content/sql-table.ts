/** The statements that read and write items in a table: made here, executed by whoever has the database. */
import type { Param, Row } from '../backends/sql/query.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { nonEmptyText, oneOf } from '../engine/options.ts';
import { type FieldKind, fits } from './footprint.ts';
import type { Item } from './matching.ts';
import type { Condition, NormalQuery, Scalar } from './query.ts';

/** What a column holds; `json` is plain data as JSON in a column of text, and can't be asked for. */
export type ColumnKind = FieldKind | 'json';

/** What a table is. */
export interface TableOptions<T extends Item> {
  readonly table: string;
  /** All fields of an item, each a column of the same name. */
  readonly columns: { readonly [K in keyof T & string]-?: ColumnKind };
  /** The column that holds an item's id, a text. Default `'id'`. */
  readonly id?: keyof T & string;
}

/** The databases whose statements these are. */
export type TableDialect = 'postgres' | 'sqlite';

/** A statement and its parameters: `$1`, `$2`, … in Postgres and `?` in SQLite. */
export interface Prepared {
  readonly sql: string;
  readonly params: Param[];
}

/** What a failed {@link Table.unchanged} says. */
export const OVERTAKEN: RegExp = /integer overflow/i;

type Columns = readonly (readonly [name: string, kind: ColumnKind])[];

/** A statement while it is made. */
class Statement {
  readonly params: Param[] = [];
  readonly #numbered: boolean;

  constructor(dialect: TableDialect) {
    this.#numbered = dialect === 'postgres';
  }

  param(value: Param): string {
    const n = this.params.push(value);
    return this.#numbered ? `$${n}` : '?';
  }
}

/** A table of items. */
export class Table<T extends Item> {
  readonly #name: string;
  readonly #dialect: TableDialect;
  readonly #columns: Columns;
  readonly #kinds: Readonly<Record<string, ColumnKind>>;
  readonly #id: string;

  /** Throws `bad_option` naming the option. */
  constructor(what: string, dialect: TableDialect, { table, columns, id = 'id' as never }: TableOptions<T>) {
    this.#name = nonEmptyText(`${what}: table`, table);
    this.#dialect = dialect;
    this.#columns = Object.entries<ColumnKind>(columns);
    this.#kinds = columns;
    this.#id = id;
    for (const [column, kind] of this.#columns)
      oneOf(`${what}: columns.${column}`, kind, ['text', 'boolean', 'number', 'time', 'json']);
    if (!Object.hasOwn(columns, id))
      throw new TidemarkError('bad_option', `${what}: columns must have ${describe(id)}`);
  }

  get width(): number {
    return this.#columns.length;
  }

  /** The error of a write that others were always faster than. */
  contended(): TidemarkError {
    return new TidemarkError('conflict', `${this.#name}: what is to be written is being changed all the time`);
  }

  rows(ids: readonly string[]): Prepared {
    return this.#make((s) => `SELECT ${this.#names()} FROM ${quoted(this.#name)} WHERE ${this.#among(ids, s)}`);
  }

  list({ where, sort, limit, offset }: NormalQuery): Prepared {
    const order = [...sort, this.#id].map((field) => {
      const name = field.replace(/^-/, '');
      return `${this.#ordered(name)} ${name === field ? 'ASC NULLS FIRST' : 'DESC NULLS LAST'}`;
    });
    const most = limit === undefined ? (this.#dialect === 'postgres' ? 'ALL' : '-1') : String(limit);
    return this.#make(
      (s) =>
        `SELECT ${this.#names()} FROM ${quoted(this.#name)} WHERE ${this.#condition(where, s)} ` +
        `ORDER BY ${order.join(', ')} LIMIT ${most} OFFSET ${offset}`,
    );
  }

  /** How many there are, as `n`. */
  count({ where }: Pick<NormalQuery, 'where'>): Prepared {
    return this.#make((s) => `SELECT count(*) AS n FROM ${quoted(this.#name)} WHERE ${this.#condition(where, s)}`);
  }

  /** Answers with the rows. */
  insertion(items: readonly T[]): Prepared {
    return this.#make((s) => {
      const paramsOf = (row: Row) => this.#columns.map(([name]) => s.param(row[name] as Param));
      const rows = items.map((item) => `(${paramsOf(this.row(item)).join(', ')})`).join(', ');
      return `INSERT INTO ${quoted(this.#name)} (${this.#names()}) VALUES ${rows} RETURNING ${this.#names()}`;
    });
  }

  /** Change rows, if they are given as they were only one that still is the same; answers with them as they are then. */
  update(which: readonly string[] | Row, fields: Partial<T>): Prepared {
    const changed = Object.entries(this.changed({}, fields));
    return this.#make((s) => {
      const set = changed.map(([name, value]) => `${quoted(name)} = ${s.param(value as Param)}`).join(', ');
      const where = isList(which) ? this.#among(which, s) : this.#same(which, s);
      return `UPDATE ${quoted(this.#name)} SET ${set} WHERE ${where} RETURNING ${this.#names()}`;
    });
  }

  /** Answers with what the rows were. */
  removal(ids: readonly string[]): Prepared {
    return this.#make(
      (s) => `DELETE FROM ${quoted(this.#name)} WHERE ${this.#among(ids, s)} RETURNING ${this.#names()}`,
    );
  }

  /** Fails, and with it the batch that it is part of, if a row isn't what it was. SQLite only. */
  unchanged(rows: readonly Row[]): Prepared {
    return this.#make((s) => {
      const same = rows.map((row) => `(${this.#same(row, s)})`).join(' OR ');
      const count = `(SELECT count(*) FROM ${quoted(this.#name)} WHERE ${same})`;
      // The least integer has no absolute value: there is no plainer way to fail in the middle of a batch.
      return `SELECT CASE ${count} WHEN ${rows.length} THEN 1 ELSE abs(-9223372036854775808) END AS unchanged`;
    });
  }

  /** A row as an item. */
  item(row: Row): T {
    return Object.fromEntries(this.#columns.map(([name, kind]) => [name, fieldOf(kind, row[name])])) as T;
  }

  /** An item as a row. Throws `bad_value` for what a column can't hold. */
  row(item: T): Row {
    return Object.fromEntries(this.#columns.map(([name, kind]) => [name, this.#param(kind, item, name)]));
  }

  /** A row with some fields changed, all but its id. Throws `bad_option` or `bad_value`. */
  changed(row: Row, fields: Partial<T>): Row {
    for (const name of Object.keys(fields)) this.#kind(name);
    const changed = this.#columns.filter(([name]) => Object.hasOwn(fields, name) && name !== this.#id);
    return { ...row, ...Object.fromEntries(changed.map(([name, kind]) => [name, this.#param(kind, fields, name)])) };
  }

  idOf(row: Row): string {
    return String(row[this.#id]);
  }

  #same(row: Row, statement: Statement): string {
    const same = this.#dialect === 'postgres' ? 'IS NOT DISTINCT FROM' : 'IS';
    const values = this.#columns.map(([name]) => statement.param((row[name] ?? null) as Param));
    return `(${this.#names()}) ${same} (${values.join(', ')})`;
  }

  #among(ids: readonly string[], statement: Statement): string {
    return this.#oneOfTexts(quoted(this.#id), ids, statement);
  }

  /** One parameter for all where that is possible: of these D1 allows a hundred. */
  #oneOfTexts(column: string, texts: readonly string[], statement: Statement): string {
    if (this.#dialect === 'postgres') return `${column} IN (${texts.map((text) => statement.param(text)).join(', ')})`;
    return `${column} IN (SELECT value FROM json_each(${statement.param(JSON.stringify(texts))}))`;
  }

  /** A condition that is true or false, and never unknown. */
  #condition(where: Condition, statement: Statement): string {
    if ('all' in where) return this.#joined(where.all, ' AND ', '1 = 1', statement);
    if ('any' in where) return this.#joined(where.any, ' OR ', '1 = 0', statement);
    if ('not' in where) return `NOT ${this.#condition(where.not, statement)}`;
    const { field, is, value } = where;
    if (is === 'in') return this.#in(field, value as readonly Scalar[], statement);
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

  #in(field: string, values: readonly Scalar[], statement: Statement): string {
    const kind = this.#kind(field);
    const texts = values.filter((one) => typeof one === 'string' && (kind === 'text' || kind === 'time')) as string[];
    const others = values.filter((one) => !texts.includes(one as string));
    const any = others.map((one) => this.#condition({ field, is: 'eq', value: one }, statement));
    if (texts.length > 0)
      any.push(`(${quoted(field)} IS NOT NULL AND ${this.#oneOfTexts(quoted(field), texts, statement)})`);
    return `(${any.join(' OR ') || '1 = 0'})`;
  }

  #joined(conditions: readonly Condition[], by: string, none: string, statement: Statement): string {
    return `(${conditions.map((one) => this.#condition(one, statement)).join(by) || none})`;
  }

  /** A column as it is compared: texts by their bytes, whatever language the database is in. */
  #ordered(field: string): string {
    const kind = this.#kind(field);
    const collated = this.#dialect === 'postgres' && kind !== 'number' && kind !== 'boolean';
    return quoted(field) + (collated ? ' COLLATE "C"' : '');
  }

  #kind(field: string): ColumnKind {
    const kind = Object.hasOwn(this.#kinds, field) ? this.#kinds[field] : undefined;
    if (kind === undefined) throw new TidemarkError('bad_option', `${this.#name} has no column ${describe(field)}`);
    return kind;
  }

  #param(kind: ColumnKind, item: Item, name: string): Param {
    const value = (item as Readonly<Record<string, unknown>>)[name] ?? null;
    if (kind === 'json') return value === null ? null : JSON.stringify(value);
    if (!fits(kind, value as Scalar) && !(kind === 'time' && typeof value === 'string'))
      throw new TidemarkError('bad_value', `${this.#name}.${name} holds ${kind}, not ${describe(value)}`);
    return this.#bound(value as Scalar);
  }

  #bound(value: Scalar): Param {
    if (typeof value === 'boolean') return this.#dialect === 'sqlite' ? Number(value) : (value as never);
    return value;
  }

  #names(): string {
    return this.#columns.map(([name]) => quoted(name)).join(', ');
  }

  #make(sqlOf: (statement: Statement) => string): Prepared {
    const statement = new Statement(this.#dialect);
    const sql = sqlOf(statement);
    return { sql, params: statement.params };
  }
}

function isList(which: readonly string[] | Row): which is readonly string[] {
  return Array.isArray(which);
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
