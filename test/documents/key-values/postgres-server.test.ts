/** Keyframes in tables of a Postgres server, over many connections. */
import pg from 'pg';
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { sqlBackend } from 'tidemark/backends/sql';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { keyValueSuite } from 'tidemark/testing';
import { storeKeyValues, type StoreKeyValues } from 'tidemark/documents';
import { PostgresServer, withoutPostgres } from '../../support/postgres-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

describe.skipIf(withoutPostgres)(`on a server${withoutPostgres ? ` (skipped: ${withoutPostgres})` : ''}`, () => {
  let server: PostgresServer | undefined;
  let pool: pg.Pool | undefined;
  let made = 0;
  const tables = new WeakMap<object, string>();

  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres', max: 8 });
  });
  afterAll(async () => {
    await pool?.end();
    await server?.close();
  });

  const open = (into: string): StoreKeyValues => {
    const query = (sql: string, params: unknown[]) => pool!.query(sql, params);
    const store = storeKeyValues(() => sqlBackend({ dialect: 'postgres', query, tables: into, codec: bytesCodec }));
    tables.set(store, into);
    return store;
  };

  keyValueSuite(
    { describe, it },
    {
      name: 'a Postgres server',
      open: () => open(`keyframes${++made}`),
      reopen: (closed) => open(tables.get(closed)!),
      another: (first) => open(tables.get(first)!),
    },
  );
});
