/** cacheable: memory, Redis through Keyv, and its sync over Redis, as its README has them. */
import KeyvRedis, { createKeyvNonBlocking } from '@keyv/redis';
import { RedisMessageProvider } from '@qified/redis';
import { createClient } from '@redis/client';
import { Cacheable } from 'cacheable';
import { bareNodeRedis, TTL } from './shared.mjs';

export const peer = {
  packages: ['cacheable', '@qified/redis', '@keyv/redis', '@redis/client'],
  bare: (port) => bareNodeRedis(createClient, port),
  async open({ port, load, tag, setup }) {
    const url = `redis://127.0.0.1:${port}`;
    const hardened = setup === 'hardened';
    const provider = new RedisMessageProvider({ uri: url });
    // Its clients, which its types call private, have no listener for errors: a lost connection ends the process.
    if (hardened) for (const client of [provider.pub, provider.sub]) client.on('error', () => {});
    const cache = new Cacheable({
      secondary: hardened ? createKeyvNonBlocking(url) : new KeyvRedis(url),
      nonBlocking: hardened,
      sync: { qified: provider },
      ttl: TTL,
      tags: tag !== undefined,
    });
    cache.on('error', () => {});
    return {
      memory: true,
      // Its get-or-load takes no tags: with a tag, the three steps that its README shows.
      get: tag === undefined ? (key) => cache.getOrSet(key, () => load(key)) : (key) => byHand(cache, key, load, tag),
      delete: (key) => cache.delete(key),
      invalidateTag: (name) => cache.tags.invalidateTag(name),
      close: () => cache.disconnect(),
    };
  },
};

async function byHand(cache, key, load, tag) {
  const found = await cache.get(key);
  if (found !== undefined) return found;
  const value = await load(key);
  await cache.set(key, value, { ttl: TTL, tags: [tag] });
  return value;
}
