/** bentocache: memory, Redis and a Redis bus, as its manual's page about multi-tier caches has them. */
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import { bareIoredis, ioredisOptions, TTL } from './shared.mjs';

export const peer = {
  packages: ['bentocache', 'ioredis'],
  bare: (port) => bareIoredis(Redis, port),
  async open({ load, tag, ...opening }) {
    const connection = ioredisOptions(opening);
    const cache = new BentoCache({
      default: 'multitier',
      stores: {
        multitier: bentostore()
          .useL1Layer(memoryDriver({ maxSize: '50mb' }))
          .useL2Layer(redisDriver({ connection }))
          .useBus(redisBusDriver({ connection })),
      },
    });
    const tags = tag === undefined ? {} : { tags: [tag] };
    return {
      memory: true,
      get: (key) => cache.getOrSet({ key, ttl: TTL, factory: () => load(key), ...tags }),
      delete: (key) => cache.delete({ key }),
      invalidateTag: (name) => cache.deleteByTag({ tags: [name] }),
      close: () => cache.disconnectAll(),
    };
  },
};
