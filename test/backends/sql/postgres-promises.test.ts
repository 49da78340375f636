/** What holds on a Postgres server with many connections: nothing is skipped, nobody is held up, and what was lost is noticed. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type SqlBackend, sqlBackend, type SqlOptions } from 'tidemark/backends/sql';
import { PostgresServer, programs } from './server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // a machine that does other things, too, takes its time

const CALL = { signal: new AbortController().signal };
const LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];
const WRITERS = 6;
const ROUNDS = 25;

let server: PostgresServer;
let pool: pg.Pool;
let made = 0;

const newTables = () => `t${++made}`;
const backend = (tables: string, rest: Partial<SqlOptions> = {}): SqlBackend =>
  sqlBackend({ dialect: 'postgres', query: (sql, params) => pool.query(sql, params), tables, ...rest });

/** A transaction on a connection of its own, given back afterwards. */
async function within(level: string, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  let whole = false;
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${level}`);
    await work(client);
    whole = true;
  } finally {
    client.release(!whole);
  }
}

/** Every name that was said after the beginning, and the marks as they came. */
async function everything({ log }: SqlBackend): Promise<readonly string[]> {
  return (await log.read(0, CALL)).changes.flatMap(({ change }) => change);
}

if (programs) {
  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = server.pool({ max: 20 });
  });
  afterAll(() => server.stop());
  describe('followers', followers);
  describe('transactions', transactions);
  describe('several processes', processes);
  describe('what was lost', losses);
} else test('left out: there is no Postgres server here', () => expect(programs).toBeUndefined());

function followers(): void {
  for (const level of LEVELS)
    test(`a follower skips no change, in whatever order transactions commit at ${level}`, async () => {
      const tables = newTables();
      const followed = backend(tables);
      await followed.migrate();
      await pool.query(`CREATE TABLE ${tables}_users (id integer PRIMARY KEY, n integer)`);
      await pool.query(`INSERT INTO ${tables}_users SELECT i, 0 FROM generate_series(0, ${WRITERS}) i`);
      const committed: string[] = [];

      const write = async (writer: number) => {
        const { log } = backend(tables);
        for (let round = 0; round < ROUNDS; round++)
          await within(level, async (client) => {
            const name = `#/s/${writer}-${round}`;
            await client.query(`SELECT n FROM ${tables}_users WHERE id = $1`, [writer]);
            await log.appendIn(client, [name, '#/s/shared']);
            await client.query('SELECT pg_sleep(random() * 0.004)'); // so that they end in another order than they began
            await client.query(`UPDATE ${tables}_users SET n = n + 1 WHERE id = $1`, [writer]);
            const commits = round % 5 < 4;
            await client.query(commits ? 'COMMIT' : 'ROLLBACK');
            if (commits) committed.push(name);
          });
      };
      const append = async () => {
        for (let round = 0; round < ROUNDS * 2; round++) {
          await backend(tables).log.append([`#/s/alone-${round}`, '#/s/shared'], CALL);
          committed.push(`#/s/alone-${round}`);
        }
      };
      const marks: number[] = [];
      const seen: string[] = [];
      const follow = async () => {
        const { changes } = await followed.log.read(marks.at(-1) ?? 0, CALL);
        for (const { mark, change } of changes) {
          marks.push(mark);
          seen.push(change[0]);
        }
      };
      const ended = new AbortController();
      const done = Promise.all([append(), ...Array.from({ length: WRITERS }, (_, writer) => write(writer))]);
      void done.finally(() => ended.abort()).catch(() => {});
      while (!ended.signal.aborted) await follow();
      await done;
      await follow();

      expect(seen.toSorted()).toEqual(committed.toSorted());
      expect(marks).toEqual(marks.toSorted((a, b) => a - b));
      expect(new Set(marks).size).toBe(marks.length);
    });

  test('a change wakes who listens, when it is committed', async () => {
    const tables = newTables();
    const listener = await pool.connect();
    const listen: SqlOptions['listen'] = async (channel, wake) => {
      listener.on('notification', wake);
      await listener.query(`LISTEN ${channel}`);
      return () => listener.off('notification', wake);
    };
    const mine = backend(tables, { listen });
    let woken = 0;
    const stop = mine.log.watch!(() => woken++);
    await mine.log.position(CALL);
    await within('READ COMMITTED', async (client) => {
      await backend(tables).log.appendIn(client, ['#/s/a']);
      expect(woken).toBe(0);
      await client.query('COMMIT');
    });
    await vi.waitUntil(() => woken > 0, { timeout: 30_000 });
    expect((await mine.log.position(CALL)).head).toBe(1);
    stop();
    await mine.close!();
    listener.release(true);
  });
}

