/** The Redis backend keeps the contracts of store, log and backend, by every client, on one server and on a cluster. */
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { type RedisBackend, redisBackend, type RedisOptions } from 'tidemark/backends/redis';
import { backendSuite } from 'tidemark/testing';
import { until, withoutRedis } from '../../support/redis-server.ts';
import { clustered, type MakeClient, single } from './clients.ts';
import { cluster, oneServer, type Place } from './places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SMALL: Partial<RedisOptions> = { keepChanges: 100, keepStamps: 100 };
const CALL = { signal: new AbortController().signal };

interface Made {
  readonly backend: RedisBackend;
  readonly prefix: string;
  readonly all: RedisBackend[];
}

function suite(
  name: string,
  client: MakeClient,
  start: () => Promise<Place>,
  lose: (place: Place, made: Made) => Promise<void>,
): void {
  describe.skipIf(withoutRedis)(name, () => {
    let place: Place | undefined;
    let made = 0;
    const prefixes = new WeakMap<object, string>();
    beforeAll(async () => void (place = await start()));
    afterAll(async () => place?.close());

    const open = (prefix: string, options: Partial<RedisOptions> = {}) => {
      const backend = redisBackend({ client: client(place!.servers), prefix, ...options });
      prefixes.set(backend, prefix);
      return backend;
    };
    const make = (options?: Partial<RedisOptions>) => (): Made => {
      const prefix = `test ${++made}`;
      const backend = open(prefix, options);
      return { backend, prefix, all: [backend] };
    };
    backendSuite(
      { describe, it },
      {
        name,
        make: make(),
        makeSmall: make(SMALL),
        another: ({ prefix, all }) => {
          const backend = open(prefix);
          all.push(backend);
          return backend;
        },
        reopen: (closed) => open(prefixes.get(closed)!),
        lose: (one) => lose(place!, one),
        commit: false,
        leases: { passTime: (_, ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      },
    );
  });
}

async function flush({ servers }: Place): Promise<void> {
  for (const server of servers) await server.ask('FLUSHALL');
}

async function restart({ servers }: Place, { all }: Made): Promise<void> {
  for (const server of servers) {
    await server.kill();
    await server.up();
  }
  for (const backend of all) await until('the connection is there again', async () => answers(backend));
}

async function answers({ log }: RedisBackend): Promise<boolean> {
  try {
    await log.position(CALL);
    return true;
  } catch {
    return false;
  }
}

suite('node-redis, one server that is flushed', single['node-redis'], oneServer, flush);
suite('ioredis, one server that is restarted', single.ioredis, oneServer, restart);
suite('node-redis, a cluster', clustered['node-redis'], cluster, flush);
suite('ioredis, a cluster', clustered.ioredis, cluster, flush);
