/** Content, users, media and sessions: tables, items and reads of their own, right after every write. */
import { PGlite } from '@electric-sql/pglite';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCache } from 'tidemark';
import {
  type ContentItem,
  contentRepository,
  contentTable,
  contentTables,
  createContent,
  type Media,
  mediaRepository,
  mediaTable,
  memorySource,
  type RepositoryWrite,
  type Session,
  sessionRepository,
  sessionTable,
  sqlSource,
  type SqlSourceOptions,
  type User,
  userRepository,
  userTable,
} from 'tidemark/content';
import { manualClock } from 'tidemark/testing';

const TIME = '2026-01-01T00:00:00.000Z';
const content = (id: string, more: Partial<ContentItem> = {}): ContentItem => ({
  id,
  collectionId: 'posts',
  slug: `slug-${id}`,
  title: `Title ${id}`,
  status: 'draft',
  data: { body: ['ü', null, 1.5], nested: { a: true } },
  authorId: 'ann',
  createdAt: TIME,
  updatedAt: TIME,
  publishedAt: null,
  ...more,
});
const user = (id: string, more: Partial<User> = {}): User => ({
  id,
  email: `${id}@example.com`,
  name: id,
  role: 'author',
  active: true,
  createdAt: TIME,
  updatedAt: TIME,
  ...more,
});
const media = (id: string, folder: string): Media => ({
  id,
  filename: `${id}.png`,
  mimeType: 'image/png',
  size: 12_345,
  folder,
  uploadedBy: null,
  alt: null,
  createdAt: TIME,
});

type Connection = Pick<SqlSourceOptions<object>, 'query' | 'dialect'>;
let pglite: PGlite;
beforeAll(async () => {
  pglite = await PGlite.create();
}, 60_000);
afterAll(() => pglite.close());

const databases: Record<string, () => Promise<Connection>> = {
  SQLite: async () => {
    const database = new sqlite.Database(':memory:');
    for (let twice = 0; twice < 2; twice++) for (const statement of contentTables('sqlite')) database.exec(statement);
    return { dialect: 'sqlite', query: (sql, params) => database.all(sql, params) };
  },
  Postgres: async () => {
    await pglite.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    for (let twice = 0; twice < 2; twice++)
      for (const statement of contentTables('postgres')) await pglite.exec(statement);
    return { dialect: 'postgres', query: (sql, params) => pglite.query<Record<string, unknown>>(sql, params) };
  },
};

describe.each(Object.keys(databases))('in %s', (kind) => {
  test('content is found by its slug and listed once it is published', async () => {
    const connection = await databases[kind]();
    const clock = manualClock();
    const cache = createCache();
    const pages = contentRepository({
      cache,
      source: sqlSource<ContentItem>({ ...contentTable, ...connection }),
      clock,
    });
    expect(await pages.findBySlug('posts', 'slug-a')).toBe(undefined);
    await pages.createMany([content('a'), content('b', { collectionId: 'pages' })]);
    expect(await pages.findBySlug('posts', 'slug-a')).toEqual(content('a'));
    expect(await pages.findBySlug('pages', 'slug-a')).toBe(undefined);
    const front = () => pages.published({ where: { collectionId: 'posts' }, sort: ['-publishedAt'] });
    expect(await front()).toEqual([]);
    const publishedAt = new Date(clock.now()).toISOString();
    await pages.publish('a');
    expect(await front()).toEqual([content('a', { status: 'published', publishedAt })]);
    expect(await pages.published()).toHaveLength(1);
    await pages.unpublish('a');
    expect(await front()).toEqual([]);
    await expect(pages.create(content('c', { slug: 'slug-a' }))).rejects.toThrow(/unique/i);
    expect(await pages.as({ user: 'ann' }).findBySlug('posts', 'slug-a')).toEqual(content('a'));
  });

  test('a user is found by address', async () => {
    const users = userRepository({
      cache: createCache(),
      source: sqlSource<User>({ ...userTable, ...(await databases[kind]()) }),
    });
    expect(await users.findByEmail('ann@example.com')).toBe(undefined);
    await users.create(user('ann'));
    expect(await users.findByEmail('ann@example.com')).toEqual(user('ann'));
    await users.update('ann', { email: 'a@example.com', active: false });
    expect(await users.findByEmail('ann@example.com')).toBe(undefined);
    expect(await users.findByEmail('a@example.com')).toMatchObject({ active: false });
  });

  test('media are listed by folder', async () => {
    const files = mediaRepository({
      cache: createCache(),
      source: sqlSource<Media>({ ...mediaTable, ...(await databases[kind]()) }),
    });
    await files.createMany([media('a', '/'), media('b', '/x'), media('c', '/')]);
    const names = async () => (await files.inFolder('/', { sort: ['-filename'], limit: 2 })).map(({ id }) => id);
    expect(await names()).toEqual(['c', 'a']);
    await files.update('b', { folder: '/' });
    expect(await names()).toEqual(['c', 'b']);
  });

  test('a session that has expired is no answer, though it is kept', async () => {
    const connection = await databases[kind]();
    const clock = manualClock();
    const source = sqlSource<Session>({ ...sessionTable, ...connection });
    const sessions = sessionRepository({ cache: createCache({ clock }), source, clock });
    const at = (seconds: number) => new Date(clock.now() + seconds * 1000).toISOString();
    const [soon, later] = [at(60), at(3600)];
    await sessions.createMany([
      { id: 's', userId: 'ann', expiresAt: soon, createdAt: at(0) },
      { id: 't', userId: 'ann', expiresAt: later, createdAt: at(1) },
      { id: 'u', userId: 'bob', expiresAt: later, createdAt: at(1) },
    ]);
    const look = async () => [
      (await sessions.active('ann')).map(({ id }) => id),
      (await sessions.findByIds(['s', 't'])).map((one) => one?.id),
      (await sessions.findById('s'))?.id,
    ];
    expect(await look()).toEqual([['t', 's'], ['s', 't'], 's']);
    clock.advance(60_000);
    expect(await look()).toEqual([['t'], [undefined, 't'], undefined]);
    expect(await sessions.deleteExpired()).toBe(1);
    expect(await source.findByIds(['s'])).toEqual([undefined]);
    expect(await sessions.deleteByUser('ann')).toBe(1);
    expect(await look()).toEqual([[], [undefined, undefined], undefined]);
    expect((await sessions.findById('u'))?.id).toBe('u');
  });

  test('a list of sessions has as many as it may of those that have not expired', async () => {
    const connection = await databases[kind]();
    const clock = manualClock();
    const source = sqlSource<Session>({ ...sessionTable, ...connection });
    const sessions = sessionRepository({ cache: createCache({ clock }), source, clock });
    const at = (seconds: number) => new Date(clock.now() + seconds * 1000).toISOString();
    const ids = ['a', 'b', 'c', 'd'];
    await sessions.createMany(
      ids.map((id, i) => ({ id, userId: 'ann', expiresAt: at(60 * (i + 1)), createdAt: at(0) })),
    );
    const look = async () => [
      (await sessions.findMany({ limit: 2 })).map(({ id }) => id),
      (await sessions.findMany({ offset: 1, sort: ['-id'] })).map(({ id }) => id),
      (await sessions.as({ user: 'x' }).findOne())?.id,
      await sessions.count({ userId: 'ann' }),
    ];
    expect(await look()).toEqual([['a', 'b'], ['c', 'b', 'a'], 'a', 4]);
    clock.advance(120_000);
    expect(await look()).toEqual([['c', 'd'], ['c'], 'c', 2]);
  });
});

