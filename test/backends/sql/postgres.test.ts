/** The SQL backend keeps the contracts of store, log and backend in Postgres, here in PGlite. */
import { setTimeout as pass } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, describe, it, vi } from 'vitest';
import type { Store } from 'tidemark';
import { type SqlBackend, sqlBackend, type SqlOptions } from 'tidemark/backends/sql';
import { backendSuite } from 'tidemark/testing';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

interface Made {
  readonly backend: SqlBackend;
  readonly options: SqlOptions;
}

const database = new PGlite();
afterAll(() => database.close());

const openings = new WeakMap<Store, SqlOptions>();
let made = 0;

function open(options: SqlOptions): SqlBackend {
  const backend = sqlBackend(options);
  openings.set(backend, options);
  return backend;
}

/** Each backend in tables of its own: to start a database takes longer than a test. */
function make(rest: Partial<SqlOptions> = {}): Made {
  const options: SqlOptions = {
    dialect: 'postgres',
    query: (sql, params) => database.query(sql, params),
    listen: (channel, wake) => database.listen(channel, wake),
    tables: `t${++made}`,
    ...rest,
  };
  return { options, backend: open(options) };
}

async function drop({ options: { tables } }: Made): Promise<void> {
  for (const name of ['meta', 'changes', 'said', 'stamps', 'entries', 'leases'])
    await database.query(`DROP TABLE IF EXISTS ${tables}_${name}`);
  await database.query(`DROP SEQUENCE IF EXISTS ${tables}_marks`);
}

backendSuite(
  { describe, it },
  {
    name: 'SQL backend in Postgres',
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
