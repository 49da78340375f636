/** The hit path: 1,000 hot text keys in random order, against a Map, lru-cache with a TTL, and an awaited async function. */
import { LRUCache } from 'lru-cache';
import { createCache } from 'tidemark';
import { order, rounds, type Subject, time } from './rounds.ts';
import type { Table } from './table.ts';

interface Asked {
  readonly subject: object;
  readonly method: string;
  readonly keys: readonly string[];
}

/** A loop of its own for each subject, made from one text: the same shape for all, and no shared type feedback. */
function loop({ subject, method, keys }: Asked, awaited: 'await' | ''): Subject {
  const text = `return ${awaited ? 'async ' : ''}(times) => {
    let found = 0;
    for (let i = 0; i < times; i++) if (${awaited} subject.${method}(keys[i & ${keys.length - 1}]) !== undefined) found++;
    if (found !== times) throw new Error('a hit was missed');
  }`;
  // oxlint-disable-next-line typescript/no-implied-eval -- a constant text: one function for each subject, so that none is slowed by another's types
  return new Function('subject', 'keys', text)(subject, keys) as Subject;
}

/** Measure hits. */
export async function hits(): Promise<Table> {
  const names = Array.from({ length: 1000 }, (_, i) => `key:${i}`);
  const keys = order(names);
  const map = new Map(names.map((name) => [name, { name }]));
  const lru = new LRUCache<string, object>({ max: 2000, ttl: 3_600_000 });
  for (const name of names) lru.set(name, { name });
  const cache = createCache({ name: 'bench' });
  const posts = cache.define('post', { load: (name) => ({ name }), ttl: '1h' });
  await posts.getMany(names);
  const around = { get: async (name: string) => map.get(name) };
  const now = await rounds(
    {
      map: loop({ subject: map, method: 'get', keys }, ''),
      lru: loop({ subject: lru, method: 'get', keys }, ''),
      peek: loop({ subject: posts, method: 'peek', keys }, ''),
      async: loop({ subject: around, method: 'get', keys }, 'await'),
      get: loop({ subject: posts, method: 'get', keys }, 'await'),
    },
    500_000,
  );
  await cache.close();
  return {
    title: 'Hits: 1,000 hot text keys, random order',
    rows: [
      { name: 'Map.get', figure: time(now.map), ratios: {} },
      { name: 'lru-cache get, with ttl', figure: time(now.lru), ratios: { Map: now.lru / now.map } },
      {
        name: 'tidemark peek, policy lru',
        figure: time(now.peek),
        ratios: { Map: now.peek / now.map, 'lru-cache': now.peek / now.lru },
        budget: { text: '≤ 1.5 × Map and ≤ lru-cache', kept: now.peek <= 1.5 * now.map && now.peek <= now.lru },
      },
      { name: 'await an async function around Map.get', figure: time(now.async), ratios: { Map: now.async / now.map } },
      {
        name: 'await tidemark get',
        figure: time(now.get),
        ratios: { 'async function': now.get / now.async },
        budget: { text: '≤ 1.5 × the async function', kept: now.get <= 1.5 * now.async },
      },
    ],
  };
}
