/** For every way to write of every repository: without the change that it says, a stale read would be found. */
import { expect, test, vi } from 'vitest';
import { type Cache, createCache } from 'tidemark';
import { sqlBackend } from 'tidemark/backends/sql';
import sqlite from 'node-sqlite3-wasm';
import {
  type ContentItem,
  contentRepository,
  contentTable,
  contentTables,
  createRepository,
  type ItemWriter,
  type Media,
  mediaRepository,
  mediaTable,
  memorySource,
  type Session,
  sessionRepository,
  sessionTable,
  type Source,
  sqlSource,
  type TableOptions,
  type Transactions,
  type User,
  userRepository,
  userTable,
} from 'tidemark/content';

vi.setConfig({ testTimeout: 60_000 }); // each way to write has a database of its own

const TIME = '2026-01-01T00:00:00.000Z';
const content = (id: string, status: string): ContentItem => ({
  id,
  collectionId: 'posts',
  slug: id,
  title: id,
  status,
  data: { a: 1 },
  authorId: 'ann',
  createdAt: TIME,
  updatedAt: TIME,
  publishedAt: status === 'published' ? TIME : null,
});
const user = (id: string, name = id): User => ({
  id,
  email: `${id}@example.com`,
  name,
  role: 'author',
  active: true,
  createdAt: TIME,
  updatedAt: TIME,
});
const media = (id: string, folder: string): Media => ({
  id,
  filename: id,
  mimeType: 'image/png',
  size: 1,
  folder,
  uploadedBy: 'ann',
  alt: null,
  createdAt: TIME,
});
const session = (id: string, userId: string): Session => ({ id, userId, expiresAt: '2999-01-01', createdAt: TIME });

/** Where the items are, and where the log of their changes is. */
interface Ground {
  cache(): Cache;
  source<T extends object>(table: TableOptions<T>): Source<T>;
}

const grounds: Record<string, () => Ground> = {
  'the log apart': () => ({ cache: () => createCache(), source: () => memorySource() }),
  'the log in the database': () => {
    const database = new sqlite.Database(':memory:');
    for (const statement of contentTables('sqlite')) database.exec(statement);
    const query = (sql: string, params: sqlite.JSValue[] = []) => database.all(sql, params);
    const transaction: Transactions = async (work) => {
      query('BEGIN IMMEDIATE');
      try {
        const result = await work(query);
        query('COMMIT');
        return result;
      } catch (error) {
        query('ROLLBACK');
        throw error;
      }
    };
    return {
      cache: () => createCache({ tiers: [sqlBackend({ dialect: 'sqlite', query })], consistency: 'strong' }),
      source: (table) => sqlSource({ ...table, dialect: 'sqlite', query, transaction }),
    };
  },
};

/** One kind of repository: what is read of it, and each of its ways to write. */
interface Kind {
  /** Items `a` and `b` are there; `a` is what most writes are about. */
  make(
    ground: Ground,
    cache: Cache,
  ): Promise<{
    read(): Promise<unknown>;
    readonly writes: Readonly<Record<string, () => Promise<unknown>>>;
    readonly repository: object;
  }>;
}

/** The ways to write that all have. */
function usual<T extends object>(writer: ItemWriter<T>, fresh: T, changed: Partial<T>) {
  return {
    create: () => writer.create(fresh),
    createMany: () => writer.createMany([fresh]),
    update: () => writer.update('a', changed),
    updateMany: () => writer.updateMany(['a', 'b'], changed),
    delete: () => writer.delete('a'),
    deleteMany: () => writer.deleteMany(['a', 'b']),
  };
}

