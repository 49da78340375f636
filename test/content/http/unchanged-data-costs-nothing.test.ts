/** A request for data that hasn't changed reads no data and makes no body; one for data that has gets it. */
import { expect, test } from 'vitest';
import { itemOf, listOf } from 'tidemark/content/http';
import { get, post, shop, START } from './posts.ts';

test('a 304 costs neither a read of the source nor a serialisation', async () => {
  const { http, posts, reads } = await shop();
  let made = 0;
  const serialize = (value: unknown) => ({ body: `${++made}${JSON.stringify(value)}`, type: 'text/plain' });
  const ask = (headers = {}) => http.respond(get('/', headers), itemOf(posts, '1'), { serialize });
  const etag = (await ask()).headers.get('etag')!;
  expect([reads(), made]).toEqual([1, 1]);
  for (let i = 0; i < 100; i++) expect((await ask({ 'if-none-match': etag })).status).toBe(304);
  expect([reads(), made]).toEqual([1, 1]);
  expect((await ask()).status).toBe(200);
  expect([reads(), made]).toEqual([1, 1]);
});

test('what is switched off is read and made for each request alone, and is revalidated all the same', async () => {
  const off = new Set<string>();
  const { http, posts, reads } = await shop({ cached: (policy: string) => !off.has(policy) });
  const ask = (headers = {}) => http.respond(get('/', headers), itemOf(posts, '1'));
  const etag = (await ask()).headers.get('etag')!;
  const before = reads();
  off.add('post');
  await posts.update('1', { title: 'new' });
  const answer = await ask({ 'if-none-match': etag });
  expect([answer.status, answer.headers.get('cache-status')]).toEqual([200, 'content; fwd=bypass']);
  expect((await ask({ 'if-none-match': answer.headers.get('etag')! })).status).toBe(304);
  off.clear();
  expect((await ask()).headers.get('cache-status')).toContain('fwd=miss'); // nothing was kept meanwhile
  expect(reads()).toBe(before + 1); // the repository has a switch of its own
});

test('after a write the answer is new, and so is its ETag; what is the same again has the same ETag', async () => {
  const { http, posts } = await shop();
  const ask = (headers = {}) => http.respond(get('/', headers), itemOf(posts, '1'));
  const first = (await ask()).headers.get('etag')!;
  await posts.update('1', { title: 'new' });
  const changed = await ask({ 'if-none-match': first });
  expect(changed.status).toBe(200);
  expect(await changed.json()).toMatchObject({ title: 'new' });
  expect(changed.headers.get('etag')).not.toBe(first);
  await posts.update('1', { title: 'post 1' });
  expect((await ask({ 'if-none-match': first })).status).toBe(304);
});

