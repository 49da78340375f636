/** Who edits what somebody else has saved meanwhile is told so, and of two who save at once exactly one is written. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCache, memory } from 'tidemark';
import { d1Backend } from 'tidemark/backends/d1';
import { createRepository, d1Source, memorySource, type Repository } from 'tidemark/content';
import { guardedWrite, httpContent, ifUnchanged, itemOf, OVERTAKEN } from 'tidemark/content/http';
import { failure } from '../../support/deferred.ts';
import { sqlitePlace } from '../support/databases.ts';
import { get, post, type Post } from './posts.ts';
import { type D1Database, openD1 } from '../../support/d1.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // a runtime is started

interface Page {
  readonly id: string;
  readonly title: string;
  readonly version: number;
}

const columns = { id: 'text', title: 'text', status: 'text', updatedAt: 'text' } as const;

/** A page in memory, whose write compares and sets. */
function place() {
  let page: Page | undefined = { id: 'home', title: 'first', version: 1 };
  const http = httpContent({ cache: createCache() });
  const version = (one: Page) => one.version;
  const seen = { reads: 0, writes: 0, overtakeNext: 0 };
  const save = (headers: Record<string, string>, title: string, more = {}, method = 'PUT') =>
    http.write<Page>(get('/', headers, { method, ...(method === 'PUT' && { body: title }) }), {
      version,
      current: async () => (seen.reads++, page),
      write: async (current) => {
        seen.writes++;
        if (seen.overtakeNext-- > 0) page = { ...page!, title: 'by somebody else', version: page!.version + 1 };
        if (page?.version !== current?.version) return OVERTAKEN;
        page = method === 'DELETE' ? undefined : { id: 'home', title, version: (current?.version ?? 0) + 1 };
        return new Response(null, { status: 204 });
      },
      ...more,
    });
  const etag = async () => {
    const reading = { key: ['page'], tags: [], read: async () => page };
    return (await http.respond(get('/', { authorization: 'x' }), reading, { version })).headers.get('etag')!;
  };
  return { save, etag, seen, page: () => page };
}

test('what was edited is saved under the ETag that it was read with', async () => {
  const { save, etag, page } = place();
  const read = await etag();
  expect((await save({ 'if-match': read }, 'second')).status).toBe(204);
  expect(page()?.title).toBe('second');
  const late = await save({ 'if-match': read }, 'third');
  expect([late.status, late.headers.get('etag'), late.headers.get('cache-control')]).toEqual([
    412,
    await etag(),
    'no-store',
  ]);
  expect(page()?.title).toBe('second');
});

test.each(['PUT', 'PATCH', 'DELETE'])('%s is refused under an ETag of before', async (method) => {
  const { save, page } = place();
  expect((await save({ 'if-match': '"0"' }, 'x', {}, method)).status).toBe(412);
  expect(page()?.title).toBe('first');
});

test('If-Match: * is for what is there; If-None-Match: * for what is not', async () => {
  const [there, gone] = [place(), place()];
  await gone.save({}, '', {}, 'DELETE');
  expect((await there.save({ 'if-match': '*' }, 'x')).status).toBe(204);
  expect((await gone.save({ 'if-match': '*' }, 'x')).status).toBe(412);
  expect((await there.save({ 'if-none-match': '*' }, 'y')).status).toBe(412);
  expect((await gone.save({ 'if-none-match': '*' }, 'y')).status).toBe(204);
  expect([there.page()?.title, gone.page()?.title]).toEqual(['x', 'y']);
});

test('a write whose condition is true when it is judged, and false when it is made, is refused', async () => {
  const { save, etag, seen, page } = place();
  seen.overtakeNext = 1;
  expect((await save({ 'if-match': await etag() }, 'mine')).status).toBe(412);
  expect(page()?.title).toBe('by somebody else');
});

test('a write without a condition is tried again, as often as is said', async () => {
  const { save, seen, page } = place();
  seen.overtakeNext = 2;
  expect((await save({}, 'mine')).status).toBe(204);
  expect([page()?.title, seen.writes]).toEqual(['mine', 3]);
  seen.overtakeNext = 100;
  expect((await save({}, 'never')).status).toBe(409);
  expect(seen.writes).toBe(8);
});

