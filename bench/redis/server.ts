/** A redis-server of the bench's own: started here, and proven to be the one that answers. */
import { randomUUID } from 'node:crypto';
import { RedisServer } from '../../test/support/redis-server.ts';

/** Start a server. Rejects if whoever answers on its port is another. */
export async function startServer(): Promise<RedisServer> {
  const sign = randomUUID();
  const server = await RedisServer.start('--syslog-ident', sign);
  const answer = await server.ask('CONFIG', 'GET', 'syslog-ident');
  if (answer.includes(sign)) return server;
  await server.close();
  throw new Error(`another server answers on port ${server.port}`);
}

/** The release of Redis that runs here. */
export async function versionOfRedis(): Promise<string> {
  const server = await startServer();
  try {
    return /redis_version:(\S+)/.exec(await server.ask('INFO', 'server'))?.[1] ?? 'unknown';
  } finally {
    await server.close();
  }
}
