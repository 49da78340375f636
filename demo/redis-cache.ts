/** The cache of a process that shares a Redis server with others, on this machine or elsewhere. */
import { createClient } from 'redis';
import { type Cache, createCache, memory } from 'tidemark';
import { redisBackend } from 'tidemark/backends/redis';
import type { RedisPlace } from './replica.ts';

/** Memory of its own, and the server. */
export function openRedisCache({ redis: url, maxSilence }: RedisPlace): Cache {
  return createCache({
    name: 'catalogue',
    tiers: [memory({ maxBytes: '16mb' }), redisBackend({ client: createClient({ url }), prefix: 'demo' })],
    maxSilence,
  });
}