test('what a table has besides is neither read nor written', async () => {
  const database = new sqlite.Database(':memory:');
  for (const statement of contentTables('sqlite')) database.exec(statement);
  database.exec('ALTER TABLE users ADD COLUMN passwordHash TEXT');
  const users = userRepository({
    cache: createCache(),
    source: sqlSource<User>({ ...userTable, dialect: 'sqlite', query: (sql, params) => database.all(sql, params) }),
  });
  await users.create(user('ann'));
  database.run("UPDATE users SET passwordHash = 'secret'");
  await users.update('ann', { name: 'Ann' });
  expect(await users.findById('ann')).toEqual(user('ann', { name: 'Ann' }));
  expect(database.all('SELECT passwordHash FROM users')).toEqual([{ passwordHash: 'secret' }]);
});

test('it can be made by something else, such as a content cache with its policies', async () => {
  const database = new sqlite.Database(':memory:');
  for (const statement of contentTables('sqlite')) database.exec(statement);
  const written: RepositoryWrite[] = [];
  const site = createContent({ cache: createCache() });
  const source = sqlSource<ContentItem>({
    ...contentTable,
    dialect: 'sqlite',
    query: (sql, params) => database.all(sql, params),
  });
  const pages = contentRepository({ source, on: { written: (write) => written.push(write) } }, (options) =>
    site.repository<ContentItem>({ ...options, policy: 'content' }),
  );
  await pages.create(content('a'));
  await pages.as({ user: 'ann' }).publish('a');
  expect(await pages.published()).toHaveLength(1);
  expect(written.map(({ action, actor }) => [action, actor])).toEqual([
    ['create', undefined],
    ['publish', 'ann'],
  ]);
});

test.each([[{ limit: -1 }], [{ offset: 0.5 }], [{ limit: 'all' }], [{ sort: 'id' }]])(
  'sessions can not be asked for by %o',
  async (query) => {
    const sessions = sessionRepository({ cache: createCache(), source: memorySource<Session>() });
    await expect(sessions.findMany(query as never)).rejects.toMatchObject({ code: 'bad_option' });
  },
);

test('a column holds what it was declared to hold, and nothing else is written', async () => {
  const database = new sqlite.Database(':memory:');
  for (const statement of contentTables('sqlite')) database.exec(statement);
  const query = (sql: string, params: sqlite.JSValue[]) => database.all(sql, params);
  const files = sqlSource<Media>({ ...mediaTable, dialect: 'sqlite', query });
  for (const size of ['many', NaN, Infinity] as never[])
    await expect(files.create([{ ...media('a', '/'), size }])).rejects.toMatchObject({ code: 'bad_value' });
  expect(await files.findByIds(['a'])).toEqual([undefined]);
});
