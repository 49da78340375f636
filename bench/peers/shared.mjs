/** What the adapters have in common: how long values live, and a client by itself as the yardstick. */

/** Longer than any run, in milliseconds: nothing measured here is the work of an expiry. */
export const TTL = 3_600_000;

/** An ioredis client as the bare thing that a cache over it is measured by. */
export function bareIoredis(Redis, port) {
  const client = new Redis({ host: '127.0.0.1', port });
  return {
    get: (key) => client.get(key),
    set: (key, text) => client.set(key, text, 'PX', TTL),
    close: () => client.disconnect(),
  };
}

/** A node-redis client as the bare thing. */
export async function bareNodeRedis(createClient, port) {
  const client = createClient({ url: `redis://127.0.0.1:${port}` }).on('error', () => {});
  await client.connect();
  return {
    get: (key) => client.get(key),
    set: (key, text) => client.set(key, text, { PX: TTL }),
    close: () => client.destroy(),
  };
}

/** Options of ioredis: those of its manual's first example, or with all that makes it give up soon. */
export function ioredisOptions({ port, setup }) {
  const place = { host: '127.0.0.1', port };
  return setup === 'hardened' ? { ...place, maxRetriesPerRequest: 1, commandTimeout: 1000 } : place;
}
