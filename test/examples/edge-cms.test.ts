/** The example site, in two isolates with one KV namespace and one D1 database. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type ContentItem,
  contentTable,
  contentTables,
  d1Source,
  mediaTable,
  type User,
  userTable,
} from 'tidemark/content';
import { seed } from '../../examples/edge-cms/seed.ts';
import { read } from '../support/repository.ts';
import { bundled, isolates } from '../support/worker.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

type Where = 'fra' | 'syd';
const TOKEN = 'the-editors-token';
const MAIN = `export { default } from './tidemark.js';`;

let world: Awaited<ReturnType<typeof isolates<Where>>>;

beforeAll(async () => {
  const code = await bundled('examples/edge-cms/worker.ts');
  world = await isolates(['fra', 'syd'], MAIN, code, { ADMIN_TOKEN: TOKEN, ...variables() });
  const { database } = world;
  for (const statement of contentTables('sqlite')) await database.prepare(statement).all();
  const { users, content, media } = seed(30);
  await d1Source({ database, ...userTable }).create(users);
  await d1Source({ database, ...contentTable }).create(content);
  await d1Source({ database, ...mediaTable }).create(media);
});
afterAll(() => world.dispose());

/** What wrangler.toml gives to the Worker by default. */
function variables(): Record<string, string> {
  const [, block = ''] = /^\[vars\]\n([^[]*)/m.exec(read('examples/edge-cms/wrangler.toml')) ?? [];
  return Object.fromEntries([...block.matchAll(/^(\w+) = "(.*?)"/gm)].map(([, name, value]) => [name, value]));
}

interface Sent {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function visit(where: Where, path: string, { method = 'GET', body, headers = {} }: Sent = {}) {
  const response = await world.worker(where).fetch(`http://site${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    text: await response.text(),
    hit: response.headers.get('cache-status') === 'content; hit',
  };
}

const editing = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
const edit = (where: Where, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  visit(where, `/api/admin${path}`, {
    method,
    headers: { ...editing, ...headers },
    ...(body !== undefined && { body }),
  });

test('pages, posts, users and media are there, and a second visit asks no database', async () => {
  for (const path of ['/', '/api/posts', '/api/posts/marks-2', '/api/pages/about', '/api/users/u1', '/api/media']) {
    expect((await visit('fra', path)).status, path).toBe(200);
    expect((await visit('fra', path)).hit, path).toBe(true);
  }
  expect((await visit('fra', '/api/posts/nothing')).status).toBe(404);
  expect((await visit('fra', '/')).text).toContain('On moorings, part 23</a> by Barbara Liskov');
});

test('a draft is nobody’s to see, and what an editor sees of it is for nobody else', async () => {
  expect((await visit('fra', '/api/posts/marks-10')).status).toBe(404);
  const seen = await edit('fra', 'GET', '/posts/p10');
  expect([seen.status, seen.headers.get('cache-control')]).toEqual([200, 'no-store, private']);
  expect((await visit('fra', '/api/admin/posts/p10')).status).toBe(401);
});

test('an ETag is worth a 304', async () => {
  const { headers } = await visit('fra', '/api/posts/marks-2');
  const again = await visit('fra', '/api/posts/marks-2', { headers: { 'if-none-match': headers.get('etag')! } });
  expect([again.status, again.text]).toEqual([304, '']);
  expect(headers.get('cache-control')).toContain('s-maxage=60');
});

describe('who publishes in one isolate', () => {
  test('sees it in another at once, by the cookie that came with the answer', async () => {
    await visit('syd', '/');
    const made = JSON.parse(
      (await edit('fra', 'POST', '/posts', { title: 'Spring tide', slug: 'spring-tide', authorId: 'u2' })).text,
    ) as ContentItem;
    const published = await edit('fra', 'POST', `/posts/${made.id}/publish`);
    const [cookie] = published.headers.get('set-cookie')!.split(';');
    const page = await visit('syd', '/', { headers: { cookie } });
    expect(page.text).toContain('Spring tide');
    expect((await visit('syd', '/api/posts/spring-tide')).status).toBe(200);
  });

  test('and everybody else within the bound that the site states', async () => {
    await edit('fra', 'PATCH', '/users/u2', { name: 'Rear Admiral Hopper' });
    await vi.waitFor(
      async () => expect((await visit('syd', '/')).text).toContain('Spring tide</a> by Rear Admiral Hopper'),
      { timeout: 10_000, interval: 200 },
    );
  });
});

test('of two editors in two isolates who save over the same version one is told', async () => {
  const { headers } = await edit('fra', 'GET', '/posts/p2');
  const condition = { 'if-match': headers.get('etag')! };
  const saves = await Promise.all(
    (['fra', 'syd'] as const).map((where) => edit(where, 'PATCH', '/posts/p2', { title: `from ${where}` }, condition)),
  );
  expect(saves.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412]);
});

test('a slug that is taken is refused, and nothing of it is there', async () => {
  const taken = await edit('syd', 'POST', '/posts', { title: 'Another', slug: 'marks-2' });
  expect([taken.status, JSON.parse(taken.text)]).toEqual([409, { error: 'there is one with this slug' }]);
  expect((await visit('syd', '/api/posts/marks-2')).text).toContain('On marks, part 2');
});

test('the cache’s own page and figures are for who has the token', async () => {
  expect((await visit('fra', '/cache/stats')).status).toBe(401);
  const { status, text } = await visit('fra', '/cache/stats', { headers: editing });
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ tiers: [{ name: 'memory' }, { name: 'workers-kv' }] });
  expect((await visit('fra', '/cache', { headers: editing })).text).toContain('<!doctype html>');
});

test('the schedule warms and removes what has expired', async () => {
  const { database } = world;
  const insert = `INSERT INTO sessions ("id", "userId", "expiresAt", "createdAt") VALUES ('s1', 'u1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')`;
  await database.prepare(insert).all();
  await world.worker('fra').scheduled();
  expect((await database.prepare('SELECT * FROM sessions').all()).results).toEqual([]);
});

test('users are read through includes and by themselves', async () => {
  const { text } = await visit('fra', '/api/users/u2');
  expect((JSON.parse(text) as User).name).toMatch(/Hopper/);
});
