/** Responses in a cache of the engine fall with the changes of what their Cache-Tag names, in every process, however it races. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { engineHttpStore, httpCache, httpContent, itemOf, listOf } from 'tidemark/content/http';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { idle } from '../../support/deferred.ts';
import { type Answer, ok, paused, START, told } from './origin.ts';
import { get, post, type Post } from './posts.ts';

/** A process: a cache of its own over a shared place, and an HTTP cache on it. */
function node(space: SharedSpace, answer: Answer, hiddenFields: readonly string[] = []) {
  const clock = manualClock({ now: START });
  const asked: Request[] = [];
  const cache = createCache({ clock, tiers: [memory(), sharedBackend({ space })] });
  const handler = httpCache({
    clock,
    hiddenFields,
    store: engineHttpStore({ cache }),
    fetch: async (request) => answer(request, asked.push(request)),
  });
  const text = async (path = '/', headers: Record<string, string> = {}, init: RequestInit = {}) =>
    (await handler(get(path, headers, init))).text();
  return { cache, clock, handler, text, asked };
}

const FRESH = { 'cache-control': 'max-age=600', 'cache-tag': 'post,post#1' };
const counting: Answer = (_, count) => ok(`body ${count}`, FRESH);

/** Until the other process has heard of all. */
async function caughtUp(from: { cache: ReturnType<typeof createCache> }, to: typeof from): Promise<void> {
  expect(await to.cache.catchUp(from.cache.bookmark())).toBe(true);
}

test('a response falls with a tag that its Cache-Tag names, and with no other', async () => {
  const { cache, text } = node(new SharedSpace(), counting);
  await text();
  await idle();
  expect(await text()).toBe('body 1');
  await cache.invalidate({ tags: ['post#2', 'pos', 'post/1'] });
  expect(await text()).toBe('body 1');
  await cache.invalidate({ tags: ['post#1'] });
  expect(await text()).toBe('body 2');
});

test('what one process has stored answers in another, and falls there with a change said in the first', async () => {
  const space = new SharedSpace();
  const [a, b] = [node(space, counting), node(space, () => ok('of b', FRESH))];
  await a.text();
  await idle();
  expect(await b.text()).toBe('body 1');
  await a.cache.invalidate({ tags: ['post'] });
  await caughtUp(a, b);
  expect(await b.text()).toBe('of b');
});

test('an unsafe request to one process makes the response fall in the other', async () => {
  const space = new SharedSpace();
  const [a, b] = [node(space, counting), node(space, () => ok('of b', FRESH))];
  await a.text();
  await idle();
  expect(await b.text()).toBe('body 1');
  await a.text('/', {}, { method: 'PUT', body: 'x' });
  await caughtUp(a, b);
  expect(await b.text()).toBe('of b');
});

test.each(['here', 'in another process'])(
  'a response asked for before a change made %s is not stored after it',
  async (where) => {
    const space = new SharedSpace();
    const { answer, calls } = paused();
    const a = node(space, answer);
    const b = node(space, counting);
    await Promise.all([a, b].map(({ cache }) => cache.invalidate({ tags: ['start'] })));
    const first = a.text();
    while (calls.length < 1) await idle();
    await (where === 'here' ? a : b).cache.invalidate({ tags: ['post#1'] });
    if (where !== 'here') await caughtUp(b, a);
    calls[0].resolve(ok('old', FRESH));
    expect(await first).toBe('old'); // it asked before the change
    const second = a.text();
    while (calls.length < 2) await idle();
    calls[1].resolve(ok('new', FRESH));
    expect(await second).toBe('new');
  },
);

test('what asks after a change is never answered by a way to the origin that began before it', async () => {
  const { answer, calls } = paused();
  const a = node(new SharedSpace(), answer);
  await a.cache.invalidate({ tags: ['start'] });
  const early = a.text();
  while (calls.length < 1) await idle();
  await a.cache.invalidate({ tags: ['post#1'] });
  const late = a.text();
  await idle();
  calls[0].resolve(ok('old', FRESH));
  expect(await early).toBe('old');
  while (calls.length < 2) await idle();
  calls[1].resolve(ok('new', FRESH));
  expect(await late).toBe('new');
});

