/** Ours, behind the same interface as the others: memory above Redis, with either client. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { createCache, memory } from 'tidemark';
import { redisBackend, type RedisOptions } from 'tidemark/backends/redis';
import type { Opened, Opening, Peer, Value } from './peer.ts';

const TTL = 3_600_000;

/** Over node-redis. */
export const overNodeRedis: Peer = {
  packages: ['tidemark', 'redis'],
  open: async (opening) => open(opening, clientOf(opening.port)),
  bare: async (port) => {
    const client = await clientOf(port).connect();
    return {
      get: (key) => client.get(key),
      set: (key, text) => client.set(key, text, { expiration: { type: 'PX', value: TTL } }),
      close: () => client.destroy(),
    };
  },
};

/** Over ioredis. */
export const overIoredis: Peer = {
  packages: ['tidemark', 'ioredis'],
  open: async (opening) => open(opening, ioredisOf(opening.port)),
  bare: (port) => {
    const client = ioredisOf(port);
    return {
      get: (key) => client.get(key),
      set: (key, text) => client.set(key, text, 'PX', TTL),
      close: () => client.disconnect(),
    };
  },
};

function clientOf(port: number) {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  client.on('error', () => {});
  return client;
}

function ioredisOf(port: number) {
  const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true });
  client.on('error', () => {});
  return client;
}

function open({ load, tag }: Opening, client: RedisOptions['client']): Opened {
  const cache = createCache({ name: 'bench', tiers: [memory({ maxEntries: 20_000 }), redisBackend({ client })] });
  const posts = cache.define<Value>('post', { load, ttl: '1h', tags: () => (tag === undefined ? [] : [tag]) });
  return {
    memory: true,
    get: (key) => posts.get(key),
    delete: async (key) => (await posts.invalidate(key)).reach,
    invalidateTag: async (name) => (await cache.invalidate({ tags: [name] })).reach,
    close: () => cache.close(),
  };
}
