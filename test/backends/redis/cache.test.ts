/** Caches in several processes on one server: coherent without waiting for a poll, one load among all, one round trip for an entry. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Cache, type CacheOptions, createCache, memory } from 'tidemark';
import { redisBackend } from 'tidemark/backends/redis';
import { manualClock } from 'tidemark/testing';
import { deferred } from '../../support/deferred.ts';
import { until, withoutRedis } from '../../support/redis-server.ts';
import { blockedOn, type Place, places } from './places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** A truth that counts how often it is asked. */
class Source {
  readonly values = new Map<string, number>();
  loads = 0;
  readonly load = async (key: string): Promise<number> => {
    this.loads++;
    return this.values.get(key) ?? 0;
  };
}

describe.skipIf(withoutRedis).each(places)('%s', (_name, client, start) => {
  let place: Place | undefined;
  const caches: Cache[] = [];
  beforeAll(async () => void (place = await start()));
  beforeEach(async () => {
    for (const cache of caches.splice(0)) await cache.close();
    for (const server of place!.servers) await server.ask('FLUSHALL');
  });
  afterAll(async () => {
    for (const cache of caches) await cache.close();
    await place?.close();
  });

  /** A cache as another process has it. Its clock stands still, so that it never polls. */
  function open(source: Source, more: Partial<CacheOptions> = {}) {
    const backend = redisBackend({ client: client(place!.servers) });
    const cache = createCache({ name: 'shop', tiers: [memory(), backend], clock: manualClock(), ...more });
    caches.push(cache);
    return { cache, backend, stock: cache.define('stock', { load: source.load, tags: (value) => [`v${value}`] }) };
  }

  test('what one invalidates, the other follows without having polled', async () => {
    const source = new Source();
    const [one, two] = [open(source), open(source)];
    expect([await one.stock.get('k'), await two.stock.get('k')]).toEqual([0, 0]);
    expect(source.loads).toBe(1);
    await until('both wait for news', async () => (await blockedOn(place!)) === 2);
    const ways = [
      () => one.stock.invalidate('k'),
      () => one.stock.invalidate(),
      () => one.cache.invalidate({ tags: [`v${source.loads - 1}`] }),
      () => one.cache.invalidate({ pattern: 'stock:*' }),
      () => one.cache.invalidate({ all: true }),
    ];
    for (const invalidate of ways) {
      source.values.set('k', source.loads);
      expect(await invalidate()).toMatchObject({ reach: 'everywhere' });
      await until('the other sees it', async () => (await two.stock.get('k')) === source.values.get('k'));
      expect(await one.stock.get('k')).toBe(source.values.get('k'));
    }
    expect(source.loads).toBe(1 + ways.length);
  });

  test('what one sets, the other reads', async () => {
    const source = new Source();
    const [one, two] = [open(source), open(source)];
    await two.stock.get('k');
    await until('both wait for news', async () => (await blockedOn(place!)) === 2);
    await one.stock.set('k', 42);
    await until('the other reads it', async () => (await two.stock.get('k')) === 42);
    expect(source.loads).toBe(1);
  });

  test('a load that a change has overtaken is not stored for the others', async () => {
    const source = new Source();
    const gate = deferred();
    const one = open(source);
    const two = open(source);
    const slow = one.cache.define('slow', {
      load: async () => {
        const value = await source.load('k');
        await gate.promise;
        return value;
      },
    });
    const fresh = two.cache.define('slow', { load: () => source.load('k') });
    const loading = slow.get('k');
    await until('the load has begun', () => source.loads > 0);
    source.values.set('k', 1);
    await fresh.invalidate('k');
    gate.resolve();
    await loading;
    expect(await fresh.get('k')).toBe(1);
    await until('the first follows', async () => (await slow.get('k')) === 1);
  });

  test('many who miss the same key make one load', async () => {
    const source = new Source();
    const all = Array.from({ length: 6 }, () => open(source));
    const values = await Promise.all(all.flatMap(({ stock }) => [stock.get('k'), stock.get('k')]));
    expect(new Set(values)).toEqual(new Set([0]));
    expect(source.loads).toBe(1);
  });

  test('in the steady state an entry costs one round trip to be read', async () => {
    const source = new Source();
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const writer = open(source);
    for (const key of keys) await writer.stock.get(key);
    const reader = open(source);
    await reader.stock.get('k0');
    await until('both wait for news', async () => (await blockedOn(place!)) === 2);
    for (const server of place!.servers) await server.ask('CONFIG', 'RESETSTAT');
    for (const key of keys.slice(1)) await reader.stock.get(key);
    const counts = new Map<string, number>();
    for (const server of place!.servers)
      for (const [name, count] of await server.calls()) counts.set(name, (counts.get(name) ?? 0) + count);
    expect((counts.get('mget') ?? 0) + (counts.get('get') ?? 0)).toBe(19);
    expect(counts.get('evalsha') ?? 0).toBe(0);
    expect(source.loads).toBe(20);
  });
});
