/** Where the backend is tested: by each client, on one server and on a cluster. */
import { RedisCluster, RedisServer } from '../../support/redis-server.ts';
import { clustered, type MakeClient, single } from './clients.ts';

/** Servers that belong together. */
export interface Place {
  readonly servers: readonly RedisServer[];
  close(): Promise<void>;
}

export const oneServer = async (): Promise<Place> => {
  const server = await RedisServer.start();
  return { servers: [server], close: () => server.close() };
};

export const cluster = (): Promise<Place> => RedisCluster.start();

/** Every place with every client: a name, how to make a client, how to start the servers. */
export const places: readonly (readonly [string, MakeClient, () => Promise<Place>])[] = [
  ['node-redis', single['node-redis'], oneServer],
  ['ioredis', single.ioredis, oneServer],
  ['node-redis, a cluster', clustered['node-redis'], cluster],
  ['ioredis, a cluster', clustered.ioredis, cluster],
];

/** How many connections to a place's servers wait there for something. */
export async function blockedOn({ servers }: Place): Promise<number> {
  const infos = await Promise.all(servers.map(async (server) => server.ask('INFO', 'clients')));
  return infos.reduce((sum, info) => sum + Number(/blocked_clients:(\d+)/.exec(info)?.[1]), 0);
}
