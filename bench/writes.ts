/** Filling: storing into a full tier, a cold read, and a read after something else has changed. */
import { LRUCache } from 'lru-cache';
import { createCache, memory } from 'tidemark';
import { rounds, time } from './rounds.ts';
import type { Table } from './table.ts';

const CAPACITY = 10_000;

/** Measure writes and misses. */
export async function writes(): Promise<Table> {
  const value = Object.freeze({ name: 'x' });
  const lru = new LRUCache<string, object>({ max: CAPACITY, ttl: 3_600_000 });
  const cache = createCache({ name: 'bench', tiers: [memory({ maxEntries: CAPACITY })] });
  const posts = cache.define<object>('post', { ttl: '1h' });
  const loaded = cache.define<object>('loaded', { load: () => value, ttl: '1h' });
  const tagged = cache.define<object>('tagged', { load: () => value, ttl: '1h', tags: () => ['a', 'b'] });
  const names = Array.from({ length: 1000 }, (_, i) => `key:${i}`);
  await tagged.getMany(names);
  let n = 0;
  const now = await rounds(
    {
      lru: (times) => {
        for (let i = 0; i < times; i++) lru.set(`key:${n++}`, value);
      },
      set: async (times) => {
        for (let i = 0; i < times; i++) await posts.set(`key:${n++}`, value);
      },
      load: async (times) => {
        for (let i = 0; i < times; i++) await loaded.get(`key:${n++}`);
      },
    },
    10_000,
    15,
  );
  await tagged.getMany(names);
  const recheck = await rounds(
    {
      unchanged: (times) => {
        for (let i = 0; i < times; i++) if (tagged.peek(names[i]) === undefined) throw new Error('a hit was missed');
      },
      changed: async (times) => {
        await cache.invalidate({ tags: ['another'] });
        for (let i = 0; i < times; i++) if (tagged.peek(names[i]) === undefined) throw new Error('a hit was missed');
      },
    },
    1000,
    200,
  );
  await cache.close();
  return {
    title: `Filling a full tier of ${CAPACITY.toLocaleString('en')} entries, and reading after something else changed`,
    rows: [
      { name: 'lru-cache set, evicting', figure: time(now.lru), ratios: {} },
      {
        name: 'await tidemark set, evicting (a logged change)',
        figure: time(now.set),
        ratios: { 'lru-cache': now.set / now.lru },
      },
      {
        name: 'await tidemark get, loading and evicting',
        figure: time(now.load),
        ratios: { 'lru-cache set': now.load / now.lru },
      },
      { name: 'peek, two tags, nothing changed', figure: time(recheck.unchanged), ratios: {} },
      {
        name: 'peek, two tags, something else changed before',
        figure: time(recheck.changed),
        ratios: { unchanged: recheck.changed / recheck.unchanged },
      },
    ],
  };
}
