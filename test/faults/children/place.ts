/** The place that processes share, as each of them reaches it. */
import type { Backend, Clock } from 'tidemark';

/** By what a process reaches the place. */
export type Kind = 'node-redis' | 'ioredis' | 'postgres';

/** Where the place is. */
export interface Address {
  readonly kind: Kind;
  readonly port: number;
  /** What the names of its tables begin with, where there are any. */
  readonly tables?: string;
}

/** A backend, and how to let go of what it was handed. */
export interface Opened {
  readonly backend: Backend;
  close(): Promise<void>;
}

/** A backend in the place. Only what it needs is imported: a program that starts soon makes a short test. */
export function openPlace({ kind, port, tables }: Address, clock: Clock): Promise<Opened> {
  return kind === 'postgres' ? openPostgres(port, tables) : openRedis(kind, port, clock);
}

async function openRedis(kind: 'node-redis' | 'ioredis', port: number, clock: Clock): Promise<Opened> {
  const { redisBackend } = await import('tidemark/backends/redis');
  const url = `redis://127.0.0.1:${port}`;
  const client =
    kind === 'ioredis'
      ? new (await import('ioredis')).Redis(url, { lazyConnect: true })
      : (await import('redis')).createClient({ url });
  return { backend: redisBackend({ client, clock }), close: async () => {} };
}

/** Without a time limit of its own a pool never gets back a connection that has died without a word. */
const GIVEN_UP = 3000;

async function openPostgres(port: number, tables = 'tidemark'): Promise<Opened> {
  const { Client, Pool } = (await import('pg')).default;
  const { sqlBackend } = await import('tidemark/backends/sql');
  const at = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres', connectionTimeoutMillis: GIVEN_UP };
  const pool = new Pool({ ...at, query_timeout: GIVEN_UP });
  pool.on('error', () => {}); // a connection that broke while nobody used it
  const backend = sqlBackend({
    dialect: 'postgres',
    tables,
    query: (sql, params) => pool.query(sql, params),
    listen: async (channel, wake) => {
      const client = new Client(at);
      client.on('error', () => {});
      client.on('notification', wake);
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      return () => client.end().catch(() => {});
    },
  });
  return { backend, close: () => pool.end() };
}
