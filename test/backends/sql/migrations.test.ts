/** Tables are made once, by whoever comes first, and only as the options say. */
import { describe, expect, test, vi } from 'vitest';
import { sqlBackend, sqlMigrations } from 'tidemark/backends/sql';
import { failure } from '../../support/deferred.ts';
import { places, rowsOf } from './places.ts';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

const CALL = { signal: new AbortController().signal };

for (const place of places())
  describe(`tables in ${place.name}`, () => {
    let made = 0;
    const newTables = () => `t${++made}`;
    const backend = (tables: string, migrations: 'auto' | 'manual' = 'auto') =>
      sqlBackend({ dialect: place.dialect, query: place.query, tables, migrations });

    test('to make them again changes nothing', async () => {
      const tables = newTables();
      const first = backend(tables);
      const said = await first.log.append(['#/s/a'], CALL);
      await first.migrate();
      await backend(tables).migrate();
      expect(await backend(tables).log.position(CALL)).toEqual(said);
    });

    test('all who start at the same time have one log', async () => {
      const tables = newTables();
      const all = Array.from({ length: 8 }, () => backend(tables));
      const said = await Promise.all(all.map(async ({ log }, i) => log.append([`#/s/${i}`], CALL)));
      expect(new Set(said.map(({ incarnation }) => incarnation)).size).toBe(1);
      expect(said.map(({ head }) => head).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    });

    test('who makes them and never gets an answer, as its request has ended, keeps nobody waiting', async () => {
      let asked = 0;
      const { log } = sqlBackend({
        dialect: place.dialect,
        query: (sql, params) => (asked++ === 0 ? new Promise(() => {}) : place.query(sql, params)),
        tables: newTables(),
      });
      void log.append(['#/s/a'], CALL);
      expect(await log.append(['#/s/b'], CALL)).toMatchObject({ head: 1 });
    });

    test('manual means that nothing is made', async () => {
      const tables = newTables();
      expect(await failure(Promise.resolve(backend(tables, 'manual').log.position(CALL)))).toMatchObject({
        code: 'store_failed',
      });
      expect(await failure(rowsOf(place, `SELECT * FROM ${tables}_meta`))).toBeInstanceOf(Error);
    });

    test('the statements can be had and executed by hand', async () => {
      const tables = newTables();
      const waiting = backend(tables, 'manual');
      for (const round of [1, 2]) {
        for (const sql of sqlMigrations(place.dialect, { tables })) await place.query(sql, []);
        expect((await waiting.log.append(['#/s/a'], CALL)).head).toBe(round);
      }
    });

    test('tables of a later release are left as they are', async () => {
      const tables = newTables();
      await backend(tables).migrate();
      await place.query(`UPDATE ${tables}_meta SET version = 1000`, []);
      expect(await failure(Promise.resolve(backend(tables).clear(CALL)))).toMatchObject({ code: 'newer_format' });
    });

    test('tables that vanish under a running process are made anew, as another log', async () => {
      const tables = newTables();
      const running = backend(tables);
      const before = await running.log.append(['#/s/a'], CALL);
      for (const { name } of await rowsOf(
        place,
        place.dialect === 'postgres'
          ? `SELECT tablename AS name FROM pg_tables WHERE tablename LIKE '${tables}\\_%'`
          : `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '${tables}\\_%' ESCAPE '\\'`,
      ))
        await place.query(`DROP TABLE ${String(name)}`, []);
      const after = await running.log.append(['#/s/a'], CALL);
      expect(after.incarnation).not.toBe(before.incarnation);
    });

    test('tables that are emptied under a running process are another log', async () => {
      const tables = newTables();
      const [one, other] = [backend(tables), backend(tables)];
      const before = await one.log.append(['#/s/a'], CALL);
      expect(await other.log.position(CALL)).toEqual(before);
      for (const name of ['meta', 'changes', 'stamps', 'entries', 'leases'])
        await place.query(`DELETE FROM ${tables}_${name}`, []);
      const after = await one.log.append(['#/s/b'], CALL);
      expect(after.incarnation).not.toBe(before.incarnation);
      expect(await other.log.position(CALL)).toEqual(after);
      expect((await other.log.read(0, CALL)).changes.at(-1)).toMatchObject({ mark: after.head, change: ['#/s/b'] });
    });

    test('a database that was put back is another log once that is said, and its entries are gone', async () => {
      const tables = newTables();
      const [one, other] = [backend(tables), backend(tables)];
      const { head, incarnation } = await one.log.append(['#/s/a'], CALL);
      const entry = { value: 1, mark: head, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
      expect(await one.setMany([{ key: '/s/k~v1', entry }], CALL)).toEqual([true]);
      await one.newIncarnation();
      expect((await other.log.position(CALL)).incarnation).not.toBe(incarnation);
      expect(await other.getMany(['/s/k~v1'], CALL)).toEqual([undefined]);
      expect(await other.setMany([{ key: '/s/k~v1', entry }], CALL)).toEqual([false]);
    });
  });
