/** Keyframes on a Redis server: the contract is kept by every client, and a server that comes back still has them. */
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { redisBackend } from 'tidemark/backends/redis';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { keyValueSuite } from 'tidemark/testing';
import { storeKeyValues, type StoreKeyValues } from 'tidemark/documents';
import { clustered, type MakeClient, single } from '../../backends/redis/clients.ts';
import { cluster, oneServer, type Place } from '../../backends/redis/places.ts';
import { until, withoutRedis } from '../../support/redis-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let made = 0;

function suite(name: string, client: MakeClient, start: () => Promise<Place>, prefix?: string): void {
  describe.skipIf(withoutRedis)(name, () => {
    let place: Place | undefined;
    const spaces = new WeakMap<object, string>();
    beforeAll(async () => void (place = await start()));
    afterAll(async () => place?.close());

    const open = (space: string, within = prefix): StoreKeyValues => {
      const backend = () => redisBackend({ client: client(place!.servers), prefix: space, codec: bytesCodec });
      const store = storeKeyValues(backend, within === undefined ? {} : { prefix: within });
      spaces.set(store, space);
      return store;
    };
    keyValueSuite(
      { describe, it },
      {
        name,
        open: () => open(`keyframes ${++made}`),
        reopen: (closed) => open(spaces.get(closed)!),
        another: (first) => open(spaces.get(first)!),
        ...(prefix && { beside: (first) => open(spaces.get(first)!, 'others') }),
      },
    );
  });
}

suite('node-redis, one server', single['node-redis'], oneServer);
suite('node-redis, one server that is shared', single['node-redis'], oneServer, 'keyframes');
suite('ioredis, one server', single.ioredis, oneServer);
suite('ioredis, a cluster that is shared', clustered.ioredis, cluster, 'keyframes');

describe.skipIf(withoutRedis)('a server in trouble', () => {
  let place: Place | undefined;
  beforeAll(async () => void (place = await oneServer()));
  afterAll(async () => place?.close());

  test('that is restarted begins another log, takes what is put afterwards, and still has what it has kept itself', async () => {
    const [server] = place!.servers;
    const backend = redisBackend({ client: single['node-redis']([server]), codec: bytesCodec });
    const store = storeKeyValues(backend);
    await store.startup();
    await store.put('before', Uint8Array.of(1));
    await server.ask('SAVE');
    await server.kill();
    await server.up();
    await until('the connection is there again', async () => {
      try {
        await store.get('before');
        return true;
      } catch {
        return false;
      }
    });
    await store.put('after', Uint8Array.of(2)); // with a mark of the log that was: asked for anew
    expect(store.refused).toBe(0);
    expect(await store.get('after')).toEqual(Uint8Array.of(2));
    expect(await store.get('before')).toEqual(Uint8Array.of(1));
    backend.close();
  });

  test('that is full and may not evict takes no more, says so, and still answers', async () => {
    const [server] = place!.servers;
    const backend = redisBackend({ client: single.ioredis([server]), prefix: 'full', codec: bytesCodec });
    const store = storeKeyValues(backend);
    await store.put('a', Uint8Array.of(1));
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await server.ask('CONFIG', 'SET', 'maxmemory', '1');
    await expect(store.put('b', Uint8Array.of(2))).rejects.toThrow(/OOM/);
    expect(await store.get('a')).toEqual(Uint8Array.of(1));
    await server.ask('CONFIG', 'SET', 'maxmemory', '0');
    await store.put('b', Uint8Array.of(2));
    expect(await store.get('b')).toEqual(Uint8Array.of(2));
    backend.close();
  });
});
