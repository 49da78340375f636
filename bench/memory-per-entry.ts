/** Bytes of memory for an entry beyond its key and value: TTL, mark and dependencies included. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LRUCache } from 'lru-cache';
import { createCache, memory } from 'tidemark';
import type { Table } from './table.ts';

const ENTRIES = 100_000;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

function used(): number {
  for (let i = 0; i < 4; i++) gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Measure what a filled container adds, keys and values having been there before. */
export async function memoryPerEntry(): Promise<Table> {
  const keys = Array.from({ length: ENTRIES }, (_, i) => `key:${i}`);
  const value = Object.freeze({ name: 'x' });
  const held: unknown[] = [];
  const measure = async (fill: () => unknown): Promise<number> => {
    const before = used();
    held.push(await fill());
    return (used() - before) / ENTRIES;
  };
  const filled = async (tags: readonly string[]) => {
    const cache = createCache({ name: 'bench', tiers: [memory({ maxEntries: ENTRIES })] });
    const posts = cache.define<object>('post', { load: () => value, ttl: '1h', tags: () => tags });
    for (let i = 0; i < ENTRIES; i += 1000) await posts.getMany(keys.slice(i, i + 1000));
    return cache;
  };
  await measure(() => filled([])); // warm code is measured, not its compilation
  const map = await measure(() => new Map(keys.map((key) => [key, value])));
  const lru = await measure(() => {
    const cache = new LRUCache<string, object>({ max: ENTRIES, ttl: 3_600_000 });
    for (const key of keys) cache.set(key, value);
    return cache;
  });
  const plain = await measure(() => filled([]));
  const tagged = await measure(() => filled(['shared']));
  const row = (name: string, bytes: number) => ({
    name,
    figure: `${bytes.toFixed(0)} B`,
    ratios: { Map: bytes / map },
  });
  const budget = (bytes: number) => ({ budget: { text: '≤ 110 B', kept: bytes <= 110 } });
  if (held.length !== 5) throw new Error('something measured was not kept');
  return {
    title: `Memory for an entry beyond key and value, ${ENTRIES.toLocaleString('en')} entries`,
    rows: [
      row('Map', map),
      row('lru-cache, with ttl', lru),
      { ...row('tidemark, policy lru, with ttl', plain), ...budget(plain) },
      { ...row('tidemark, policy lru, with ttl and a tag', tagged), ...budget(tagged) },
    ],
  };
}
