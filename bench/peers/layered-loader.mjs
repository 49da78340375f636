/** layered-loader: memory, Redis and its notifications over Redis, as its README has them; a tag is a group there. */
import { Redis } from 'ioredis-6';
import {
  createGroupNotificationPair,
  createNotificationPair,
  GroupLoader,
  Loader,
  RedisCache,
  RedisGroupCache,
} from 'layered-loader';
import { bareIoredis, ioredisOptions, TTL } from './shared.mjs';

export const peer = {
  packages: ['layered-loader', 'ioredis-6'],
  bare: (port) => bareIoredis(Redis, port),
  async open({ load, tag, ...opening }) {
    const clients = Array.from({ length: 3 }, () => new Redis(ioredisOptions(opening)).on('error', () => {}));
    const [redis, publisherRedis, consumerRedis] = clients;
    const pair = { channel: 'notifications', publisherRedis, consumerRedis };
    const stored = {
      json: true,
      ttlInMsecs: TTL,
      ...(opening.setup === 'hardened' ? { timeoutInMsecs: 1000 } : {}),
    };
    const close = () => clients.forEach((client) => client.disconnect());
    if (tag === undefined) {
      const { publisher, consumer } = createNotificationPair(pair);
      const loader = new Loader({
        inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: TTL, maxItems: 20_000 },
        asyncCache: new RedisCache(redis, stored),
        dataSourceGetOneFn: load,
        notificationPublisher: publisher,
        notificationConsumer: consumer,
      });
      await loader.init();
      return { memory: true, get: (key) => loader.get(key), delete: (key) => loader.invalidateCacheFor(key), close };
    }
    const { publisher, consumer } = createGroupNotificationPair(pair);
    const loader = new GroupLoader({
      inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: TTL, maxGroups: 1000, maxItemsPerGroup: 20_000 },
      asyncCache: new RedisGroupCache(redis, stored),
      dataSources: [{ name: 'source', isCache: false, getFromGroup: load }],
      notificationPublisher: publisher,
      notificationConsumer: consumer,
    });
    await loader.init();
    return {
      memory: true,
      get: (key) => loader.get(key, tag),
      delete: (key) => loader.invalidateCacheFor(key, tag),
      invalidateTag: (name) => loader.invalidateCacheForGroup(name),
      close,
    };
  },
};
