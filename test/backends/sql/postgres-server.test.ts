/** The SQL backend keeps the contracts over many connections to a Postgres server. */
import { setTimeout as pass } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import type { Store } from 'tidemark';
import { type SqlBackend, sqlBackend, type SqlOptions } from 'tidemark/backends/sql';
import { backendSuite } from 'tidemark/testing';
import { PostgresServer, programs } from './server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 }); // a machine that does other things, too, takes its time

interface Made {
  readonly backend: SqlBackend;
  readonly options: SqlOptions;
}

if (programs) register();
else test('left out: there is no Postgres server here', () => expect(programs).toBeUndefined());

function register(): void {
  let server: PostgresServer;
  let pool: pg.Pool;
  const openings = new WeakMap<Store, SqlOptions>();
  let made = 0;

  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = server.pool();
  });
  afterAll(() => server.stop());

  const open = (options: SqlOptions): SqlBackend => {
    const backend = sqlBackend(options);
    openings.set(backend, options);
    return backend;
  };
  const make = (rest: Partial<SqlOptions> = {}): Made => {
    const options: SqlOptions = {
      dialect: 'postgres',
      query: (sql, params) => pool.query(sql, params),
      tables: `t${++made}`,
      ...rest,
    };
    return { options, backend: open(options) };
  };
  const drop = async ({ options: { tables } }: Made): Promise<void> => {
    for (const name of ['meta', 'changes', 'said', 'stamps', 'entries', 'leases'])
      await pool.query(`DROP TABLE IF EXISTS ${tables}_${name}`);
    await pool.query(`DROP SEQUENCE IF EXISTS ${tables}_marks`);
  };

  backendSuite(
    { describe, it },
    {
      name: 'SQL backend on a Postgres server',
      make: () => make(),
      makeSmall: () => make({ keepChanges: 100, keepStamps: 100 }),
      another: ({ options }: Made) => open(options),
      reopen: (closed) => open(openings.get(closed)!),
      lose: drop,
      commit: false,
      leases: { passTime: (_: Made, ms) => pass(ms) },
      close: drop,
    },
  );
}
