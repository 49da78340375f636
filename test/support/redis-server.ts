/** Real Redis servers for tests, alone and as a cluster, and what says that there can be none here. */
import { spawnSync } from 'node:child_process';
import { freePort, RedisServer } from '../../demo/redis-server.ts';
import { until as looked } from '../../demo/until.ts';

export { freePort, RedisServer };

/** Why tests with a server can't run here; undefined if they can. With REQUIRE_ALL=1 they run, and fail. */
export const withoutRedis: string | undefined =
  process.env['REQUIRE_ALL'] === '1' || spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is not installed';

/** Resolves when something is so; rejects after half a minute. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  if ((await looked(isSo, { patience: 30_000 })) === undefined) throw new Error(`waited in vain until ${what}`);
}

type BusServer = RedisServer & { readonly busPort: number };

/** Three servers that share the slots of a cluster. */
export class RedisCluster {
  readonly servers: readonly BusServer[];

  private constructor(servers: readonly BusServer[]) {
    this.servers = servers;
  }

  static async start(): Promise<RedisCluster> {
    const cluster = new RedisCluster(await Promise.all([0, 1, 2].map(startWithBus)));
    try {
      await cluster.#join();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  async #join(): Promise<void> {
    const [first, ...others] = this.servers;
    for (const [i, server] of this.servers.entries())
      await server.ask('CLUSTER', 'ADDSLOTSRANGE', `${5461 * i}`, `${i === 2 ? 16_383 : 5461 * i + 5460}`);
    for (const { port, busPort } of others) await first.ask('CLUSTER', 'MEET', '127.0.0.1', `${port}`, `${busPort}`);
    for (const server of this.servers)
      await until('the cluster is whole', async () => {
        const info = await server.ask('CLUSTER', 'INFO');
        return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
      });
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map(async (one) => one.close()));
  }
}

/** The bus of a cluster listens ten thousand ports higher unless told otherwise, and that may be no port at all. */
async function startWithBus(): Promise<BusServer> {
  const busPort = await freePort();
  const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-port', `${busPort}`];
  return Object.assign(await RedisServer.start(...options), { busPort });
}
