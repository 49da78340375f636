/** A change pushed onto the statements of a batch is published with it, and not at all if it fails. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cache, createCache, memory } from 'tidemark';
import { type D1, d1Backend, type D1Statement } from 'tidemark/backends/d1';
import { openD1 } from '../../support/d1.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // each statement goes through another process

const CALL = { signal: new AbortController().signal };
let opened: Awaited<ReturnType<typeof openD1>>;
let database: D1 & { batch(statements: D1Statement[]): Promise<unknown> };
let made = 0;

beforeAll(async () => {
  opened = await openD1();
  database = opened.database;
  await database.prepare('CREATE TABLE posts (id text PRIMARY KEY, title text)').all();
});
afterAll(() => opened.close());

const write = (id: string, title: string) =>
  database.prepare('INSERT INTO posts (id, title) VALUES (?, ?)').bind(id, title);

test('a change is published with its batch, also the first of all', async () => {
  const { log } = d1Backend({ database, tables: `t${++made}` });
  const statements = [write('a', 'one')];
  await log.appendIn(statements, ['=/s/post/a']);
  await log.appendIn(statements, ['#/s/posts']);
  await database.batch(statements);
  expect((await log.read(0, CALL)).changes.map(({ change }) => change)).toEqual([['=/s/post/a'], ['#/s/posts']]);
});

test('a change of a batch that fails was never said', async () => {
  const { log } = d1Backend({ database, tables: `t${++made}` });
  const before = await log.append(['#/s/first'], CALL);
  const statements = [write('b', 'one')];
  await log.appendIn(statements, ['=/s/post/b']);
  statements.push(write('b', 'two'));
  await expect(database.batch(statements)).rejects.toThrow(/UNIQUE/);
  expect(await log.position(CALL)).toEqual(before);
});

test('a cache serves what a batch has written', async () => {
  const cache: Cache = createCache({ name: 's', tiers: [memory(), d1Backend({ database, tables: `t${++made}` })] });
  const posts = cache.define('post', {
    load: async (id) =>
      (await database.prepare('SELECT title FROM posts WHERE id = ?').bind(id).all()).results[0]?.title,
  });
  expect(await posts.get('c')).toBe(undefined);
  const statements = [write('c', 'new')];
  const changes = cache.changesIn(statements);
  await changes.invalidate({ key: ['post', 'c'] });
  await database.batch(statements);
  expect((await changes.committed()).reach).toBe('everywhere');
  expect(await posts.get('c')).toBe('new');
  await cache.close();
});

test('an entry that D1 has no room for is not kept, and the others of its call are', async () => {
  const one = d1Backend({ database, tables: `t${++made}` });
  const { head: mark, incarnation } = await one.log.append(['#/s/first'], CALL);
  const record = (name: string, length: number) => ({
    key: `/s/${name}~v1`,
    entry: {
      value: 'x'.repeat(length),
      mark,
      incarnation,
      dependencies: [],
      freshUntil: Infinity,
      keptUntil: Infinity,
    },
  });
  const records = [record('small', 10), record('huge', 2_100_000), record('large', 500_000)];
  expect(await one.setMany(records, CALL)).toEqual([true, false, true]);
  const there = await one.getMany(
    records.map(({ key }) => key),
    CALL,
  );
  expect(there.map((entry) => (entry?.value as string | undefined)?.length)).toEqual([10, undefined, 500_000]);
});
