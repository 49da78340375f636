/** The client libraries that the backend is handed clients of, each as a test wants them. */
import { Cluster as IoCluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { RedisClient } from 'tidemark/backends/redis';
import type { RedisServer } from '../../support/redis-server.ts';

/** Makes a client that isn't connected and never will be: the backend works with copies. */
export type MakeClient = (servers: readonly RedisServer[]) => RedisClient;

/** For one server. */
export const single = {
  'node-redis': ([server]: readonly RedisServer[]): RedisClient => createClient({ url: server.url }),
  ioredis: ([server]: readonly RedisServer[]): RedisClient => new Redis(server.url, { lazyConnect: true }),
} satisfies Record<string, MakeClient>;

/** For a cluster. */
export const clustered = {
  'node-redis': (servers: readonly RedisServer[]): RedisClient =>
    createCluster({ rootNodes: servers.map(({ url }) => ({ url })) }),
  ioredis: (servers: readonly RedisServer[]): RedisClient =>
    new IoCluster(
      servers.map(({ port }) => ({ host: '127.0.0.1', port })),
      { lazyConnect: true },
    ),
} satisfies Record<string, MakeClient>;