function transactions(): void {
  test('one that stays open holds nobody up, and gets its mark when it commits', async () => {
    const one = backend(newTables());
    await one.migrate();
    await within('READ COMMITTED', async (open) => {
      await one.log.appendIn(open, ['#/s/long']);
      await within('READ COMMITTED', async (quick) => {
        await one.log.appendIn(quick, ['#/s/quick']);
        await quick.query('COMMIT');
      });
      await one.log.append(['#/s/alone'], CALL);
      expect(await everything(one)).toEqual(['#/s/quick', '#/s/alone']);
      await open.query('COMMIT');
    });
    expect(await everything(one)).toEqual(['#/s/quick', '#/s/alone', '#/s/long']);
  });

  test('those that wait for rows of one another after their changes both commit', async () => {
    const tables = newTables();
    const one = backend(tables);
    await one.migrate();
    await pool.query(`CREATE TABLE ${tables}_rows (id integer PRIMARY KEY)`);
    await pool.query(`INSERT INTO ${tables}_rows VALUES (1)`);
    await within('READ COMMITTED', async (first) => {
      await one.log.appendIn(first, ['#/s/first']);
      await within('READ COMMITTED', async (second) => {
        await second.query(`UPDATE ${tables}_rows SET id = id`);
        const waiting = first.query(`UPDATE ${tables}_rows SET id = id`);
        await one.log.appendIn(second, ['#/s/second']);
        await second.query('COMMIT');
        await waiting;
      });
      await first.query('COMMIT');
    });
    expect(await everything(one)).toEqual(['#/s/second', '#/s/first']);
  });

  test('a change before a savepoint that is rolled back to stays, one after it goes', async () => {
    const one = backend(newTables());
    await one.migrate();
    await within('READ COMMITTED', async (client) => {
      await one.log.appendIn(client, ['#/s/stays']);
      await client.query('SAVEPOINT s');
      await one.log.appendIn(client, ['#/s/goes']);
      await client.query('ROLLBACK TO s');
      await client.query('COMMIT');
    });
    expect(await everything(one)).toEqual(['#/s/stays']);
  });

  test('one that fails at the commit, after its changes got their marks, leaves no trace but an unused number', async () => {
    const tables = newTables();
    const one = backend(tables);
    await one.log.append(['#/s/before'], CALL);
    await pool.query(`CREATE TABLE ${tables}_strict (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)`);
    await within('READ COMMITTED', async (client) => {
      await one.log.appendIn(client, ['#/s/never']);
      await client.query(`INSERT INTO ${tables}_strict VALUES (1), (1)`);
      await expect(client.query('COMMIT')).rejects.toMatchObject({ code: '23505' });
    });
    expect(await one.log.position(CALL)).toMatchObject({ head: 1 });
    const { head } = await one.log.append(['#/s/after'], CALL);
    expect(await one.log.read(1, CALL)).toMatchObject({ complete: 1, head, changes: [{ mark: head }] });
  });

  test('whatever the search path is when it commits, the change finds its tables', async () => {
    const one = backend(newTables());
    await one.migrate();
    await within('READ COMMITTED', async (client) => {
      await one.log.appendIn(client, ['#/s/a']);
      await client.query('SET LOCAL search_path = pg_catalog');
      await client.query('COMMIT');
    });
    expect(await everything(one)).toEqual(['#/s/a']);
  });

  test('an entry that was loaded before it committed is refused, however often it is stored meanwhile', async () => {
    const one = backend(newTables());
    const { head: mark, incarnation } = await one.log.append(['#/s/first'], CALL);
    const entry = { value: 'old', mark, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
    const key = '/s/post/7~v1';
    const over = new AbortController();
    const storing = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) await one.setMany([{ key, entry }], CALL);
    });
    await within('SERIALIZABLE', async (client) => {
      await one.log.appendIn(client, ['=/s/post/7']);
      await client.query('COMMIT');
    });
    await one.deleteMany([key], CALL); // what got in before is old, but no harm; nothing may get in from here on
    over.abort();
    await Promise.all(storing);
    expect(await one.setMany([{ key, entry }], CALL)).toEqual([false]);
    expect(await one.getMany([key], CALL)).toEqual([undefined]);
  });
}

