/** Tables stay bounded: what is superseded, forgotten or at its end leaves them, and nothing that still counts does. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type SqlBackend, sqlBackend, type SqlOptions } from 'tidemark/backends/sql';
import { places, rowsOf } from './places.ts';

vi.setConfig({ testTimeout: 120_000 }); // a machine that does other things, too, takes its time

const CALL = { signal: new AbortController().signal };
/** What may be there beyond what is kept, until the tables are tended next. */
const SLACK = 256;
const HOUR = 3_600_000;

for (const place of places())
  describe(`tables in ${place.name}`, () => {
    let made = 0;
    let tables = '';
    const open: SqlBackend[] = [];
    const backend = (rest: Partial<SqlOptions> = {}) => {
      const one = sqlBackend({ dialect: place.dialect, query: place.query, tables: (tables = `t${++made}`), ...rest });
      open.push(one);
      return one;
    };
    const count = async (rest: string) =>
      Number((await rowsOf(place, `SELECT count(*) AS n FROM ${tables}_${rest}`))[0].n);
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close?.();
    });

    test('changes beyond those that are kept are removed, and the log says from where on it is complete', async () => {
      const { log } = backend({ keepChanges: 100 });
      for (let i = 0; i < 700; i++) await log.append([`#/s/${i % 7}`], CALL);
      expect(await count('changes')).toBeLessThanOrEqual(100 + SLACK);
      const page = await log.read(0, CALL);
      expect(page.complete).toBeGreaterThan(0);
      expect(page.changes[0].mark).toBe(page.complete + 1);
      expect(page.changes.at(-1)).toMatchObject({ mark: page.head });
    });

    test('a name that changes again and again takes the room of one', async () => {
      const { log } = backend();
      await log.append(['#/s/once'], CALL);
      for (let i = 0; i < 600; i++) await log.append(['#/s/always'], CALL);
      expect(await count('stamps')).toBeLessThanOrEqual(2 + SLACK);
      const { stamps, head } = await log.stamps(['#/s/once', '#/s/always', '#/s/never'], CALL);
      expect(stamps).toEqual([1, head, 0]);
    });

    test('of more names than are kept the oldest fall below the floor, which is answered for them', async () => {
      const { log } = backend({ keepStamps: 100 });
      for (let i = 0; i < 600; i++) await log.append([`#/s/${i}`], CALL);
      expect(await count('stamps')).toBeLessThanOrEqual(100 + SLACK);
      const { stamps, head } = await log.stamps(['#/s/0', '#/s/never', '#/s/599'], CALL);
      expect(stamps[0]).toBeGreaterThanOrEqual(1);
      expect(stamps[1]).toBe(stamps[0]);
      expect(stamps[2]).toBe(head);
    });

    test('what the floor has passed is refused, since nobody knows what became of it', async () => {
      const one = backend({ keepStamps: 100 });
      const { head: mark, incarnation } = await one.log.append(['#/s/first'], CALL);
      for (let i = 0; i < 600; i++) await one.log.append([`#/s/${i}`], CALL);
      const entry = { value: 1, mark, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
      expect(await one.setMany([{ key: '/s/k~v1', entry }], CALL)).toEqual([false]);
    });

    test('of more rules than are kept the oldest become changes of the prefix that they begin with', async () => {
      const { log } = backend();
      for (let i = 0; i < 600; i++) await log.append([`*/s/${i}/~*`, `?*/s/${i}/~*`], CALL);
      expect(await count('stamps WHERE rule IS NOT NULL')).toBeLessThanOrEqual(SLACK + 2 * SLACK);
      const { stamps } = await log.stamps(['^/s/0', '?^/s/0', '=/s/599/x', '?=/s/599/x', '=/s/0', '^/s/599'], CALL);
      expect(stamps).toEqual([1, 1, 600, 600, 0, 0]);
    });

    test('entries whose time has ended leave as new ones come, and no others', async () => {
      const one = backend();
      const { head: mark, incarnation } = await one.log.append(['#/s/first'], CALL);
      const now = Date.now();
      const record = (name: string, keptUntil: number) => ({
        key: `/s/${name}~v1`,
        entry: { value: 1, mark, incarnation, dependencies: [], freshUntil: keptUntil, keptUntil },
      });
      const ends = [now - HOUR, now + HOUR, Infinity];
      for (let i = 0; i < 10; i++)
        await one.setMany(
          Array.from({ length: 60 }, (_, j) => record(`${i}-${j}`, ends[j % 3])),
          CALL,
        );
      expect(await count('entries')).toBeLessThan(400 + SLACK);
      const lasting = await one.getMany(['/s/0-1~v1', '/s/0-2~v1'], CALL);
      expect(lasting.map((entry) => entry?.keptUntil)).toEqual([now + HOUR, Infinity]);
    });

    test('changes that come by transactions only are tended by who reads', async () => {
      const { log } = backend({ keepChanges: 100 });
      await log.position(CALL);
      for (let round = 0; round < 3; round++) {
        await place.transaction(async (tx) => {
          for (let i = 0; i < 300; i++) await log.appendIn(tx, ['#/s/a']);
        });
        await log.read(0, CALL);
      }
      expect(await count('changes')).toBeLessThanOrEqual(100 + SLACK);
      if (place.dialect === 'postgres') expect(await count('said')).toBe(0);
    });
  });
