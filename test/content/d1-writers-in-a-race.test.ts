/** A batch of D1 does all or nothing: whoever was overtaken reads anew and tries again, and nothing of the attempt is left. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createCache, memory } from 'tidemark';
import { d1Backend } from 'tidemark/backends/d1';
import { createRepository, type D1WithBatches, d1Source, type TableOptions } from 'tidemark/content';
import { openD1 } from '../support/d1.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // each statement goes through another process

interface Post {
  readonly id: string;
  readonly title: string;
  readonly stars: number;
}
const columns = { id: 'text', title: 'text', stars: 'number' } as const;

let opened: Awaited<ReturnType<typeof openD1>>;
let database: D1WithBatches;
let made = 0;
beforeAll(async () => {
  opened = await openD1();
  database = opened.database;
});
afterAll(() => opened.close());

const run = async (sql: string) => (await database.prepare(sql).all()).results;

/** A source whose next batches come after another's writes. */
async function world() {
  const table: TableOptions<Post> = { table: `posts${++made}`, columns };
  await run(`CREATE TABLE posts${made} (id TEXT PRIMARY KEY, title TEXT, stars REAL)`);
  const between: (() => Promise<unknown>)[] = [];
  const batches: number[] = [];
  const source = d1Source<Post>({
    ...table,
    database: {
      prepare: (sql) => database.prepare(sql),
      async batch(statements) {
        await between.shift()?.();
        batches.push(statements.length);
        return database.batch(statements);
      },
    },
  });
  await source.create(['a', 'b'].map((id) => ({ id, title: `post ${id}`, stars: 0 })));
  batches.length = 0;
  const rows = () => run(`SELECT * FROM posts${made} ORDER BY id`);
  const another = (stars: number) => () => run(`UPDATE posts${made} SET stars = ${stars} WHERE id = 'b'`);
  return { source, table, between, batches, rows, another };
}

test('what another has written between is what a write says to have been there', async () => {
  const { source, between, batches, rows, another } = await world();
  between.push(another(1), another(2));
  const said: unknown[] = [];
  const written = await source.update(['a', 'b'], { title: 'new' }, async (_, images) => {
    said.push(images.map(({ before }) => before?.stars));
  });
  expect(written.map(({ before, after }) => [before?.stars, after?.stars, after?.title])).toEqual([
    [0, 0, 'new'],
    [2, 2, 'new'],
  ]);
  expect(said).toEqual([
    [0, 0],
    [0, 1],
    [0, 2],
  ]); // said anew in each attempt, and published once
  expect(batches).toHaveLength(3);
  expect(await rows()).toEqual([
    { id: 'a', title: 'new', stars: 0 },
    { id: 'b', title: 'new', stars: 2 },
  ]);
});

test('who is overtaken again and again gives up, and has changed nothing', async () => {
  const { source, between, rows, another } = await world();
  between.push(...Array.from({ length: 10 }, (_, i) => another(i + 1)));
  await expect(source.delete(['a', 'b'])).rejects.toMatchObject({ code: 'conflict' });
  expect(await rows()).toHaveLength(2);
});

test('what a transaction has read is what it writes over', async () => {
  const { source, rows, another } = await world();
  const more = async (read: (within: typeof source) => Promise<Post | undefined>, meanwhile: number) => {
    let tries = 0;
    await source.transaction!(async (batch) => {
      const within = source.within!(batch);
      const seen = await read(within);
      if (tries++ === 0) await another(meanwhile)(); // after it was read, and before it is written
      await within.update(['b'], { stars: seen!.stars + 1 });
    });
    expect(tries).toBe(2);
    return (await rows())[1]['stars'];
  };
  expect(await more(async (within) => (await within.findByIds(['b']))[0], 10)).toBe(11);
  const all = { where: { all: [] }, sort: [], limit: undefined, offset: 0 } as const;
  expect(await more(async (within) => (await within.findMany(all)).find(({ id }) => id === 'b'), 20)).toBe(21);
});

test('only the change of the attempt that was made is in the log', async () => {
  const { source, between, another } = await world();
  const backend = d1Backend({ database, tables: `t${made}` });
  const cache = createCache({ tiers: [memory(), { store: backend, timeout: '30s' }] });
  const posts = createRepository<Post>({ cache, name: 'post', source, fields: { stars: 'number' } });
  between.push(another(1));
  await posts.update('b', { title: 'new' });
  const { changes } = await backend.log.read(0, { signal: new AbortController().signal });
  expect(changes).toHaveLength(1);
  expect(changes[0].change).toContain('#/cache/post~1stars=1');
  expect(changes[0].change).not.toContain('#/cache/post~1stars=0');
  await cache.close();
});

test('more items than a statement has parameters for are one batch', async () => {
  const { source, batches, rows } = await world();
  const ids = Array.from({ length: 150 }, (_, i) => `item ${i}`);
  await source.create(ids.map((id) => ({ id, title: id, stars: 1 })));
  expect(await source.findByIds(ids)).toHaveLength(150);
  expect(await source.update(ids, { stars: 2 })).toHaveLength(150);
  const where = { field: 'id', is: 'in', value: ids } as const;
  expect(await source.findMany({ where, sort: [], limit: undefined, offset: 0 })).toHaveLength(150);
  expect(await source.delete(ids)).toHaveLength(150);
  expect(batches).toHaveLength(3);
  expect(await rows()).toHaveLength(2);
});

test('a batch that the caller executes is all or nothing, too', async () => {
  const { table, rows, another } = await world();
  const cache = createCache({
    tiers: [memory(), { store: d1Backend({ database, tables: `t${made}` }), timeout: '30s' }],
  });
  const posts = createRepository<Post>({ cache, name: 'post', source: d1Source<Post>({ ...table, database }) });
  expect((await posts.findById('a'))?.title).toBe('post a');
  const batch: Parameters<D1WithBatches['batch']>[0] = [];
  const writer = posts.in(batch);
  await writer.update('a', { title: 'new' });
  await writer.update('b', { title: 'new' });
  expect((await rows()).map(({ title }) => title)).toEqual(['post a', 'post b']);
  await another(7)();
  await expect(database.batch(batch)).rejects.toThrow(/overflow/);
  expect((await rows()).map(({ title }) => title)).toEqual(['post a', 'post b']);
  const again: Parameters<D1WithBatches['batch']>[0] = [];
  const second = posts.in(again);
  await second.update('a', { title: 'new' });
  await database.batch(again);
  expect((await second.committed()).reach).toBe('everywhere');
  expect((await posts.findById('a'))?.title).toBe('new');
  expect(() => posts.in('no array')).toThrow(expect.objectContaining({ code: 'bad_option' }));
  await cache.close();
});

test.each<[string, object]>([
  ['a database without batches', { database: { prepare() {} } }],
  ['a table without a name', { table: '' }],
  ['a column of another kind', { columns: { ...columns, stars: 'float' } }],
  ['columns without the id', { columns: { title: 'text' } }],
  ['another option', { dialect: 'sqlite' }],
])('%s is refused', (_, options) => {
  const given = { database, table: 'posts', columns, ...options } as never;
  expect(() => d1Source<Post>(given)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
