/** What rules drop with a repository's write is committed with it, and rolled back with it. */
import sqlite from 'node-sqlite3-wasm';
import { afterEach, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { sqlBackend } from 'tidemark/backends/sql';
import { createContent, sqlSource } from 'tidemark/content';

interface Post {
  readonly id: string;
  readonly title: string;
}

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function begin() {
  const database = new sqlite.Database(':memory:');
  database.exec('CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT)');
  const query = (sql: string, params: readonly unknown[]) => database.all(sql, params as never);
  const { log } = sqlBackend({ dialect: 'sqlite', query });
  const cache = createCache({ tiers: [memory()], log });
  open.push(
    () => cache.close(),
    () => database.close(),
  );
  const content = createContent({ cache });
  const posts = content.repository<Post>({
    name: 'post',
    source: sqlSource<Post>({
      dialect: 'sqlite',
      table: 'posts',
      columns: { id: 'text', title: 'text' },
      query,
      async transaction(work) {
        database.exec('BEGIN');
        try {
          const result = await work(query);
          database.exec('COMMIT');
          return result;
        } catch (error) {
          database.exec('ROLLBACK');
          throw error;
        }
      },
    }),
  });
  const front = content.define('front', {
    policy: 'api',
    load: async () => (await posts.findMany()).map(({ title }) => title),
  });
  const head = async () => (await log.position({ signal: new AbortController().signal })).head;
  return { content, posts, front, head };
}

test('a write and what its rules drop are one append, committed with the row', async () => {
  const { content, posts, front, head } = begin();
  expect(await front.get('/')).toEqual([]);
  const before = await head();
  await posts.create({ id: '1', title: 'x' });
  expect(await head()).toBe(before + 1);
  expect(await front.get('/')).toEqual(['x']);
  expect(content.log.list().invalidations[0]).toMatchObject({ event: 'content.create', reach: 'everywhere' });
});

test('a transaction that is rolled back drops nothing, and no event is told', async () => {
  const { content, posts, front, head } = begin();
  const kept = await front.get('/');
  const before = await head();
  const told: string[] = [];
  content.events.on('*', ({ event }) => told.push(event));
  const work = posts.inTransaction(async (writer) => {
    await writer.create({ id: '1', title: 'x' });
    throw new Error('changed my mind');
  });
  await expect(work).rejects.toThrow('changed my mind');
  expect([await head(), told, content.log.count]).toEqual([before, [], 0]);
  expect(await front.get('/')).toBe(kept);
});

test('a transaction of several writes tells of each, once it is committed', async () => {
  const { content, posts, front } = begin();
  await front.get('/');
  const told: string[] = [];
  content.events.on('*', ({ event }) => told.push(event));
  await posts.inTransaction(async (writer) => {
    await writer.create({ id: '1', title: 'x' });
    await writer.update('1', { title: 'y' });
    expect(told).toEqual([]);
  });
  expect(told).toEqual(['content.create', 'content.update']);
  expect(await front.get('/')).toEqual(['y']);
});
