/** The SQL backend keeps the contracts of store, log and backend in SQLite. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, describe, it, vi } from 'vitest';
import type { Store } from 'tidemark';
import { jsonCodec } from 'tidemark/codecs/json';
import { type Query, type SqlBackend, sqlBackend, type SqlOptions } from 'tidemark/backends/sql';
import { backendSuite } from 'tidemark/testing';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

interface Made {
  readonly backend: SqlBackend;
  readonly options: SqlOptions;
  readonly file: string;
}

/** In memory where that is to be had: how long a disk takes to flush is none of the contracts' business. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const folder = mkdtempSync(join(base, 'tidemark-sqlite-'));
const databases: sqlite.Database[] = [];
const openings = new WeakMap<Store, SqlOptions>();
let made = 0;

afterAll(() => {
  for (const database of databases) database.close();
  rmSync(folder, { recursive: true });
});

function connect(file: string): Query {
  const database = new sqlite.Database(file);
  databases.push(database);
  return (sql, params) => database.all(sql, params);
}

function open(options: SqlOptions): SqlBackend {
  const backend = sqlBackend(options);
  openings.set(backend, options);
  return backend;
}

/** Each backend in tables of its own: to open a database takes longer than a test. */
function make(file: string, query: Query, rest: Partial<SqlOptions> = {}): Made {
  const options: SqlOptions = { dialect: 'sqlite', query, tables: `t${++made}`, ...rest };
  return { options, file, backend: open(options) };
}

async function drop({ options: { query, tables } }: Made): Promise<void> {
  for (const name of ['meta', 'changes', 'stamps', 'entries', 'leases'])
    await query(`DROP TABLE IF EXISTS ${tables}_${name}`, []);
}

const file = join(folder, 'a.db');
const [one, other] = [connect(file), connect(file)];
const memory = connect(':memory:');

for (const [name, place, query, another, rest] of [
  ['SQL backend in a file of SQLite, with two connections', file, one, other, {}],
  ['SQL backend in SQLite in memory, with JSON', ':memory:', memory, memory, { codec: jsonCodec }],
] as const)
  backendSuite(
    { describe, it },
    {
      name,
      make: () => make(place, query, rest),
      makeSmall: () => make(place, query, { keepChanges: 100, keepStamps: 100, ...rest }),
      another: ({ options }: Made) => open({ ...options, query: another }),
      reopen: (closed) => open(openings.get(closed)!),
      lose: drop,
      commit: false,
      leases: { passTime: (_: Made, ms) => pass(ms) },
      close: drop,
    },
  );
