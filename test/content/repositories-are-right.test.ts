/** A repository answers as its source does, whatever was written through it; and it asks the source no more than it has to. */
import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCache } from 'tidemark';
import { sqlBackend } from 'tidemark/backends/sql';
import { createRepository, memorySource, type Query, type Repository, type Source, sqlSource } from 'tidemark/content';

interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string | null;
  readonly stars: number | null;
  readonly pinned: boolean | null;
  readonly at: string | null;
  readonly meta: unknown;
}

const columns = {
  id: 'text',
  title: 'text',
  status: 'text',
  stars: 'number',
  pinned: 'boolean',
  at: 'time',
  meta: 'json',
} as const;
const fields = { status: 'text', stars: 'number', pinned: 'boolean', at: 'time' } as const;

const post = (id: string, more: Partial<Post> = {}): Post => {
  const usual = { title: `post ${id}`, status: 'draft', stars: 3, pinned: false, at: '2026-05-01', meta: { a: [1] } };
  return { id, ...usual, ...more };
};

/** A source that counts what it is asked. */
function counting(source: Source<Post>) {
  const counts = { reads: 0 };
  const count = <A extends unknown[], R>(read: (...asked: A) => R) => {
    return (...asked: A): R => {
      counts.reads++;
      return read(...asked);
    };
  };
  const counted: Source<Post> = {
    create: (items) => source.create(items),
    update: (ids, changed) => source.update(ids, changed),
    delete: (ids) => source.delete(ids),
    findByIds: count((...asked) => source.findByIds(...asked)),
    findMany: count((...asked) => source.findMany(...asked)),
    count: count((...asked) => source.count(...asked)),
  };
  return { counted, counts };
}

let pglite: PGlite;
const TABLE =
  'id TEXT PRIMARY KEY, title TEXT, status TEXT, stars DOUBLE PRECISION, pinned BOOLEAN, at TEXT, meta TEXT';
beforeAll(async () => {
  pglite = await PGlite.create();
}, 60_000);
afterAll(() => pglite.close());

const sources: Record<string, () => Promise<Source<Post>>> = {
  memory: async () => memorySource<Post>(),
  sqlite: async () => {
    const database = new sqlite.Database(':memory:');
    database.exec(`CREATE TABLE posts (${TABLE})`);
    return sqlSource<Post>({
      dialect: 'sqlite',
      table: 'posts',
      columns,
      query: (sql, params) => database.all(sql, params),
    });
  },
  postgres: async () => {
    await pglite.exec(`DROP TABLE IF EXISTS posts; CREATE TABLE posts (${TABLE})`);
    const query = (sql: string, params: unknown[]) => pglite.query<Record<string, unknown>>(sql, params);
    return sqlSource<Post>({ dialect: 'postgres', table: 'posts', columns, query });
  },
};

const some = {
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  status: fc.constantFrom('draft', 'published', 'Ünïcode', null),
  stars: fc.constantFrom(-1.5, 0, 1, 2, 1000, null),
  pinned: fc.constantFrom(true, false, null),
  at: fc.constantFrom('2026-01-01', '2026-01-01T00:00:00.000Z', '2026-06-30T12:00:00.000Z', null),
};
const part = fc.oneof(
  fc.record({ status: some.status }),
  fc.record({ status: fc.record({ ne: some.status }) }),
  fc.record({ stars: fc.record({ gte: fc.constantFrom(0, 1.5, 5), lt: fc.constantFrom(2, 2000) }) }),
  fc.record({ pinned: some.pinned }),
  fc.record({ at: fc.record({ gt: fc.constantFrom('2026-01-01', '2026-03-01T00:00:00.000Z') }) }),
  fc.record({ stars: fc.record({ in: fc.array(some.stars, { maxLength: 2 }) }) }),
);
const asked = fc.record({
  where: fc.oneof(
    part,
    fc.tuple(part, part).map(([a, b]) => ({ or: [a, b] })),
    fc.tuple(part, part).map(([a, b]) => ({ and: [a, b] })),
    part.map((not) => ({ not })),
  ),
  sort: fc.constantFrom([], ['stars'], ['-at', 'title'], ['status', '-stars']),
  limit: fc.constantFrom(1, 3, 10),
}) as fc.Arbitrary<Query>;
const write = fc.oneof(
  fc.record({
    do: fc.constant('create' as const),
    id: some.id,
    status: some.status,
    stars: some.stars,
    pinned: some.pinned,
    at: some.at,
  }),
  fc.record({ do: fc.constant('update' as const), ids: fc.array(some.id, { maxLength: 3 }), status: some.status }),
  fc.record({
    do: fc.constant('update' as const),
    ids: fc.array(some.id, { maxLength: 3 }),
    stars: some.stars,
    at: some.at,
  }),
  fc.record({ do: fc.constant('delete' as const), ids: fc.array(some.id, { maxLength: 2 }) }),
);

