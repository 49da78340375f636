/** Over a real D1 and a real KV: a 304 reads no database, in this isolate or in one that has just begun. */
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createCache, memory } from 'tidemark';
import { type D1, d1Backend, type D1Statement } from 'tidemark/backends/d1';
import { createRepository, d1Source } from 'tidemark/content';
import { httpContent, itemOf, listOf } from 'tidemark/content/http';
import { type KvNamespace, workersKv } from 'tidemark/stores/workers-kv';
import { manualClock } from 'tidemark/testing';
import { get, post, type Post, START } from './posts.ts';
import { d1Over, DATABASE_WORKER } from '../../support/d1.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

type Batching = D1 & { batch(statements: D1Statement[]): Promise<unknown> };

let miniflare: Miniflare;
let real: Batching;
let namespace: KvNamespace;
beforeAll(async () => {
  const script = DATABASE_WORKER;
  miniflare = new Miniflare({ modules: true, script, d1Databases: ['DB'], kvNamespaces: ['CACHE'] });
  real = d1Over((url, init) => miniflare.dispatchFetch(url, init));
  namespace = (await miniflare.getKVNamespace('CACHE')) as unknown as KvNamespace;
  await real.prepare('CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, status TEXT, updatedAt TEXT)').all();
});
afterAll(() => miniflare.dispose());

/** The same database; statements are counted by whether they are about the posts or about the log. */
function counting() {
  const counts = { posts: 0, log: 0 };
  const counted = (sql: string, statement: D1Statement): D1Statement =>
    new Proxy(statement, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (name === 'bind') return (...values: never[]) => counted(sql, target.bind(...values));
        if (name !== 'all') return member;
        return async () => {
          counts[/"posts"/.test(sql) ? 'posts' : 'log']++;
          return target.all();
        };
      },
    });
  // What is only written needs no counting: a batch gets the statements themselves.
  const writing = { prepare: (sql: string) => real.prepare(sql), batch: (all: D1Statement[]) => real.batch(all) };
  return { reading: { ...writing, prepare: (sql: string) => counted(sql, real.prepare(sql)) }, writing, counts };
}

function isolate() {
  const clock = manualClock({ now: START });
  const { reading, writing, counts } = counting();
  const pending: Promise<unknown>[] = [];
  const background = (work: Promise<unknown>) => void pending.push(work);
  const { log } = d1Backend({ database: reading });
  const tiers = [memory(), workersKv({ namespace, clock, defer: background })];
  const cache = createCache({ clock, log, tiers, background });
  const of = (database: Batching) =>
    d1Source<Post>({
      database,
      table: 'posts',
      columns: { id: 'text', title: 'text', status: 'text', updatedAt: 'text' },
    });
  const reads = of(reading);
  const source = { ...of(writing), findByIds: reads.findByIds.bind(reads), findMany: reads.findMany.bind(reads) };
  const posts = createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text' } });
  const http = httpContent({ cache, clock, policies: { post: { public: true, maxAge: 0 } } });
  const settled = async () => {
    while (pending.length > 0) await pending.pop();
  };
  return { clock, cache, posts, counts, http, settled };
}

test('304s to 500 requests for items and lists read neither the data nor the log, while the log need not be asked', async () => {
  const { posts, http, counts, clock } = isolate();
  await posts.createMany([post('1'), post('2')]);
  const item = (headers = {}) => http.respond(get('/', headers), itemOf(posts, '1'));
  const list = (headers = {}) => http.respond(get('/', headers), listOf(posts, { where: { status: 'published' } }));
  const etags = await Promise.all([item(), list()].map(async (answer) => (await answer).headers.get('etag')!));
  const before = { ...counts };
  expect(before.posts).toBe(2);
  for (let i = 0; i < 250; i++) {
    expect((await item({ 'if-none-match': etags[0] })).status).toBe(304);
    expect((await list({ 'if-none-match': etags[1] })).status).toBe(304);
  }
  expect(counts).toEqual(before);

  clock.advance(5000); // then the log is asked, in the background; and still not the data
  for (let i = 0; i < 10; i++) expect((await item({ 'if-none-match': etags[0] })).status).toBe(304);
  expect(counts.posts).toBe(before.posts);
  console.log(`500 conditional requests: no statement. 10 more after 5 s: ${counts.log - before.log} to the log`);
});

test('an isolate that has just begun answers a 304 from KV: it asks the log, and not the data', async () => {
  const first = isolate();
  await first.posts.create(post('kv'));
  const etag = (await first.http.respond(get(), itemOf(first.posts, 'kv'))).headers.get('etag')!;
  await first.settled();

  const second = isolate();
  const ask = () => second.http.respond(get('/', { 'if-none-match': etag }), itemOf(second.posts, 'kv'));
  for (let i = 0; i < 10; i++) expect((await ask()).status).toBe(304);
  expect(second.counts.posts).toBe(0);
  console.log(`a new isolate: ${second.counts.log} statements to join the log, none to the data`);

  await first.posts.update('kv', { title: 'changed' });
  await second.cache.catchUp(first.cache.bookmark());
  expect(await (await ask()).json()).toMatchObject({ title: 'changed' });
  expect(second.counts.posts).toBe(1);
});