test('a 304 of the origin stores what it confirms as of when it was asked', async () => {
  const { answer, calls } = paused();
  const a = node(new SharedSpace(), answer);
  const stale = { ...FRESH, 'cache-control': 'max-age=1', etag: '"1"' };
  const first = a.text();
  while (calls.length < 1) await idle();
  calls[0].resolve(ok('one', stale));
  await first;
  await idle();
  a.clock.advance(5000);
  const second = a.text();
  while (calls.length < 2) await idle();
  expect(a.asked[1].headers.get('if-none-match')).toBe('"1"');
  await a.cache.invalidate({ tags: ['post#1'] }); // after the origin was asked, so its answer may be older
  calls[1].resolve(new Response(null, { status: 304, headers: { etag: '"1"', ...FRESH } }));
  expect(await second).toBe('one');
  const third = a.text();
  while (calls.length < 3) await idle();
  expect(a.asked[2].headers.has('if-none-match')).toBe(false);
  calls[2].resolve(ok('three', stale));
  expect(await third).toBe('three');
});

test('a change in between lets a HEAD bring nothing back', async () => {
  const { answer, calls } = paused();
  const a = node(new SharedSpace(), answer);
  const stale = { ...FRESH, 'cache-control': 'max-age=1' };
  const first = a.text();
  while (calls.length < 1) await idle();
  calls[0].resolve(ok('one', { ...stale, 'last-modified': 'Wed, 31 Dec 2025 00:00:00 GMT' }));
  await first;
  await idle();
  a.clock.advance(5000);
  const head = a.handler(get('/', {}, { method: 'HEAD' }));
  while (calls.length < 2) await idle();
  await a.cache.invalidate({ tags: ['post#1'] });
  calls[1].resolve(ok('', FRESH));
  await head;
  const again = a.text();
  while (calls.length < 3) await idle();
  calls[2].resolve(ok('new', FRESH));
  expect(await again).toBe('new');
});

test('a write of a repository makes stored responses fall, with nothing said about purging', async () => {
  const space = new SharedSpace();
  const source = memorySource<Post>();
  const made = () => {
    const clock = manualClock({ now: START });
    const cache = createCache({ clock, tiers: [memory(), sharedBackend({ space })] });
    const posts = createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text' } });
    const http = httpContent({ cache, clock, policies: { post: { public: true, sMaxage: 600 } } });
    const app = (request: Request) => {
      const id = new URL(request.url).pathname.slice(1);
      return id
        ? http.respond(request, itemOf(posts, id))
        : http.respond(request, listOf(posts, { where: { status: 'published' } }));
    };
    const handler = httpCache({ clock, fetch: app, store: engineHttpStore({ cache }), hiddenFields: ['Cache-Tag'] });
    const ask = async (path: string) => {
      const response = await handler(get(path));
      const body: unknown = await response.json().catch(() => undefined);
      await idle();
      return { body, status: response.status, hit: told(response).includes('tidemark; hit') };
    };
    return { cache, posts, ask };
  };
  const [a, b] = [made(), made()];
  await a.posts.createMany([post('1'), post('2', { status: 'draft' })]);
  for (const { ask } of [a, b]) for (const path of ['/', '/1', '/2', '/3']) for (let i = 0; i < 2; i++) await ask(path);
  for (const { ask } of [a, b])
    for (const path of ['/', '/1', '/2']) expect(await ask(path)).toMatchObject({ hit: true });

  await a.posts.update('2', { title: 'other draft' }); // not in the list, and not the first
  await caughtUp(a, b);
  for (const { ask } of [a, b]) {
    for (const path of ['/', '/1']) expect((await ask(path)).hit).toBe(true);
    expect((await ask('/2')).body).toMatchObject({ title: 'other draft' });
  }

  await b.posts.update('2', { status: 'published' });
  await caughtUp(b, a);
  for (const { ask } of [a, b]) {
    expect((await ask('/')).body).toHaveLength(2);
    expect((await ask('/1')).hit).toBe(true);
  }
});

test('hidden fields go no further', async () => {
  const { handler } = node(new SharedSpace(), counting, ['Cache-Tag']);
  for (let i = 0; i < 2; i++) {
    const response = await handler(get());
    await response.text();
    await idle();
    expect([response.headers.has('cache-tag'), response.headers.get('cache-control')]).toEqual([false, 'max-age=600']);
  }
  expect(() => httpCache({ fetch: async () => ok(''), hiddenFields: ['not a field'] })).toThrow(/hiddenFields/);
});

test('a place that cannot be reached costs nothing but what it would have saved', async () => {
  const space = new SharedSpace();
  const clock = manualClock({ now: START });
  const backend = sharedBackend({ space });
  const cache = createCache({ clock, tiers: [memory(), backend] });
  let count = 0;
  const handler = httpCache({
    clock,
    store: engineHttpStore({ cache }),
    fetch: async () => ok(`body ${++count}`, FRESH),
  });
  backend.cut();
  for (const body of ['body 1', 'body 2']) expect(await (await handler(get())).text()).toBe(body);
});
