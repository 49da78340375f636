/** Many connections to a Postgres server: of several appenders one wins each index, and nobody ever sees a hole. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import type { OperationStore } from '../../../src/documents/operation-store.ts';
import { sqlOperations } from 'tidemark/documents/sql';
import { operationStoreSuite } from 'tidemark/testing';
import { operationAt, operationsFrom, requestFor, STREAM } from '../../../src/testing/documents/operation-trial.ts';
import { PostgresServer, programs } from '../../backends/sql/server.ts';
import { failure } from '../../support/deferred.ts';
import { type Made, storeIn } from './places.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // a machine that does other things, too, takes its time

const LEVELS = ['read committed', 'repeatable read', 'serializable'] as const;
const PATIENCE = 30_000;
const WRITERS = 6;
const ROUNDS = 15;

let server: PostgresServer;
let pool: pg.Pool;

const storeBy = (by: pg.Pool): Made => storeIn({ dialect: 'postgres', query: (sql, params) => by.query(sql, params) });
const again = ({ options }: Made, by: pg.Pool): OperationStore =>
  sqlOperations({ ...options, query: (sql, params) => by.query(sql, params) });

/** A pool whose statements and transactions are of this level. */
const poolAt = (level: string): pg.Pool => {
  const options = `-c default_transaction_isolation=${level.replace(' ', String.raw`\ `)}`;
  return server.pool({ max: WRITERS + 2, options });
};

/** Work in a transaction on a connection of its own: committed, or rolled back if the work throws. */
async function transaction(by: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await by.connect();
  try {
    await client.query('BEGIN');
    await work(client);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | undefined)?.code;
const headOf = async (store: OperationStore) => (await store.getHeads(STREAM[0], STREAM[2], [{ scope: STREAM[1] }]))[0];
const allOf = async (store: OperationStore) => (await store.getSince(...STREAM, -1, { limit: 100_000 })).results;

/** Until some connection waits for another one's lock. */
async function untilOneWaits(): Promise<void> {
  const waiting = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  await vi.waitUntil(async () => Number((await pool.query<{ n: string }>(waiting)).rows[0].n) > 0, {
    timeout: PATIENCE,
  });
}

if (programs || process.env['REQUIRE_ALL'] === '1') {
  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = server.pool({ max: 20 });
  });
  afterAll(() => server.stop());
  describe('the contract', contract);
  describe('several connections', connections);
  describe('transactions', transactions);
} else test.skip('many connections to a Postgres server (skipped: Postgres is not installed)', () => {});

function contract(): void {
  operationStoreSuite(
    { describe, it },
    {
      name: 'sqlOperations on a Postgres server',
      make: () => storeBy(pool),
      another: (made: Made) => again(made, pool),
      transaction: (_, work) => transaction(pool, work),
    },
  );
}

function connections(): void {
  for (const level of LEVELS)
    test(`each index is won by exactly one of many appenders, and no hole is ever seen, at ${level}`, async () => {
      const by = poolAt(level);
      const made = storeBy(by);
      const won: string[] = [];
      let conflicts = 0;
      const write = async (writer: number) => {
        const store = again(made, by);
        for (let round = 0; round < ROUNDS;) {
          const { revision } = await headOf(store);
          const operations = operationsFrom(revision + 1, revision + 2 + (round % 4), `${writer}.${round}`);
          const alone = (round + writer) % 2 === 0;
          const undone = !alone && round % 5 === 4;
          try {
            if (alone) await store.append(requestFor(operations));
            else
              await transaction(by, async (client) => {
                await store.append(requestFor(operations, { transaction: client }));
                await client.query('SELECT pg_sleep(random() * 0.003)'); // so that others come in between
                if (undone) throw new Error('changed my mind');
              });
            won.push(...operations.map(({ id }) => id));
          } catch (error) {
            const passes = ['conflict', '40001'].includes(String(codeOf(error)));
            if (!passes && !(undone && (error as Error).message === 'changed my mind')) throw error;
            if (passes) {
              conflicts++;
              continue;
            }
          }
          round++;
        }
      };
      const ended = new AbortController();
      let looks = 0;
      const read = async () => {
        const store = again(made, pool);
        let seen: readonly string[] = [];
        while (!ended.signal.aborted) {
          const { revision, id } = await headOf(store);
          const found = await allOf(store);
          expect(found.map(({ index }) => index)).toEqual(found.map((_, i) => i));
          expect(found[revision]?.id).toBe(id);
          const ids = found.map((operation) => operation.id);
          expect(ids.slice(0, seen.length)).toEqual(seen);
          seen = ids;
          looks++;
        }
      };
      const writers = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer))).finally(() =>
        ended.abort(),
      );
      await Promise.all([writers, read(), read()]);
      const ids = (await allOf(made.store)).map(({ id }) => id);
      expect(ids.toSorted()).toEqual(won.toSorted());
      expect(conflicts, 'they met').toBeGreaterThan(0);
      expect(looks, 'somebody looked').toBeGreaterThan(1);
    });

  test('all who come first at the same time make the tables once', async () => {
    const made = storeBy(pool);
    const stores = Array.from({ length: 8 }, () => again(made, pool));
    await Promise.all(
      stores.map(async (store, i) => store.append(requestFor([operationAt(0)], {}, [`d${i}`, 's', 'b']))),
    );
    const heads = await Promise.all(stores.map(async (store, i) => store.getHeads(`d${i}`, 'b', [{ scope: 's' }])));
    expect(heads).toEqual(stores.map(() => [{ revision: 0, id: 'w-0' }]));
  });

  test('who appends needs to select and insert, and no other right', async () => {
    const made = storeBy(pool);
    await made.store.append(requestFor(operationsFrom(0, 1)));
    const role = `appender_${made.options.tables}`;
    await pool.query(`CREATE ROLE ${role}`);
    await pool.query(`GRANT SELECT, INSERT ON ${made.table}, ${made.table}_meta TO ${role}`);
    const by = server.pool({ options: `-c role=${role}` });
    await expect(by.query(`DELETE FROM ${made.table}`)).rejects.toMatchObject({ code: '42501' });
    await transaction(by, async (client) => {
      await again(made, by).append(requestFor(operationsFrom(1, 3), { transaction: client }));
    });
    await again(made, by).append(requestFor(operationsFrom(3, 5)));
    expect(await allOf(again(made, by))).toEqual(operationsFrom(0, 5));
  });

  test('a wait for another writer ends when its signal aborts', async () => {
    const { store } = storeBy(pool);
    await store.append(requestFor(operationsFrom(0, 1)));
    const given = new AbortController();
    await transaction(pool, async (client) => {
      await store.append(requestFor(operationsFrom(1, 2, 'first'), { transaction: client }));
      const waiting = failure(store.append(requestFor(operationsFrom(1, 2, 'second'), { signal: given.signal })));
      await untilOneWaits();
      given.abort(new Error('given up'));
      expect(await waiting).toMatchObject({ message: 'given up' });
    });
    expect((await allOf(store)).map(({ id }) => id)).toEqual(['w-0', 'first-1']);
  });
}

