/** Behind sentinels a failover is followed, and is a gap: what the new master was never told is not taken for known. */
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { redisBackend, type RedisClient } from 'tidemark/backends/redis';
import { failure } from '../../support/deferred.ts';
import { RedisServer, until, withoutRedis } from '../../support/redis-server.ts';
import { Sentinel } from './sentinel.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CALL = { signal: new AbortController().signal };

const clients: Readonly<Record<string, (port: number) => RedisClient>> = {
  'node-redis': (port) => createSentinel({ name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port }] }),
  ioredis: (port) => new Redis({ name: 'main', sentinels: [{ host: '127.0.0.1', port }], lazyConnect: true }),
};

const closing: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).toReversed()) await one.close();
});

async function started<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const one = await starting;
  closing.push(one);
  return one;
}

describe.skipIf(withoutRedis).each(Object.entries(clients))('%s', (_name, client) => {
  test('a failover is followed, and begins another incarnation', async () => {
    const master = await started(RedisServer.start());
    const replica = await started(RedisServer.start());
    await replica.ask('REPLICAOF', '127.0.0.1', `${master.port}`);
    await until('the replica is connected', async () => (await replica.ask('INFO')).includes('master_link_status:up'));
    const sentinel = await started(Sentinel.over(master));

    const backend = redisBackend({ client: client(sentinel.port) });
    closing.push(backend);
    const before = await backend.log.append(['#/s/t'], CALL);
    let woken = 0;
    backend.log.watch!(() => woken++);
    await master.kill();
    const answered = async () => (await failure(Promise.resolve(backend.log.position(CALL)))) === 'no error';
    await until('the new master answers', answered);
    const after = await backend.log.position(CALL);
    expect(after.incarnation).not.toBe(before.incarnation);
    const heard = woken;
    await until('news comes from the new master', async () => {
      await backend.log.append(['#/s/t'], CALL);
      return woken > heard;
    });
  });
});