test('where conditions are required a write without one is refused before anything is read', async () => {
  const { save, seen } = place();
  expect((await save({}, 'x', { required: true })).status).toBe(428);
  expect(seen).toMatchObject({ reads: 0, writes: 0 });
  expect((await save({ 'if-unmodified-since': new Date().toUTCString() }, 'x', { required: true })).status).toBe(204);
});

test('If-Unmodified-Since is judged where no ETag is named', async () => {
  const lastModified = Date.UTC(2026, 0, 1);
  const save = (since: number, more = {}) =>
    guardedWrite(get('/', { 'if-unmodified-since': new Date(since).toUTCString(), ...more }, { method: 'DELETE' }), {
      current: async () => ({ lastModified, etag: '"1"' }),
      write: async () => new Response(null, { status: 204 }),
    });
  expect((await save(lastModified)).status).toBe(204);
  expect((await save(lastModified - 1000)).status).toBe(412);
  expect((await save(lastModified - 1000, { 'if-match': '"1"' })).status).toBe(204);
});

test('what reading or writing throws reaches the caller', async () => {
  const { save } = place();
  const down = async () => {
    throw new Error('down');
  };
  expect(await failure(save({}, 'x', { current: down }))).toEqual(new Error('down'));
  expect(await failure(save({}, 'x', { write: down }))).toEqual(new Error('down'));
});

test('what was created meanwhile is a conflict of the repository, and a 412 to whoever wanted to be the first', async () => {
  const posts = createRepository<Post>({ cache: createCache(), name: 'post', source: memorySource<Post>() });
  const create = (title: string) =>
    guardedWrite(get('/', { 'if-none-match': '*' }, { method: 'PUT', body: title }), {
      current: async () => ((await posts.findById('1')) ? { etag: '"1"' } : undefined),
      write: async () => Response.json(await posts.create(post('1', { title })), { status: 201 }),
    });
  const both = await Promise.all([create('a'), create('b')]);
  expect(both.map(({ status }) => String(status)).toSorted()).toEqual(['201', '412']);
});