const kinds: Record<string, Kind> = {
  generic: {
    async make(ground, cache) {
      const source = ground.source<User>(userTable);
      const repository = createRepository<User>({
        cache,
        name: 'person',
        source,
        fields: { role: 'text' },
        publication: {
          field: 'role',
          published: 'editor',
          draft: 'author',
          at: null,
        },
      });
      await repository.createMany([user('a'), { ...user('b'), role: 'editor' }]);
      const writes = {
        ...usual(repository, user('new'), { name: 'changed' }),
        publish: () => repository.publish('a'),
        publishMany: () => repository.publishMany(['a', 'b']),
        unpublish: () => repository.unpublish('b'),
        unpublishMany: () => repository.unpublishMany(['a', 'b']),
        ...(source.transaction && {
          inTransaction: () => repository.inTransaction((writer) => writer.update('a', { name: 'changed' })),
          as: () => repository.as({ user: '7' }).update('a', { name: 'changed' }),
        }),
      };
      const read = () => Promise.all([repository.findMany(), repository.findMany({ where: { role: 'editor' } })]);
      return { read, writes, repository };
    },
  },
  content: {
    async make(ground, cache) {
      const repository = contentRepository({ cache, source: ground.source<ContentItem>(contentTable) });
      await repository.createMany([content('a', 'draft'), content('b', 'published')]);
      const writes = {
        ...usual(repository, content('new', 'published'), { title: 'changed', status: 'published' }),
        publish: () => repository.publish('a'),
        publishMany: () => repository.publishMany(['a']),
        unpublish: () => repository.unpublish('b'),
        unpublishMany: () => repository.unpublishMany(['b']),
      };
      const read = () =>
        Promise.all([
          repository.published({ where: { collectionId: 'posts' } }),
          ...['a', 'b', 'new'].map((slug) => repository.findBySlug('posts', slug)),
        ]);
      return { read, writes, repository };
    },
  },
  user: {
    async make(ground, cache) {
      const repository = userRepository({ cache, source: ground.source<User>(userTable) });
      await repository.createMany([user('a'), user('b')]);
      const read = () => Promise.all(['a', 'b', 'new'].map((id) => repository.findByEmail(`${id}@example.com`)));
      return { read, writes: usual(repository, user('new'), { name: 'changed' }), repository };
    },
  },
  media: {
    async make(ground, cache) {
      const repository = mediaRepository({ cache, source: ground.source<Media>(mediaTable) });
      await repository.createMany([media('a', '/here'), media('b', '/here')]);
      const read = () => repository.inFolder('/here', { sort: ['-filename'] });
      return { read, writes: usual(repository, media('new', '/here'), { folder: '/there' }), repository };
    },
  },
  session: {
    async make(ground, cache) {
      const clock = { now: () => Date.parse(TIME) };
      const repository = sessionRepository({ cache, source: ground.source<Session>(sessionTable), clock });
      await repository.createMany([session('a', 'ann'), session('b', 'ann')]);
      const late = { ...session('late', 'ann'), expiresAt: '2025-01-01' };
      await repository.create(late);
      const read = () => Promise.all([repository.active('ann'), repository.findById('a'), repository.findById('new')]);
      const writes = {
        ...usual(repository, session('new', 'ann'), { userId: 'bob' }),
        deleteByUser: () => repository.deleteByUser('ann'),
      };
      return { read, writes, repository };
    },
  },
};

/** Methods that begin with one of these write. */
const WRITES = /^(create|update|delete|publish|unpublish|inTransaction)/;
/** Of those, what the lists above can do without: one is another by its name, or needs what isn't there. */
const APART: Readonly<Record<string, readonly string[]>> = {
  content: ['inTransaction', 'published'],
  user: ['inTransaction', 'publish', 'publishMany', 'unpublish', 'unpublishMany'],
  media: ['inTransaction', 'publish', 'publishMany', 'unpublish', 'unpublishMany'],
  session: ['inTransaction', 'publish', 'publishMany', 'unpublish', 'unpublishMany', 'deleteExpired'],
};

function methodsOf(repository: object): string[] {
  const names = new Set<string>();
  for (let one = repository; one !== Object.prototype; one = Object.getPrototypeOf(one) as object)
    for (const name of Object.getOwnPropertyNames(one)) names.add(name);
  return [...names].filter((name) => WRITES.test(name));
}

/** From now on a cache says nothing of what is written. */
function mute(cache: Cache): void {
  const result = { mark: 0, reach: 'everywhere' } as const;
  Object.assign(cache, {
    invalidate: async () => result,
    changesIn: () => ({ invalidate: async () => {}, committed: async () => result }),
  });
}

const all = Object.keys(grounds).flatMap((ground) => Object.keys(kinds).map((kind) => [kind, ground] as const));

test.each(all)('each way to write %s, with %s', async (kind, where) => {
  const begin = async () => {
    const ground = grounds[where]();
    const cache = ground.cache();
    const made = await kinds[kind].make(ground, cache);
    return { ...made, cache, before: structuredClone(await made.read()) };
  };
  const { writes, repository } = await begin();
  const left = methodsOf(repository).filter((name) => !(name in writes) && !APART[kind]?.includes(name));
  expect(left.filter((name) => name !== 'inTransaction' || where === 'the log in the database')).toEqual([]);
  for (const way of Object.keys(writes)) {
    const heard = await begin();
    await heard.writes[way]();
    expect(await heard.read(), way).not.toEqual(heard.before);
    const silent = await begin();
    mute(silent.cache);
    await silent.writes[way]();
    expect(await silent.read(), way).toEqual(silent.before); // so what it says is what makes the difference
  }
});
