/** The races that caches beside a database are known to lose, each step at a time. */
import { describe, expect, test } from 'vitest';
import { type Change, type ChangeLog, createCache } from 'tidemark';
import { createRepository, memorySource, type Repository, type Source } from 'tidemark/content';
import { localLog } from 'tidemark/logs/local';
import { type Deferred, deferred } from '../support/deferred.ts';

interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string;
}

/** A source whose next read or write can be held up once it has done what it does. */
function held() {
  const source = memorySource<Post>();
  const gates: Record<'read' | 'write', Gate | undefined> = { read: undefined, write: undefined };
  const after =
    <A extends unknown[], R>(what: 'read' | 'write', work: (...asked: A) => Promise<R>) =>
    async (...asked: A): Promise<R> => {
      const gate = gates[what];
      gates[what] = undefined;
      const answer = await work(...asked);
      gate?.reached.resolve();
      await gate?.open.promise;
      return answer;
    };
  const wrapped: Source<Post> = {
    findByIds: after('read', (ids) => source.findByIds(ids)),
    findMany: after('read', (query) => source.findMany(query)),
    count: after('read', (query) => source.count(query)),
    create: after('write', (items) => source.create(items)),
    update: after('write', (ids, fields) => source.update(ids, fields)),
    delete: after('write', (ids) => source.delete(ids)),
  };
  const posts: Repository<Post> = createRepository<Post>({
    cache: createCache(),
    name: 'post',
    fields: { status: 'text' },
    relations: { self: { to: () => posts, by: 'id' } },
    source: wrapped,
  });
  const hold = (what: 'read' | 'write'): Gate => (gates[what] = { reached: deferred(), open: deferred() });
  return { posts, hold };
}

interface Gate {
  readonly reached: Deferred<void>;
  readonly open: Deferred<void>;
}

const OLD: Post = { id: 'a', title: 'old', status: 'draft' };

const READS = {
  'an item': (posts: Repository<Post>) => posts.findById('a'),
  'a list': async (posts: Repository<Post>) => (await posts.findMany({ where: { status: 'draft' } }))[0],
  'an included read': (posts: Repository<Post>) => posts.findById('a', { include: { self: true } }),
} as const;

describe.each(Object.entries(READS))('%s', (_, read) => {
  test('that was loaded before a write and arrives after it is not kept (a load stored after the invalidation)', async () => {
    const { posts, hold } = held();
    await posts.create(OLD);
    const gate = hold('read');
    const early = read(posts);
    await gate.reached.promise;
    await posts.update('a', { title: 'new' });
    expect((await read(posts))?.title).toBe('new'); // who asks after the write doesn't wait for what began before it
    gate.open.resolve();
    expect((await early)?.title).toBe('old');
    expect((await read(posts))?.title).toBe('new');
  });

  test('that is removed while it is being read is not put back (resurrection)', async () => {
    const { posts, hold } = held();
    await posts.create(OLD);
    const gate = hold('read');
    const early = read(posts);
    await gate.reached.promise;
    await posts.delete('a');
    gate.open.resolve();
    expect((await early)?.title).toBe('old');
    expect(await read(posts)).toBe(undefined);
  });

  test('that is read beside a write which is said only then (Drizzle: an invalidation concurrent with the write)', async () => {
    const { posts, hold } = held();
    await posts.create(OLD);
    expect((await read(posts))?.title).toBe('old');
    const writing = hold('write');
    const late = posts.update('a', { title: 'new' });
    await writing.reached.promise; // it is committed; nobody has been told
    expect((await read(posts))?.title).toBe('old');
    writing.open.resolve();
    await late;
    expect((await read(posts))?.title).toBe('new');
  });
});

/** Rows and a log that are committed together; what is outside sees neither before. */
function stagedDatabase() {
  const rows = memorySource<Post>();
  const log = localLog();
  interface Staged {
    readonly changes: Change[];
    readonly writes: (() => Promise<unknown>)[];
  }
  const call = { signal: new AbortController().signal };
  const open: ChangeLog = {
    ...boundTo(log),
    appendIn(transaction, change) {
      (transaction as Staged).changes.push(change);
    },
  };
  const within = (staged: Staged): Source<Post> => ({
    ...rows,
    async update(ids, fields) {
      staged.writes.push(() => rows.update(ids, fields));
      return (await rows.findByIds(ids)).flatMap((before) =>
        before ? [{ before, after: { ...before, ...fields } }] : [],
      );
    },
  });
  const source: Source<Post> = {
    ...rows,
    within: (transaction) => within(transaction as Staged),
    async transaction(work) {
      const staged: Staged = { changes: [], writes: [] };
      const result = await work(staged);
      for (const write of staged.writes) await write();
      for (const change of staged.changes) await log.append(change, call);
      return result;
    },
  };
  const posts = () =>
    createRepository<Post>({ cache: createCache({ log: open }), name: 'post', source, fields: { status: 'text' } });
  return posts;
}

test('what was loaded in the middle of a transaction is wrong once that is committed, and right if it never is (cacheops)', async () => {
  const open = stagedDatabase();
  const [one, two] = [open(), open()];
  await one.create(OLD);
  const look = async () => {
    const listed = await two.findMany({ where: { status: 'draft' } });
    return [(await one.findById('a'))?.title, listed[0].title];
  };
  const changedMind = new Error('changed my mind');
  const never = one.inTransaction(async (writer) => {
    await writer.update('a', { title: 'never' });
    expect(await look()).toEqual(['old', 'old']);
    throw changedMind;
  });
  await expect(never).rejects.toBe(changedMind);
  expect(await look()).toEqual(['old', 'old']);
  const [kept] = await two.findMany({ where: { status: 'draft' } });
  await one.inTransaction(async (writer) => {
    await writer.update('a', { title: 'new' }); // said here, too, and before the reads that follow
    expect(await look()).toEqual(['old', 'old']);
    expect((await two.findMany({ where: { status: 'draft' } }))[0]).toBe(kept); // nothing has fallen yet
  });
  expect(await look()).toEqual(['new', 'new']);
});

/** A log's methods, apart from it. */
function boundTo(log: ChangeLog): ChangeLog {
  return {
    sync: log.sync,
    append: (...asked) => log.append(...asked),
    position: (...asked) => log.position(...asked),
    read: (...asked) => log.read(...asked),
    stamps: (...asked) => log.stamps(...asked),
    watch: (wake) => log.watch?.(wake) ?? (() => {}),
  };
}