describe('in a real D1', () => {
  let opened: Awaited<ReturnType<typeof openD1>>;
  let database: D1Database;
  beforeAll(async () => {
    opened = await openD1();
    database = opened.database;
    await database.prepare('CREATE TABLE pages (id TEXT PRIMARY KEY, title TEXT, version INTEGER)').all();
    await database.prepare("INSERT INTO pages VALUES ('home', 'first', 1)").all();
  });
  afterAll(() => opened.close());

  const page = async () =>
    (await database.prepare("SELECT * FROM pages WHERE id = 'home'").all()).results[0] as unknown as Page | undefined;

  /** An isolate: its own cache over the same database, and writes that are said in the batch that makes them. */
  function isolate() {
    const cache = createCache({ tiers: [memory(), d1Backend({ database })] });
    const http = httpContent({ cache });
    const version = (one: Page) => one.version;
    const read = () =>
      http.respond<Page>(get(), { key: ['page', 'home'], tags: ['page#home'], read: page }, { version });
    const save = (etag: string, title: string) =>
      http.write<Page>(get('/', { 'if-match': etag }, { method: 'PUT', body: title }), {
        version,
        current: page,
        write: async (current) => {
          const update = database
            .prepare('UPDATE pages SET title = ?, version = version + 1 WHERE id = ? AND version = ? RETURNING id')
            .bind(title, 'home', current?.version ?? 0);
          const statements = [update];
          const changes = cache.changesIn(statements);
          await changes.invalidate({ tags: ['page#home'] });
          const [{ results }] = await database.batch(statements);
          await changes.committed();
          return results.length === 1 ? new Response(null, { status: 204 }) : OVERTAKEN;
        },
      });
    return { cache, read, save };
  }

  test('of editors in several isolates who save what they have read exactly one is written, each time', async () => {
    const isolates = [isolate(), isolate(), isolate()];
    for (let round = 1; round <= 2; round++) {
      await Promise.all(isolates.map(({ cache }) => cache.catchUp(isolates[0].cache.bookmark())));
      const etag = (await isolates[0].read()).headers.get('etag')!;
      const answers = await Promise.all(isolates.map(({ save }, i) => save(etag, `round ${round} by ${i}`)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.map(String).toSorted()).toEqual(['204', '412', '412']);
      const winner = statuses.indexOf(204);
      expect(await page()).toEqual({ id: 'home', title: `round ${round} by ${winner}`, version: round + 1 });
      const own = await isolates[winner].read();
      expect(await own.json()).toMatchObject({ title: `round ${round} by ${winner}` });
      await isolates[0].cache.catchUp(isolates[winner].cache.bookmark());
    }
    for (const { cache } of isolates) await cache.close();
  });

  test('the same with a repository', async () => {
    await database.prepare('CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, status TEXT, updatedAt TEXT)').all();
    const repositories = [0, 1, 2].map(() => {
      const cache = createCache({ tiers: [memory(), d1Backend({ database, tables: 'log' })] });
      const source = d1Source<Post>({ database, table: 'posts', columns });
      const posts = createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text' } });
      return { cache, posts, read: async () => (await source.findByIds(['1']))[0] };
    });
    await repositories[0].posts.create(post('1'));
    await oneOfAllIsWritten(repositories, 2);
    expect(await repositories[0].read()).toMatchObject({ status: 'published' });
    for (const { cache } of repositories) await cache.close();
  });
});

interface Editing {
  readonly cache: Parameters<typeof httpContent>[0]['cache'];
  readonly posts: Repository<Post>;
  /** From the source. */
  readonly read: () => Promise<Post | undefined>;
}

/** All edit what one of them reads, and save at once. */
async function oneOfAllIsWritten(editors: readonly Editing[], rounds: number): Promise<void> {
  const save = ({ cache, posts, read }: Editing, etag: string, by: number, fields: Partial<Post>) =>
    httpContent({ cache }).write<Post>(get('/', { 'if-match': etag }, { method: 'PUT', body: '' }), {
      current: read,
      write: async (seen) => {
        if (by === 0) return Response.json(await posts.update('1', fields, { ifSame: seen! })); // throws a conflict
        const saved = await ifUnchanged(posts, seen!, (writer) => writer.update('1', fields));
        return saved === OVERTAKEN ? OVERTAKEN : Response.json(saved);
      },
    });
  for (let round = 0; round < rounds; round++) {
    const now = await editors[0].read();
    const reading = { key: ['now', String(round)], tags: [], read: async () => now };
    const etag = (await httpContent({ cache: editors[0].cache }).respond(get(), reading)).headers.get('etag')!;
    const status = round % 2 === 0 ? 'draft' : 'published';
    const answers = await Promise.all(
      editors.map((editor, i) => save(editor, etag, i, { title: `${round} by ${i}`, status })),
    );
    const winners = answers.flatMap((answer, i) => (answer.status === 200 ? [i] : []));
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ status: one }) => one === 412)).toHaveLength(editors.length - 1);
    expect(await editors[0].read()).toMatchObject({ title: `${round} by ${winners[0]}`, status });
    const lists = await editors[winners[0]].posts.findMany({ where: { status } });
    expect(lists.map(({ title }) => title)).toEqual([`${round} by ${winners[0]}`]); // what was written has been said
  }
}

test('in SQLite, with a repository, exactly one is written and the others are told so', async () => {
  const sqlite = await sqlitePlace();
  await sqlite.run('CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, status TEXT, "updatedAt" TEXT)');
  const cache = createCache({ tiers: [memory(), sqlite.backend('log')] });
  const source = sqlite.source<Post>({ table: 'posts', columns });
  const posts = createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text' } });
  await posts.create(post('1'));
  const read = async () => (await source.findByIds(['1']))[0];
  await oneOfAllIsWritten(
    [0, 1, 2].map(() => ({ cache, posts, read })),
    4,
  );
  const seen = (await read())!;
  expect(await ifUnchanged(posts, seen, (writer) => writer.delete('1'))).toBe(true);
  expect(await ifUnchanged(posts, seen, (writer) => writer.delete('1'))).toBe(OVERTAKEN);
  const http = httpContent({ cache });
  expect((await http.respond(get(), itemOf(posts, '1'))).status).toBe(404);
  await cache.close();
  await sqlite.close();
});

test('a repository without transactions is refused', async () => {
  const posts = createRepository<Post>({ cache: createCache(), name: 'post', source: memorySource<Post>() });
  const work = ifUnchanged(posts, post('1'), (writer) => writer.delete('1'));
  expect(await failure(work)).toMatchObject({ code: 'bad_option' });
});
