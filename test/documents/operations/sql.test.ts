/** Stores in Postgres (PGlite) and SQLite keep the contract of operation stores, and make their tables as told. */
import { describe, expect, it, test, vi } from 'vitest';
import { sqlOperationMigrations, sqlOperations } from 'tidemark/documents/sql';
import { operationStoreSuite } from 'tidemark/testing';
import { operationAt, operationsFrom, requestFor, STREAM } from '../../../src/testing/documents/operation-trial.ts';
import { places, rowsOf } from '../../backends/sql/places.ts';
import { failure } from '../../support/deferred.ts';
import { type Made, storeIn } from './places.ts';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

for (const place of places())
  describe(`operations in ${place.name}`, () => {
    operationStoreSuite(
      { describe, it },
      {
        name: `sqlOperations in ${place.name}`,
        make: () => storeIn(place),
        another: ({ options }: Made) => sqlOperations(options),
        transaction: (_, work) => place.transaction(work),
      },
    );

    test('what has a query is a transaction as well', async () => {
      const { store } = storeIn(place);
      await place.transaction(async (query) => {
        await store.append(requestFor(operationsFrom(0, 2), { transaction: { query } }));
      });
      expect((await store.getSince(...STREAM, -1)).results).toEqual(operationsFrom(0, 2));
    });

    test('data and operations of one transaction are committed together, or not at all', async () => {
      const { store, table } = storeIn(place);
      await place.query(`CREATE TABLE ${table}_names (name text)`, []);
      const write = (commits: 'commits' | 'fails') =>
        place.transaction(async (query) => {
          await query(`INSERT INTO ${table}_names VALUES ('${commits}')`, []);
          await store.append(requestFor(operationsFrom(0, 2, commits), { transaction: query }));
          if (commits === 'fails') throw new Error('changed my mind');
        });
      await expect(write('fails')).rejects.toThrow('changed my mind');
      await write('commits');
      expect(await rowsOf(place, `SELECT name FROM ${table}_names`)).toEqual([{ name: 'commits' }]);
      expect((await store.getSince(...STREAM, -1)).results).toEqual(operationsFrom(0, 2, 'commits'));
    });

    test('names that are too long for an index are refused before anything is asked', async () => {
      const { store } = storeIn({ ...place, query: () => expect.unreachable() });
      const request = requestFor([operationAt(0)], {}, ['d'.repeat(790), 'scope', 'branch']);
      await expect(store.append(request)).rejects.toMatchObject({ code: 'bad_option' });
    });

    test('the longest names that are taken can be indexed', async () => {
      const { store } = storeIn(place);
      const ideographs = Array.from({ length: 798 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7919) % 20_000)));
      const stream = [ideographs.join(''), 's', 'b'] as const;
      await store.append(requestFor([operationAt(0)], {}, stream));
      expect((await store.getSince(...stream, -1)).results).toEqual([operationAt(0)]);
    });

    test('five hundred operations are one statement with few parameters', async () => {
      const asked: number[] = [];
      const { store } = storeIn(place, {
        query: (sql, params) => (asked.push(params.length), place.query(sql, params)),
      });
      await store.append(requestFor(operationsFrom(0, 1)));
      asked.length = 0;
      await store.append(requestFor(operationsFrom(1, 501)));
      expect(asked).toHaveLength(1);
      expect(asked[0]).toBeLessThanOrEqual(10);
    });

    test('once it is known that the tables are there, an append in a transaction is one statement, too', async () => {
      const { store } = storeIn(place);
      await store.migrate();
      let asked = 0;
      await place.transaction(async (query) => {
        const transaction: typeof query = (sql, params) => (asked++, query(sql, params));
        await store.append(requestFor(operationsFrom(0, 20), { transaction }));
      });
      expect(asked).toBe(1);
    });

    test('heads of several scopes are one statement', async () => {
      let asked = 0;
      const { store } = storeIn(place, { query: (sql, params) => (asked++, place.query(sql, params)) });
      await store.getHeads('d', 'main', [{ scope: 'document' }]);
      asked = 0;
      await store.getHeads('d', 'main', [{ scope: 'document' }, { scope: 'global', at: 9 }, { scope: 'local' }]);
      expect(asked).toBe(1);
    });

    test('getHeads and getSince look up an index, however much there is', async () => {
      const asked: [sql: string, params: unknown[]][] = [];
      const query: typeof place.query = (sql, params) => (asked.push([sql, [...params]]), place.query(sql, params));
      const { store, table } = storeIn(place, { query });
      for (let i = 0; i < 20; i++)
        await store.append(requestFor(operationsFrom(0, i === 7 ? 3000 : 100), {}, [`d${i}`, 'global', 'main']));
      await place.query(`ANALYZE ${table}`, []);
      asked.length = 0;
      await store.getHeads('d7', 'main', [{ scope: 'global' }, { scope: 'document', at: 3 }]);
      await store.getSince('d7', 'global', 'main', 150, { until: 170 });
      await store.getSince('d7', 'global', 'main', -1);
      expect(asked).toHaveLength(3);
      const plans = await Promise.all(asked.map(async ([sql, params]) => planOf(sql, params)));
      for (const plan of plans) {
        expect(plan).toMatch(place.dialect === 'postgres' ? /Index (Only )?Scan/ : /SEARCH o USING .*INDEX/);
        expect(plan).not.toMatch(place.dialect === 'postgres' ? `Seq Scan on ${table}` : /SCAN o\b/);
      }
      expect(plans[2], 'a page of a long stream is not sorted').not.toMatch(/\bSort\b|TEMP B-TREE/);
    });

    async function planOf(sql: string, params: readonly unknown[]): Promise<string> {
      const explain = place.dialect === 'postgres' ? 'EXPLAIN' : 'EXPLAIN QUERY PLAN';
      const answer = await place.query(`${explain} ${sql}`, params as never);
      const rows = 'rows' in answer ? answer.rows : answer;
      return rows.map((row) => Object.values(row).join(' ')).join('\n');
    }

    test('to make the tables again changes nothing, and all may do it at the same time', async () => {
      const { options } = storeIn(place);
      const all = Array.from({ length: 6 }, () => sqlOperations(options));
      await Promise.all(all.map((store) => store.migrate()));
      await all[0].append(requestFor(operationsFrom(0, 2)));
      for (const store of all) await store.migrate();
      expect((await all[1].getSince(...STREAM, -1)).results).toEqual(operationsFrom(0, 2));
    });

    test('manual means that nothing is made, and the statements can be executed by hand', async () => {
      const { store, options, table } = storeIn(place, { migrations: 'manual' });
      const missing = await failure(store.getHeads('d', 'main', [{ scope: 's' }]));
      expect(missing).toMatchObject({ code: 'store_failed' });
      expect(await failure(rowsOf(place, `SELECT * FROM ${table}`))).toBeInstanceOf(Error);
      for (const sql of sqlOperationMigrations(place.dialect, { tables: options.tables! })) await place.query(sql, []);
      await store.append(requestFor(operationsFrom(0, 2)));
      for (const sql of sqlOperationMigrations(place.dialect, { tables: options.tables! })) await place.query(sql, []);
      expect((await store.getSince(...STREAM, -1)).results).toEqual(operationsFrom(0, 2));
    });

    test('tables of a later release are left as they are', async () => {
      const { options, table } = storeIn(place);
      await sqlOperations(options).migrate();
      await place.query(`UPDATE ${table}_meta SET version = 1000`, []);
      const append = sqlOperations(options).append(requestFor(operationsFrom(0, 1)));
      expect(await failure(append)).toMatchObject({ code: 'newer_format' });
      expect(await failure(sqlOperations(options).migrate())).toMatchObject({ code: 'newer_format' });
      await place.transaction(async (transaction) => {
        const within = sqlOperations(options).append(requestFor(operationsFrom(0, 1), { transaction }));
        expect(await failure(within)).toMatchObject({ code: 'newer_format' });
      });
      expect(await rowsOf(place, `SELECT * FROM ${table}`)).toEqual([]);
    });
  });

describe('options', () => {
  const query = () => [];
  test.for([
    { query: undefined },
    { dialect: 'mysql' },
    { tables: 'Robert"); DROP TABLE students; --' },
    { migrations: 'never' },
    { table: 'tidemark' },
  ])('%j is refused by name', (wrong) => {
    const whole = { query, dialect: 'sqlite', ...wrong } as never;
    expect(() => sqlOperations(whole)).toThrow(expect.objectContaining({ code: 'bad_option' }) as Error);
  });

  test('statements are there for the databases that are known', () => {
    expect(() => sqlOperationMigrations('mysql' as never)).toThrow(/dialect/);
    expect(() => sqlOperationMigrations('sqlite', { tables: 'a b' })).toThrow(/tables/);
    expect(sqlOperationMigrations('sqlite', { tables: 'shop' }).every((sql) => sql.includes('shop_'))).toBe(true);
  });
});
