/** async-cache-dedupe: Redis alone, as its README has it; it has one storage at a time, so no memory above and no bus. */
import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis';
import { bareIoredis, ioredisOptions, TTL } from './shared.mjs';

export const peer = {
  packages: ['async-cache-dedupe', 'ioredis'],
  bare: (port) => bareIoredis(Redis, port),
  async open({ load, tag, ...opening }) {
    const ttl = TTL / 1000;
    const client = new Redis(ioredisOptions(opening)).on('error', () => {});
    const invalidation = tag === undefined ? {} : { invalidation: { referencesTTL: ttl } };
    const cache = createCache({ ttl, storage: { type: 'redis', options: { client, ...invalidation } } });
    cache.define('value', tag === undefined ? {} : { references: () => [tag] }, load);
    return {
      memory: false,
      get: (key) => cache.value(key),
      delete: (key) => cache.clear('value', key),
      invalidateTag: (name) => cache.invalidateAll(name),
      close: () => client.disconnect(),
    };
  },
};
