/** A set when memory is full, a write with many lists in memory, and what happens when many miss at once. */
import { LRUCache } from 'lru-cache';
import { createCache, memory } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { median, rounds, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { counted } from './counted.ts';
import { FIELDS, type Post, post } from './posts.ts';

const CAPACITY = 10_000;
const LISTS = 1000;
const MOST = 3; // times a set of lru-cache
const MOST_WRITE = 100_000; // nanoseconds

/** Measure writes. */
export async function contentWrites(): Promise<Table> {
  const ns = await sets();
  const lists = await updates(LISTS);
  const none = await updates(0);
  const source = await sourceAlone();
  const loads = await misses();
  const row = (name: string, figure: number, base: number, budget = false) => ({
    name,
    figure: time(figure),
    ratios: { 'lru-cache': figure / base },
    ...(budget && { budget: { text: `≤ ${MOST} × lru-cache`, kept: figure / base <= MOST } }),
  });
  return {
    title: `Content writes: a full memory of ${CAPACITY.toLocaleString('en')} entries; ${LISTS.toLocaleString('en')} lists cached`,
    rows: [
      { name: 'lru-cache set, posts that are there', figure: time(ns.lru), ratios: {} },
      row("await collection.set, values: 'frozen'", ns.frozen, ns.lru, true),
      row("await collection.set, values: 'shared'", ns.shared, ns.lru),
      { name: 'making a post and lru-cache set', figure: time(ns.lruMade), ratios: {} },
      row('making a post and await collection.set', ns.frozenMade, ns.lruMade),
      { name: 'update of the source alone (CPU)', figure: time(source), ratios: {} },
      { name: 'repository.update, no list cached (CPU)', figure: time(none), ratios: {} },
      {
        name: `repository.update, ${LISTS.toLocaleString('en')} lists cached (CPU)`,
        figure: time(lists),
        ratios: { 'no list': lists / none },
        budget: { text: '≤ 100 µs beyond the source', kept: lists - source <= MOST_WRITE },
      },
      {
        name: '100 concurrent misses of an item and a list',
        figure: `${loads} loads`,
        ratios: {},
        budget: { text: '2 loads', kept: loads === 2 },
      },
    ],
  };
}

/** Sets into caches that are full: of posts made before, the same for all, and of one made for each. */
async function sets(): Promise<Record<'lru' | 'frozen' | 'shared' | 'lruMade' | 'frozenMade', number>> {
  const lru = new LRUCache<string, object>({ max: CAPACITY, ttl: 3_600_000 });
  const caches = ['frozen', 'shared'].map((name) => createCache({ name, tiers: [memory({ maxEntries: CAPACITY })] }));
  const frozen = caches[0].define<Post>('post', { ttl: '1h' });
  const shared = caches[1].define<Post>('post', { ttl: '1h', values: 'shared' });
  const known = Array.from({ length: 1000 }, (_, n) => post(n));
  const size = known.length;
  let n = 0;
  const ns = await rounds(
    {
      lru: (times) => {
        for (let i = 0; i < times; i++) lru.set(`key:${n++}`, known[i % size]);
      },
      frozen: async (times) => {
        for (let i = 0; i < times; i++) await frozen.set(`key:${n++}`, known[i % size]);
      },
      shared: async (times) => {
        for (let i = 0; i < times; i++) await shared.set(`key:${n++}`, known[i % size]);
      },
      lruMade: (times) => {
        for (let i = 0; i < times; i++) lru.set(`key:${n++}`, { ...known[i % size] });
      },
      frozenMade: async (times) => {
        for (let i = 0; i < times; i++) await frozen.set(`key:${n++}`, { ...known[i % size] });
      },
    },
    CAPACITY,
  );
  for (const cache of caches) await cache.close();
  return ns;
}

/** Nanoseconds of CPU of an update while lists are cached that it makes wrong: they are filled anew between the batches. */
async function updates(lists: number): Promise<number> {
  const cache = createCache({ name: 'bench' });
  const source = memorySource<Post>();
  const items = createRepository<Post>({ cache, name: 'post', source, fields: FIELDS });
  await items.createMany(Array.from({ length: 100 }, (_, n) => post(n)));
  const batches: number[] = [];
  for (let batch = 0; batch < 30; batch++) {
    for (let n = 0; n < lists; n++)
      await items.findMany({ where: { status: 'published' }, sort: ['-createdAt'], limit: 20, offset: n });
    const begin = process.cpuUsage();
    for (let i = 0; i < 100; i++) await items.update(String(1 + (i % 9)), { updatedAt: batch * 100 + i });
    const { user, system } = process.cpuUsage(begin);
    batches.push((user + system) * 10);
  }
  await cache.close();
  return median(batches);
}

/** Nanoseconds of CPU of the same update without any cache. */
async function sourceAlone(): Promise<number> {
  const source = memorySource<Post>();
  await source.create(Array.from({ length: 100 }, (_, n) => post(n)));
  const batches: number[] = [];
  for (let batch = 0; batch < 30; batch++) {
    const begin = process.cpuUsage();
    for (let i = 0; i < 100; i++) await source.update([String(1 + (i % 9))], { updatedAt: batch * 100 + i });
    const { user, system } = process.cpuUsage(begin);
    batches.push((user + system) * 10);
  }
  return median(batches);
}

/** How often the source is asked by a hundred who miss the same item and the same list at once. */
async function misses(): Promise<number> {
  const cache = createCache({ name: 'bench' });
  const inner = memorySource<Post>();
  await inner.create(Array.from({ length: 100 }, (_, n) => post(n)));
  const { source, reads } = counted(inner);
  const items = createRepository<Post>({ cache, name: 'post', source, fields: FIELDS });
  const query = { where: { status: 'published' }, limit: 20 };
  await Promise.all(Array.from({ length: 100 }, () => [items.findById('7'), items.findMany(query)]).flat());
  await cache.close();
  return reads();
}