test('two servers that read the same data give the same ETag', async () => {
  const [a, b] = [await shop(), await shop()];
  const etags = await Promise.all([a, b].map(async ({ http, posts }) => http.respond(get(), itemOf(posts, '1'))));
  expect(etags[0].headers.get('etag')).toBe(etags[1].headers.get('etag'));
  expect(etags[0].headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
});

test('a list falls with the writes that can touch it, and with no others', async () => {
  const { http, posts, reads } = await shop({}, [post('1'), post('2', { status: 'draft' })]);
  const ask = () => http.respond(get(), listOf(posts, { where: { status: 'published' } }));
  const etag = (await ask()).headers.get('etag');
  const before = reads();
  await posts.update('2', { title: 'still a draft' });
  expect((await ask()).headers.get('etag')).toBe(etag);
  expect(reads()).toBe(before);
  await posts.update('2', { status: 'published' });
  expect(await (await ask()).json()).toHaveLength(2);
});

test.each([
  ['the key of what was read', { key: ['post.item', '1'] }],
  ['all that is kept of items', { prefix: ['post.item'] }],
  ['the name of the collection', { tags: ['post'] }],
  ['everything', { all: true as const }],
])('an answer falls with %s', async (_, selector) => {
  const { http, posts, cache, reads } = await shop();
  const ask = () => http.respond(get(), itemOf(posts, '1'));
  await ask();
  await cache.invalidate(selector);
  await ask();
  expect(reads()).toBe(2);
});

test('what a reading says while it reads is rested on, and named in Cache-Tag', async () => {
  const { http, cache } = await shop({ policies: { page: { public: true, maxAge: 60 } } });
  let reads = 0;
  const reading = {
    key: ['page', 'home'],
    tags: ['page'],
    read: async ({ tag }: { tag: (...tags: string[]) => void }) => {
      tag('menu#main');
      return { reads: ++reads };
    },
  };
  expect((await http.respond(get(), reading)).headers.get('cache-tag')).toBe('page,menu#main');
  await cache.invalidate({ tags: ['menu#main'] });
  expect(await (await http.respond(get(), reading)).json()).toEqual({ reads: 2 });
});

test('a load that a write overtakes answers those who asked before it, and is not kept', async () => {
  const { http, cache } = await shop();
  const gates: ((value: object) => void)[] = [];
  const reading = {
    key: ['slow'],
    tags: ['slow'],
    read: () => new Promise<object>((resolve) => gates.push(resolve)),
  };
  const early = http.respond(get(), reading);
  while (gates.length < 1) await new Promise(setImmediate);
  await cache.invalidate({ tags: ['slow'] });
  const late = http.respond(get(), reading);
  while (gates.length < 2) await new Promise(setImmediate);
  gates[0]({ state: 'old' });
  gates[1]({ state: 'new' });
  expect(await (await early).json()).toEqual({ state: 'old' });
  expect(await (await late).json()).toEqual({ state: 'new' });
  expect(await (await http.respond(get(), reading)).json()).toEqual({ state: 'new' });
  expect(gates).toHaveLength(2);
});

test('all who ask at once get one load', async () => {
  const { http, posts, reads } = await shop();
  const answers = await Promise.all(Array.from({ length: 50 }, () => http.respond(get(), itemOf(posts, '1'))));
  expect(reads()).toBe(1);
  for (const answer of answers) expect(await answer.json()).toMatchObject({ id: '1' });
});

test('If-None-Match: a list, any, and weak comparison; HEAD is answered as GET, without a body', async () => {
  const { http, posts } = await shop();
  const ask = (headers = {}, method = 'GET') => http.respond(get('/', headers, { method }), itemOf(posts, '1'));
  const whole = await ask();
  const etag = whole.headers.get('etag')!;
  for (const tags of [`"other", ${etag}`, '*', `W/${etag}`])
    expect((await ask({ 'if-none-match': tags })).status).toBe(304);
  expect((await ask({ 'if-none-match': '"other"' })).status).toBe(200);
  const head = await ask({}, 'HEAD');
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect(Number(head.headers.get('content-length'))).toBe((await whole.text()).length);
  expect((await ask({ 'if-none-match': etag }, 'HEAD')).status).toBe(304);
  expect((await ask({ 'if-match': '"other"' })).status).toBe(412);
  const refused = await ask({}, 'PUT');
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('a 304 has the fields that caches go by', async () => {
  const { http, posts } = await shop({ policies: { post: { public: true, maxAge: 5, cdn: { maxAge: 60 } } } });
  const how = { represent: (asked: (name: string) => string | null) => ({ locale: asked('Accept-Language') ?? 'en' }) };
  const etag = (await http.respond(get(), itemOf(posts, '1'), how)).headers.get('etag')!;
  const { status, headers } = await http.respond(get('/', { 'if-none-match': etag }), itemOf(posts, '1'), how);
  expect(status).toBe(304);
  expect(Object.fromEntries(headers)).toEqual({
    'cache-control': 'public, max-age=5',
    'cache-status': 'content; hit',
    'cache-tag': 'post,post#1',
    'cdn-cache-control': 'max-age=60',
    date: new Date(START).toUTCString(),
    etag,
    vary: 'accept-language',
  });
});

test('Last-Modified is said once its second is over, and If-Modified-Since is judged by it', async () => {
  const { http, posts, clock } = await shop({}, [post('1', { updatedAt: new Date(START - 300).toISOString() })]);
  const lastModified = ({ updatedAt }: { updatedAt: string }) => Date.parse(updatedAt);
  const ask = (headers = {}) => http.respond(get('/', headers), itemOf(posts, '1'), { lastModified });
  expect((await ask()).headers.get('last-modified')).toBe(new Date(START - 1000).toUTCString());
  await posts.update('1', { updatedAt: new Date(START + 100).toISOString() });
  expect((await ask()).headers.get('last-modified')).toBe(null);
  clock.advance(10_000);
  await posts.update('1', { title: 'again' });
  const said = (await ask()).headers.get('last-modified')!;
  expect(said).toBe(new Date(START).toUTCString());
  expect((await ask({ 'if-modified-since': said })).status).toBe(304);
  expect((await ask({ 'if-modified-since': said, 'if-none-match': '"other"' })).status).toBe(200);
});

test('what is not there is remembered, and answered with a 404 of its own caching', async () => {
  const { http, posts, reads } = await shop(
    { policies: { post: { public: true, maxAge: 60, cdn: { maxAge: 60 }, missing: { maxAge: 1 } } } },
    [],
  );
  const ask = (headers = {}) => http.respond(get('/', headers), itemOf(posts, '1'));
  for (let i = 0; i < 3; i++) {
    const { status, headers } = await ask({ 'if-none-match': '*', 'if-match': '"a"' });
    expect(status).toBe(404);
    expect(Object.fromEntries(headers)).toMatchObject({ 'cache-control': 'max-age=1', 'cache-tag': 'post,post#1' });
    expect([headers.has('etag'), headers.has('cdn-cache-control')]).toEqual([false, false]);
  }
  expect(reads()).toBe(1);
  await posts.create(post('1'));
  expect((await ask()).status).toBe(200);
});

test('it is remembered for a time of its own that something is not there', async () => {
  const { http, clock } = await shop({ negativeTtl: '1s' });
  const reads = { there: 0, gone: 0 };
  const ask = (key: keyof typeof reads) =>
    http.respond(get(), { key: [key], tags: [], read: async () => (reads[key]++, key === 'there' ? {} : undefined) });
  for (let i = 0; i < 3; i++) {
    for (const key of ['there', 'gone'] as const) await ask(key);
    clock.advance(i === 0 ? 500 : 600);
  }
  expect(reads).toEqual({ there: 1, gone: 2 });
});
