/** The D1 backend keeps the contracts of store, log and backend, in the D1 that Miniflare runs. */
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import type { Store } from 'tidemark';
import { type D1, d1Backend, type D1Options, type SqlBackend } from 'tidemark/backends/d1';
import { backendSuite } from 'tidemark/testing';
import { openD1 } from '../../support/d1.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 }); // each statement goes through another process

interface Made {
  readonly backend: SqlBackend;
  readonly options: D1Options;
}

let opened: Awaited<ReturnType<typeof openD1>>;
let database: D1;
const openings = new WeakMap<Store, D1Options>();
let made = 0;

beforeAll(async () => {
  opened = await openD1();
  database = opened.database;
});
afterAll(() => opened.close());

function open(options: D1Options): SqlBackend {
  const backend = d1Backend(options);
  openings.set(backend, options);
  return backend;
}

/** Each backend in tables of its own: to start a database takes longer than a test. */
function make(): Made {
  const options: D1Options = { database, tables: `t${++made}` };
  return { options, backend: open(options) };
}

async function drop({ options: { tables } }: Made): Promise<void> {
  for (const name of ['meta', 'changes', 'stamps', 'entries', 'leases'])
    await database.prepare(`DROP TABLE IF EXISTS ${tables}_${name}`).all();
}

backendSuite(
  { describe, it },
  {
    name: 'D1 backend',
    make: () => make(),
    // No makeSmall: how tables forget is shown in SQLite, by the same statements; here each takes ten milliseconds.
    another: ({ options }: Made) => open(options),
    reopen: (closed) => open(openings.get(closed)!),
    lose: drop,
    commit: false,
    leases: { passTime: (_: Made, ms) => pass(ms) },
    close: drop,
  },
);