function processes(): void {
  test('all who start at the same time have one log', async () => {
    const tables = newTables();
    const all = Array.from({ length: 12 }, () => backend(tables));
    const said = await Promise.all(all.map(async ({ log }, i) => log.append([`#/s/${i}`], CALL)));
    expect(new Set(said.map(({ incarnation }) => incarnation)).size).toBe(1);
    expect(said.map(({ head }) => head).toSorted((a, b) => a - b)).toEqual(all.map((_, i) => i + 1));
  });

  test('connections that default to another isolation are refused, with the reason', async () => {
    const strict = server.pool({ options: '-c default_transaction_isolation=serializable' });
    const one = backend(newTables(), { query: (sql, params) => strict.query(sql, params) });
    await expect(one.log.position(CALL)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('READ COMMITTED') as string,
    });
  });

  test('a change is on the disk when it is acknowledged, though the database would not wait for that', async () => {
    const lazy = server.pool({ options: '-c synchronous_commit=off' });
    const one = backend(newTables(), { query: (sql, params) => lazy.query(sql, params) });
    await one.log.append(['#/s/first'], CALL);
    const client = await lazy.connect();
    await client.query('BEGIN');
    await one.log.appendIn(client, ['#/s/a']);
    await client.query('SET CONSTRAINTS ALL IMMEDIATE'); // what the commit does first
    expect((await client.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'local' }]);
    await client.query('COMMIT');
    client.release();
  });
}

function losses(): void {
  test('a crash loses nothing that was acknowledged, and the log is the same', async () => {
    const one = backend(newTables());
    for (let i = 0; i < 20; i++) await one.log.append([`#/s/${i}`], CALL);
    const before = await one.log.position(CALL);
    await server.crash();
    expect(await one.log.position(CALL)).toEqual(before);
    expect((await one.log.append(['#/s/after'], CALL)).head).toBeGreaterThan(before.head);
  });

  test('a dump that was restored is another log', async () => {
    const tables = newTables();
    const one = backend(tables);
    const { incarnation } = await one.log.append(['#/s/a'], CALL);
    const whole = server.ask('pg_dump', ['postgres']);
    server.ask('createdb', ['restored']);
    server.ask('psql', ['-q', 'restored'], whole);
    const restored = server.pool({ database: 'restored' });
    const copy = backend(tables, { query: (sql, params) => restored.query(sql, params) });
    const there = await copy.log.position(CALL);
    expect(there.head).toBe(1);
    expect(there.incarnation).not.toBe(incarnation);
    expect((await copy.log.append(['#/s/b'], CALL)).incarnation).toBe(there.incarnation);
    expect((await one.log.position(CALL)).incarnation).toBe(incarnation);
  });

  test('a server that was recovered to a point in time has another log', async () => {
    const tables = newTables();
    const one = backend(tables);
    const { incarnation, head } = await one.log.append(['#/s/a'], CALL);
    const entry = { value: 1, mark: head, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
    await one.setMany([{ key: '/s/k~v1', entry }], CALL);
    const recovered = await PostgresServer.recovered(server);
    try {
      const other = recovered.pool();
      const after = backend(tables, { query: (sql, params) => other.query(sql, params) });
      const said = await after.log.append(['#/s/b'], CALL);
      expect(said.incarnation).not.toBe(incarnation);
      expect(said.head).toBeGreaterThan(head);
      expect((await after.log.position(CALL)).incarnation).toBe(said.incarnation);
      expect(await after.getMany(['/s/k~v1'], CALL)).toEqual([undefined]);
    } finally {
      await recovered.stop();
    }
  });
}
