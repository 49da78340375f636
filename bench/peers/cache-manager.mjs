/** cache-manager: memory and Redis through Keyv, as its README's example of two layers has them. It has no bus and no tags. */
import KeyvRedis, { createKeyvNonBlocking } from '@keyv/redis';
import { createClient } from '@redis/client';
import { createCache } from 'cache-manager';
import { CacheableMemory } from 'cacheable';
import { Keyv } from 'keyv';
import { bareNodeRedis, TTL } from './shared.mjs';

export const peer = {
  packages: ['cache-manager', 'keyv', '@keyv/redis', '@redis/client'],
  bare: (port) => bareNodeRedis(createClient, port),
  async open({ port, load, setup }) {
    const url = `redis://127.0.0.1:${port}`;
    const hardened = setup === 'hardened';
    const redis = hardened ? createKeyvNonBlocking(url) : new Keyv({ store: new KeyvRedis(url) });
    redis.on('error', () => {});
    const cache = createCache({
      nonBlocking: hardened,
      stores: [new Keyv({ store: new CacheableMemory({ ttl: TTL, lruSize: 20_000 }) }), redis],
    });
    return {
      memory: true,
      get: (key) => cache.wrap(key, () => load(key), TTL),
      delete: (key) => cache.del(key),
      close: () => cache.disconnect(),
    };
  },
};