describe.each(Object.keys(sources))('over %s', (kind) => {
  test('every read is what the source would answer', { timeout: 60_000 }, async () => {
    let [hits, reads] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(asked, { minLength: 2, maxLength: 4 }),
        fc.array(write, { maxLength: 12 }),
        async (queries, writes) => {
          const source = await sources[kind]();
          const { counted, counts } = counting(source);
          const uncached = () => createRepository<Post>({ cache: createCache(), name: 'post', source });
          const posts = createRepository<Post>({ cache: createCache(), name: 'post', source: counted, fields });
          for (const { do: what, ...more } of writes) {
            if (what === 'create') {
              const item = post((more as Post).id, more as Partial<Post>);
              if (!(await posts.findById(item.id))) await posts.create(item);
            } else {
              const { ids, ...changed } = more as { ids: string[] } & Partial<Post>;
              if (what === 'update') await posts.updateMany(ids, changed);
              else await posts.deleteMany(ids);
            }
            const plain = uncached();
            for (const query of queries) {
              expect(await posts.findMany(query)).toEqual(await plain.findMany(query));
              expect(await posts.count(query.where)).toBe(await plain.count(query.where));
              reads += 2;
            }
            for (const id of ['a', 'b', 'c']) expect(await posts.findById(id)).toEqual(await plain.findById(id));
            reads += 3;
          }
          hits += reads - counts.reads;
          reads = 0;
        },
      ),
      { numRuns: kind === 'memory' ? 200 : 25 },
    );
    expect(hits).toBeGreaterThan(100); // it does keep what no write could have changed
  });
});

describe('each way to write says what it changes', () => {
  const ways: Record<string, (posts: Repository<Post>) => Promise<unknown>> = {
    create: (posts) => posts.create(post('new', { status: 'published' })),
    createMany: (posts) => posts.createMany([post('new', { status: 'published' })]),
    update: (posts) => posts.update('a', { status: 'published' }),
    updateMany: (posts) => posts.updateMany(['a', 'b'], { status: 'published' }),
    delete: (posts) => posts.delete('p'),
    deleteMany: (posts) => posts.deleteMany(['p', 'a']),
  };

  test.each(Object.keys(ways))('%s', async (way) => {
    const look = async (muted: boolean) => {
      const cache = createCache();
      const posts = createRepository<Post>({ cache, name: 'post', source: memorySource<Post>(), fields });
      await posts.createMany([post('a'), post('b'), post('p', { status: 'published' })]);
      const published = () => posts.findMany({ where: { status: 'published' } });
      const before = (await published()).map(({ id }) => id);
      if (muted) Object.assign(cache, { invalidate: async () => ({ mark: 0, reach: 'local' }) });
      await ways[way](posts);
      return { before, after: (await published()).map(({ id }) => id) };
    };
    const heard = await look(false);
    expect(heard.after).not.toEqual(heard.before);
    const silent = await look(true);
    expect(silent.after).toEqual(silent.before); // so the change that it says is what makes the difference
  });
});

test('a write that cannot touch a list leaves it', async () => {
  const { counted, counts } = counting(memorySource<Post>());
  const posts = createRepository<Post>({ cache: createCache(), name: 'post', source: counted, fields });
  await posts.createMany([post('a'), post('p', { status: 'published' })]);
  const read = async () => {
    counts.reads = 0;
    await posts.findMany({ where: { status: 'published' } });
    await posts.findMany({ where: { status: 'draft', stars: { gte: 3 } } });
    await posts.findById('p');
    return counts.reads;
  };
  expect(await read()).toBe(3);
  expect(await read()).toBe(0);
  await posts.update('a', { title: 'another' });
  expect(await read()).toBe(1); // the list of drafts
  await posts.update('a', { status: 'archived' });
  expect(await read()).toBe(1);
  await posts.update('a', { stars: 5 });
  expect(await read()).toBe(0);
});

test('its name is a tag of all that it keeps', async () => {
  const { counted, counts } = counting(memorySource<Post>());
  const cache = createCache();
  const posts = createRepository<Post>({ cache, name: 'post', source: counted, fields });
  await posts.create(post('a'));
  const read = async () => {
    counts.reads = 0;
    await posts.findById('a');
    await posts.findById('nobody');
    await posts.findMany({ where: { status: 'draft' } });
    await posts.count();
    return counts.reads;
  };
  expect([await read(), await read()]).toEqual([4, 0]);
  await cache.invalidate({ tags: ['post'] });
  expect([await read(), await read()]).toEqual([4, 0]);
});

