/** A hit that says where it came from and how long it is fresh, of an item and of a list, against lru-cache. */
import { LRUCache } from 'lru-cache';
import { createCache } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { createCacheServices } from 'tidemark/content/service';
import { rounds, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { FIELDS, type Post, post, posts, sectionQuery } from './posts.ts';

const KEYS = 64;
const MOST = 3; // times a hit of lru-cache, or, for an item of a repository, of a collection

/** Measure hits. */
export async function contentHits(): Promise<Table> {
  const lru = new LRUCache<string, object>({ max: 1000, ttl: 3_600_000 });
  const copied = createCacheServices({ cache: createCache({ name: 'copied' }) }).get('content');
  const frozen = createCacheServices({ cache: createCache({ name: 'frozen' }), values: 'frozen' }).get('content');
  const cache = createCache({ name: 'bench' });
  const collection = cache.define<object>('content', { ttl: '1h' });
  const source = memorySource<Post>();
  const repository = createRepository<Post>({ cache, name: 'post', source, fields: FIELDS });
  await repository.createMany(Array.from({ length: 1000 }, (_, n) => post(n)));
  const kinds = ['post', 'list'] as const;
  const keys = { post: [] as string[], list: [] as string[] };
  for (const kind of kinds)
    for (let n = 0; n < KEYS; n++) {
      const key = frozen.generateKey(kind, String(n));
      keys[kind].push(key);
      const value = () => (kind === 'post' ? post(n) : posts(n));
      lru.set(key, value());
      await copied.set(key, value());
      await frozen.set(key, value());
      await collection.set(key, value());
    }
  const bare = (kind: 'post' | 'list') => (times: number) => {
    for (let i = 0; i < times; i++) if (!lru.get(keys[kind][i % KEYS])) throw new Error('a hit was missed');
  };
  const withTtl = (kind: 'post' | 'list') => (times: number) => {
    for (let i = 0; i < times; i++) {
      const key = keys[kind][i % KEYS];
      if (!lru.get(key) || lru.getRemainingTTL(key) <= 0) throw new Error('a hit was missed');
    }
  };
  const asked = (kind: 'post' | 'list') => (times: number) => {
    for (let i = 0; i < times; i++) {
      const answer = collection.ask(keys[kind][i % KEYS]);
      if (!('tier' in answer) || !answer.value || answer.freshFor <= 0) throw new Error('a hit was missed');
    }
  };
  const awaited = (kind: 'post' | 'list') => async (times: number) => {
    const get = async (key: string) => lru.get(key);
    for (let i = 0; i < times; i++) if (!(await get(keys[kind][i % KEYS]))) throw new Error('a hit was missed');
  };
  const told = (service: typeof frozen, kind: 'post' | 'list') => async (times: number) => {
    for (let i = 0; i < times; i++)
      if (!(await service.getWithSource(keys[kind][i % KEYS])).hit) throw new Error('a hit was missed');
  };
  const plain = (kind: 'post' | 'list') => async (times: number) => {
    for (let i = 0; i < times; i++) if (!(await collection.get(keys[kind][i % KEYS]))) throw new Error('missed');
  };
  const query = sectionQuery(7);
  const ns = await rounds(
    {
      post: bare('post'),
      list: bare('list'),
      awaitedPost: awaited('post'),
      awaitedList: awaited('list'),
      ttlPost: withTtl('post'),
      ttlList: withTtl('list'),
      askedPost: asked('post'),
      askedList: asked('list'),
      toldPost: told(frozen, 'post'),
      toldList: told(frozen, 'list'),
      copiedPost: told(copied, 'post'),
      copiedList: told(copied, 'list'),
      plainPost: plain('post'),
      plainList: plain('list'),
      item: async (times) => {
        for (let i = 0; i < times; i++) if (!(await repository.findById('7'))) throw new Error('missed');
      },
      found: async (times) => {
        for (let i = 0; i < times; i++) if ((await repository.findMany(query)).length < 15) throw new Error('missed');
      },
    },
    2000,
  );
  await cache.close();
  const bases = { post: ns.post, list: ns.list };
  const waited = { post: ns.awaitedPost, list: ns.awaitedList };
  const withTtls = { post: ns.ttlPost, list: ns.ttlList };
  const row = (name: string, figure: number, kind: 'post' | 'list', how: 'awaited' | 'at once' = 'awaited') => {
    const fair =
      how === 'awaited'
        ? { 'lru-cache, awaited': figure / waited[kind] }
        : { 'lru-cache with its TTL': figure / withTtls[kind] };
    return { name, figure: time(figure), ratios: { 'lru-cache': figure / bases[kind], ...fair } };
  };
  const bounded = (name: string, figure: number, kind: 'post' | 'list', how?: 'at once') => ({
    ...row(name, figure, kind, how),
    budget: { text: `≤ ${MOST} × lru-cache`, kept: figure <= MOST * bases[kind] },
  });
  const size = (value: unknown) => `${(JSON.stringify(value).length / 1000).toFixed(1)} kB`;
  return {
    title: `Content hits: an item of ${size(post(7))}, a list of ${size(posts(7))}`,
    rows: [
      { name: 'lru-cache get, an item', figure: time(ns.post), ratios: {} },
      row('await an async function around it', ns.awaitedPost, 'post'),
      row('get and getRemainingTTL', ns.ttlPost, 'post', 'at once'),
      bounded('collection.ask, an item', ns.askedPost, 'post', 'at once'),
      bounded("getWithSource, values: 'frozen', an item", ns.toldPost, 'post'),
      row("getWithSource, values: 'copied', an item", ns.copiedPost, 'post'),
      row('collection.get, an item', ns.plainPost, 'post'),
      {
        ...row('repository.findById', ns.item, 'post'),
        budget: { text: `≤ ${MOST} × collection.get`, kept: ns.item <= MOST * ns.plainPost },
      },
      { name: 'lru-cache get, a list', figure: time(ns.list), ratios: {} },
      row('await an async function around it', ns.awaitedList, 'list'),
      row('get and getRemainingTTL', ns.ttlList, 'list', 'at once'),
      bounded('collection.ask, a list', ns.askedList, 'list', 'at once'),
      bounded("getWithSource, values: 'frozen', a list", ns.toldList, 'list'),
      row("getWithSource, values: 'copied', a list", ns.copiedList, 'list'),
      row('collection.get, a list', ns.plainList, 'list'),
      row('repository.findMany', ns.found, 'list'),
    ],
  };
}
