/** What can't be used is refused by name, before anything is asked of the database. */
import { describe, expect, test } from 'vitest';
import { type D1Options, d1Backend } from 'tidemark/backends/d1';
import { sqlBackend, sqlMigrations, type SqlDialect, type SqlOptions } from 'tidemark/backends/sql';

const query = () => {
  throw new Error('nothing is to be asked');
};

describe('options', () => {
  const wrong: Readonly<Record<string, object>> = {
    query: { query: undefined },
    dialect: { dialect: 'mysql' },
    listen: { listen: 'tidemark' },
    'an option that there is not': { table: 'tidemark' },
    tables: { tables: 'Robert"); DROP TABLE students; --' },
    name: { name: '' },
    codec: { codec: {} },
    migrations: { migrations: 'never' },
    pollEvery: { pollEvery: 'soon' },
    keepChanges: { keepChanges: 0 },
    keepStamps: { keepStamps: 1.5 },
  };
  for (const [what, options] of Object.entries(wrong))
    test(`${what} must be right`, () => {
      const whole = { query, dialect: 'postgres', ...options } as SqlOptions;
      expect(() => sqlBackend(whole)).toThrow(expect.objectContaining({ code: 'bad_option' }) as Error);
    });

  test('SQLite has nothing to listen to', () => {
    const listen = () => {};
    expect(() => sqlBackend({ query, dialect: 'sqlite', listen })).toThrow(/listen/);
  });

  test('a database of D1 can prepare statements', () => {
    expect(() => d1Backend({ database: {} } as D1Options)).toThrow(/database/);
  });

  test('statements are there for the databases that are known', () => {
    expect(() => sqlMigrations('mysql' as SqlDialect)).toThrow(/dialect/);
    expect(() => sqlMigrations('sqlite', { tables: 'a b' })).toThrow(/tables/);
    expect(sqlMigrations('sqlite', { tables: 'shop' }).every((sql) => sql.includes('shop_'))).toBe(true);
  });

  test('nothing is asked of the database before it is used', () => {
    expect(sqlBackend({ query, dialect: 'postgres' }).name).toBe('sql');
    expect(sqlBackend({ query, dialect: 'sqlite', name: 'mine' }).name).toBe('mine');
  });
});