test('a write that fails may have been done, in part or whole: what was kept is not believed', async () => {
  const source = memorySource<Post>();
  const lost = new Error('the answer was lost');
  const failing: Source<Post> = {
    ...source,
    async update(ids, changed) {
      await source.update(ids.slice(0, 1), changed);
      throw lost;
    },
    async create(items) {
      await source.create(items);
      throw lost;
    },
    async delete(ids) {
      await source.delete(ids);
      throw lost;
    },
  };
  await source.create([post('a'), post('b')]);
  const posts = createRepository<Post>({ cache: createCache(), name: 'post', source: failing, fields });
  const drafts = async () => (await posts.findMany({ where: { status: 'draft' } })).map(({ id }) => id);
  expect(await drafts()).toEqual(['a', 'b']);
  expect((await posts.findById('a'))?.status).toBe('draft');
  await expect(posts.updateMany(['a', 'b'], { status: 'published' })).rejects.toBe(lost);
  expect(await drafts()).toEqual(['b']);
  expect((await posts.findById('a'))?.status).toBe('published');
  await expect(posts.create(post('c'))).rejects.toBe(lost);
  expect(await drafts()).toEqual(['b', 'c']);
  await expect(posts.delete('b')).rejects.toBe(lost);
  expect(await drafts()).toEqual(['c']);
});

test('that an item is not there is remembered, until it is', async () => {
  const { counted, counts } = counting(memorySource<Post>());
  const posts = createRepository<Post>({ cache: createCache(), name: 'post', source: counted });
  for (let i = 0; i < 5; i++) expect(await posts.findById('a')).toBeUndefined();
  expect(counts.reads).toBe(1);
  await posts.create(post('a'));
  expect(await posts.findById('a')).toMatchObject({ title: 'post a' });
});

test('a commit publishes what was written in it, and a rollback nothing', async () => {
  const database = new sqlite.Database(':memory:');
  database.exec(`CREATE TABLE posts (${TABLE})`);
  const query = (sql: string, params: sqlite.JSValue[] = []) => database.all(sql, params);
  const make = () => sqlSource<Post>({ dialect: 'sqlite', table: 'posts', columns, query });
  const cache = createCache({ tiers: [sqlBackend({ dialect: 'sqlite', query })] });
  const posts = createRepository<Post>({ cache, name: 'post', source: make(), fields });
  await posts.create(post('a'));
  const titles = async () => (await posts.findMany({ where: { status: 'draft' } })).map(({ title }) => title);
  expect(await titles()).toEqual(['post a']);

  query('BEGIN IMMEDIATE');
  const rolledBack = posts.in(query, make());
  await rolledBack.update('a', { title: 'never' });
  query('ROLLBACK');
  expect(await titles()).toEqual(['post a']);

  query('BEGIN IMMEDIATE');
  const committed = posts.in(query, make());
  await committed.update('a', { title: 'new' });
  query('COMMIT');
  expect(await committed.committed()).toMatchObject({ reach: 'everywhere' });
  expect(await titles()).toEqual(['new']);
  await cache.close();
});

test('what another has written between is what a write says to have been there', async () => {
  const database = new sqlite.Database(':memory:');
  database.exec(`CREATE TABLE posts (${TABLE})`);
  let between: (() => void) | undefined;
  const source = sqlSource<Post>({
    dialect: 'sqlite',
    table: 'posts',
    columns,
    query: (sql, params) => {
      const other = sql.startsWith('UPDATE') ? between : undefined;
      if (other) between = undefined;
      other?.();
      return database.all(sql, params);
    },
  });
  await source.create([post('a')]);
  between = () => database.run("UPDATE posts SET status = 'archived'");
  const [{ before, after }] = await source.update(['a'], { title: 'new' });
  expect([before?.status, after?.status, after?.title]).toEqual(['archived', 'archived', 'new']);
});

test.each<[string, Query]>([
  ['a field that is no column', { where: { nope: 1 } }],
  ['an operator that there is not', { where: { stars: { about: 3 } } }],
  ['an object as a value', { where: { stars: { eq: {} as never } } }],
  ['a limit that is none', { limit: -1 }],
  ['a sort that is none', { sort: [''] }],
])('%s is refused', async (_, query) => {
  const source = await sources['sqlite']();
  const posts = createRepository<Post>({ cache: createCache(), name: 'post', source, fields });
  await expect(posts.findMany(query)).rejects.toMatchObject({ code: 'bad_option' });
});
