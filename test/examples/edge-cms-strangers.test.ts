/** The example site over tables in memory: what strangers and editors may send, and what they are answered. */
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import {
  contentEnvironment,
  type ContentItem,
  type Media,
  memorySource,
  type Session,
  type User,
} from 'tidemark/content';
import { createApp } from '../../examples/edge-cms/app.ts';
import { seed } from '../../examples/edge-cms/seed.ts';
import { createSite } from '../../examples/edge-cms/site.ts';

const TOKEN = 'the-editors-token';

async function open() {
  const cache = createCache();
  const sources = {
    content: memorySource<ContentItem>(),
    users: memorySource<User>(),
    media: memorySource<Media>(),
    sessions: memorySource<Session>(),
  };
  const { users, content, media } = seed(30);
  await sources.users.create(users);
  await sources.content.create(content);
  await sources.media.create(media);
  const site = createSite({ cache, environment: contentEnvironment({ CACHE_DEBUG: 'false' }), sources });
  const app = createApp({ site, adminToken: TOKEN });
  const visit = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
    const response = await app(new Request(`https://site.test${path}`, { headers, ...init }));
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const edit = (method: string, path: string, body?: string) =>
    visit(`/api/admin${path}`, { authorization: `Bearer ${TOKEN}` }, { method, ...(body !== undefined && { body }) });
  return { site, visit, edit };
}

/** As a request in good order, but for its length. */
const LONG = `{"title":"x","slug":"b","name":"x","data":"${'x'.repeat(2_000_000)}"}`;

const types = (answers: readonly { headers: Headers }[]) => answers.map(({ headers }) => headers.get('content-type'));

test.each([
  ['/', '/api/posts?limit=10'],
  ['/api/posts?limit=10', '/'],
])('one list is a page and an API, whichever is asked for first: %s', async (first, second) => {
  const { visit } = await open();
  const answers = [await visit(first), await visit(second)];
  expect(new Set(types(answers))).toEqual(new Set(['application/json', 'text/html; charset=utf-8']));
});

test.each(['/api/posts', '/api/posts?limit=3', '/api/posts/marks-2', '/api/users/u1', '/'])(
  'nobody’s address or role is told to strangers: %s',
  async (path) => {
    const { visit } = await open();
    const { status, text } = await visit(path);
    expect(status).toBe(200);
    expect(text).not.toMatch(/@example\.com|"role"/);
  },
);

test('what has changed of an author is not taken for unmodified by its date', async () => {
  const { visit, edit } = await open();
  const since = { 'if-modified-since': new Date().toUTCString() };
  await visit('/api/posts/marks-2');
  await edit('PATCH', '/users/u2', JSON.stringify({ name: 'Rear Admiral Hopper' }));
  const { status, text } = await visit('/api/posts/marks-2', since);
  expect([status, text]).toEqual([200, expect.stringContaining('Rear Admiral Hopper')]);
});

test('what is switched off for posts is off for their answers as well', async () => {
  const { site, visit } = await open();
  await visit('/api/posts/marks-2');
  site.content.switches.off('looks wrong', { namespace: 'content' });
  expect((await visit('/api/posts/marks-2')).headers.get('cache-status')).toBe('content; fwd=bypass');
});

test.each([
  '/api/posts?limit=-5',
  '/api/posts?limit=x&offset=y',
  '/api/posts?limit=1e400&offset=-1e400',
  '/api/posts?offset=1e300',
  '/api/posts?author=',
  `/api/posts?author=${'x'.repeat(5000)}`,
  `/api/media?folder=${'%F0%9F%8C%8A'.repeat(1000)}`,
  `/api/media?folder=%00`,
  '/api/media?folder=%ff',
  `/api/posts/${'x'.repeat(5000)}`,
  `/api/users/${'x'.repeat(5000)}`,
  '/api/users/%00',
  '/api/users/%2F..%2F',
  '/api/users/%ff',
])('a strange question is answered or refused, and never fails: %s', async (path) => {
  const { visit } = await open();
  const { status, headers, text } = await visit(path);
  expect([200, 400, 404]).toContain(status);
  if (status === 400)
    expect([JSON.parse(text), headers.get('cache-control')]).toEqual([{ error: expect.any(String) }, 'no-store']);
});

const BODIES = ['', '{', 'null', '7', '"x"', '[]', '{"title":7,"slug":{},"name":[]}', LONG];

test.each([
  [
    'POST',
    '/posts',
    [
      '{"slug":"x"}',
      '{"title":"x"}',
      '{"title":"x","slug":"b/c"}',
      '{"title":"x","slug":"x","authorId":{}}',
      '{"title":"x","slug":"x","collectionId":[]}',
    ],
  ],
  ['PATCH', '/posts/p2', ['{}', '{"title":""}', '{"title":null,"data":1}']],
  ['PATCH', '/users/u2', ['{}', '{"name":7}', '{"name":{}}', '{"name":" "}']],
])('a bad body is refused in JSON, and changes nothing: %s %s', async (method, path, more) => {
  const { site, edit } = await open();
  const before = JSON.stringify([await site.sources.content.findMany(all), await site.sources.users.findMany(all)]);
  for (const body of [...BODIES, ...more]) {
    const { status, text } = await edit(method, path, body);
    expect([body.slice(0, 60), status]).toEqual([body.slice(0, 60), body.length > 1_000_000 ? 413 : 400]);
    expect(JSON.parse(text)).toEqual({ error: expect.any(String) });
  }
  expect(JSON.stringify([await site.sources.content.findMany(all), await site.sources.users.findMany(all)])).toBe(
    before,
  );
});

const all = { where: { all: [] }, sort: [], limit: undefined, offset: 0 };

test.each([
  ['POST', '/posts'],
  ['PATCH', '/posts/p2'],
  ['DELETE', '/posts/p2'],
  ['POST', '/posts/p2/unpublish'],
  ['PATCH', '/users/u2'],
  ['GET', '/posts/p10'],
])('only who has the token may: %s %s', async (method, path) => {
  const { visit } = await open();
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: TOKEN }]) {
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{"title":"x","slug":"x","name":"x"}' };
    expect((await visit(`/api/admin${path}`, headers as Record<string, string>, { method, ...body })).status).toBe(401);
  }
});

test('what is not there is said in JSON', async () => {
  const { edit, visit } = await open();
  for (const answer of [
    await edit('PATCH', '/posts/nothing', '{"title":"x"}'),
    await edit('PATCH', '/users/nothing', '{"name":"x"}'),
    await edit('POST', '/posts/nothing/publish'),
    await edit('DELETE', '/posts/nothing'),
    await visit('/nowhere'),
  ])
    expect([answer.status, Object.keys(JSON.parse(answer.text) as object)]).toEqual([404, ['error']]);
});

test('drafts are in no list, on no page and under no name', async () => {
  const { visit } = await open();
  for (const path of ['/', '/api/posts?limit=100', '/api/posts?author=u2&limit=100'])
    expect((await visit(path)).text).not.toMatch(/"draft"|part 10\b|part 20\b/);
  expect((await visit('/api/posts/marks-10')).status).toBe(404);
  expect((await visit('/api/users/p10')).status).toBe(404);
});