function transactions(): void {
  test('nobody else sees operations before the commit, and all of them afterwards', async () => {
    const made = storeBy(pool);
    const other = again(made, pool);
    await made.store.append(requestFor(operationsFrom(0, 1)));
    await transaction(pool, async (client) => {
      await made.store.append(requestFor(operationsFrom(1, 5), { transaction: client }));
      expect(await headOf(other)).toEqual({ revision: 0, id: 'w-0' });
      expect(await allOf(other)).toHaveLength(1);
    });
    expect(await headOf(other)).toEqual({ revision: 4, id: 'w-4' });
  });

  for (const [ends, outcome] of [
    ['commits', 'meets a conflict'],
    ['rolls back', 'gets through'],
  ] as const)
    test(`who waits for a transaction that ${ends} ${outcome}`, async () => {
      const made = storeBy(pool);
      await made.store.append(requestFor(operationsFrom(0, 1)));
      let second!: Promise<unknown>;
      const first = transaction(pool, async (client) => {
        await made.store.append(requestFor(operationsFrom(1, 2, 'first'), { transaction: client }));
        second = again(made, pool)
          .append(requestFor(operationsFrom(1, 4, 'second')))
          .catch(codeOf);
        await untilOneWaits();
        if (ends === 'rolls back') throw new Error('changed my mind');
      });
      expect(await failure(first)).toEqual(ends === 'commits' ? 'no error' : new Error('changed my mind'));
      expect(await second).toBe(ends === 'commits' ? 'conflict' : 3);
      const due = ends === 'commits' ? operationsFrom(1, 2, 'first') : operationsFrom(1, 4, 'second');
      expect(await allOf(made.store)).toEqual([...operationsFrom(0, 1), ...due]);
    });

  test('who waits for the same operations to be committed is told that they are there', async () => {
    const made = storeBy(pool);
    await made.store.append(requestFor(operationsFrom(0, 1)));
    let second!: Promise<number>;
    await transaction(pool, async (client) => {
      await made.store.append(requestFor(operationsFrom(1, 4), { transaction: client }));
      second = again(made, pool).append(requestFor(operationsFrom(1, 4)));
      await untilOneWaits();
    });
    expect(await second).toBe(3);
    expect(await allOf(made.store)).toEqual(operationsFrom(0, 4));
  });

  for (const level of LEVELS.slice(1))
    test(`a transaction that can't see what others did meets a conflict, with the database's reason, at ${level}`, async () => {
      const by = poolAt(level);
      const made = storeBy(by);
      await made.store.append(requestFor(operationsFrom(0, 1)));
      const overtaken = transaction(by, async (client) => {
        await client.query(`SELECT count(*) FROM ${made.table}`); // from here on it sees this moment only
        await made.store.append(requestFor(operationsFrom(1, 2, 'first')));
        await made.store.append(requestFor(operationsFrom(1, 2, 'second'), { transaction: client }));
      });
      expect(await failure(overtaken)).toMatchObject({ code: 'conflict', cause: { code: '40001' } });
      expect((await allOf(made.store)).map(({ id }) => id)).toEqual(['w-0', 'first-1']);
    });

  test('a savepoint that is rolled back takes its operations along', async () => {
    const { store } = storeBy(pool);
    await transaction(pool, async (client) => {
      await store.append(requestFor(operationsFrom(0, 1), { transaction: client }));
      await client.query('SAVEPOINT here');
      await store.append(requestFor(operationsFrom(1, 3, 'undone'), { transaction: client }));
      await client.query('ROLLBACK TO here');
      await store.append(requestFor(operationsFrom(1, 2), { transaction: client }));
    });
    expect(await allOf(store)).toEqual(operationsFrom(0, 2));
  });
}
