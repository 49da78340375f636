/** The tables of the ready-made repositories. */
import type { Item } from '../matching.ts';
import type { ColumnKind, TableDialect, TableOptions } from '../sql-table.ts';
import { contentTable } from './content.ts';
import { mediaTable } from './media.ts';
import { sessionTable } from './session.ts';
import { userTable } from './user.ts';

const TYPES: Readonly<Record<TableDialect, Readonly<Record<ColumnKind, string>>>> = {
  sqlite: { text: 'TEXT', time: 'TEXT', json: 'TEXT', number: 'REAL', boolean: 'INTEGER' },
  postgres: { text: 'TEXT', time: 'TEXT', json: 'TEXT', number: 'DOUBLE PRECISION', boolean: 'BOOLEAN' },
};

/** By what the tables are searched besides the id. Of what is `unique` no two rows have the same. */
const INDEXES: readonly (readonly [table: TableOptions<never>, columns: readonly string[], kind?: 'unique'])[] = [
  [contentTable, ['collectionId', 'slug'], 'unique'],
  [contentTable, ['status', 'publishedAt']],
  [contentTable, ['authorId']],
  [userTable, ['email'], 'unique'],
  [mediaTable, ['folder']],
  [sessionTable, ['userId']],
  [sessionTable, ['expiresAt']],
];

/**
 * The statements that make the tables of the ready-made repositories, in order. Each does no harm when it was done already.
 * They are a beginning: columns that a program needs besides are its own.
 */
export function contentTables(dialect: TableDialect): readonly string[] {
  const tables: readonly TableOptions<never>[] = [contentTable, userTable, mediaTable, sessionTable];
  return [
    ...tables.map((table) => tableOf(table, dialect)),
    ...INDEXES.map(([{ table }, columns, kind]) => {
      const name = [table, 'by', ...columns].join('_');
      const on = columns.map((column) => `"${column}"`).join(', ');
      return `CREATE ${kind === 'unique' ? 'UNIQUE ' : ''}INDEX IF NOT EXISTS "${name}" ON "${table}" (${on})`;
    }),
  ];
}

function tableOf<T extends Item>({ table, columns }: TableOptions<T>, dialect: TableDialect): string {
  const lines = Object.entries<ColumnKind>(columns).map(
    ([name, kind]) => `"${name}" ${TYPES[dialect][kind]}${name === 'id' ? ' PRIMARY KEY' : ''}`,
  );
  return `CREATE TABLE IF NOT EXISTS "${table}" (${lines.join(', ')})`;
}
