/** The cache as a middleware of Hono, and in front of a Worker: the application is asked in its own way, and no more than it has to be. */
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCache } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { contentCache, engineHttpStore, httpContent, itemOf, workerCache } from 'tidemark/content/http';
import { manualClock } from 'tidemark/testing';
import { idle } from '../../support/deferred.ts';
import { bundled, isolates } from '../../support/worker.ts';
import { told } from './origin.ts';
import { post, type Post, START } from './posts.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

describe('in Hono', () => {
  function application() {
    const clock = manualClock({ now: START });
    const cache = createCache({ clock });
    const posts = createRepository<Post>({ cache, name: 'post', source: memorySource<Post>() });
    const http = httpContent({
      cache,
      clock,
      policies: { post: { public: true, sMaxage: 60, staleWhileRevalidate: 600, missing: { noStore: true } } },
    });
    const app = new Hono<{ Bindings: { greeting: string } }>();
    const seen: { path: string; greeting: string; conditional: boolean }[] = [];
    app.use(async (c, next) => {
      await next();
      c.header('x-outer', 'seen');
    });
    app.use('/posts/*', contentCache({ app, clock, store: engineHttpStore({ cache }), hiddenFields: ['Cache-Tag'] }));
    app.get('/posts/:id', (c) => {
      seen.push({
        path: c.req.path,
        greeting: c.env.greeting,
        conditional: c.req.header('if-none-match') !== undefined,
      });
      return http.respond(c.req.raw, itemOf(posts, c.req.param('id')));
    });
    app.put('/posts/:id', async (c) => {
      await posts.update(c.req.param('id'), await c.req.json());
      return c.body(null, 204);
    });
    app.get('/other', (c) => c.text('other'));
    const waited: Promise<unknown>[] = [];
    const context = {
      waitUntil: (work: Promise<unknown>) => void waited.push(work),
      passThroughOnException() {},
      props: {},
    };
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await app.request(`https://site.test${path}`, init, { greeting: 'hello' }, context);
      const text = await response.text();
      await Promise.all(waited.splice(0));
      await idle();
      return { response, text, status: told(response) };
    };
    return { app, clock, posts, seen, ask, waited };
  }

  test('routes behind it are answered from the cache, others are not', async () => {
    const { ask, posts, seen } = application();
    await posts.create(post('1'));
    const first = await ask('/posts/1');
    expect(first.status).toMatch(/tidemark; fwd=uri-miss; stored$/);
    const second = await ask('/posts/1');
    expect([second.status, second.text]).toEqual([expect.stringMatching(/tidemark; hit; ttl=60$/), first.text]);
    expect(second.response.headers.get('x-outer')).toBe('seen');
    expect(second.response.headers.has('cache-tag')).toBe(false);
    expect(seen).toEqual([{ path: '/posts/1', greeting: 'hello', conditional: false }]);
    expect((await ask('/other')).status).toBe('');
  });

  test('a write of the repository makes what is stored fall, whichever way it came', async () => {
    const { ask, posts } = application();
    await posts.create(post('1'));
    await ask('/posts/1');
    await ask('/posts/1', { method: 'PUT', body: JSON.stringify({ title: 'by request' }) });
    expect((await ask('/posts/1')).text).toContain('by request');
    await posts.update('1', { title: 'by program' });
    expect((await ask('/posts/1')).text).toContain('by program');
  });

  test('what is stale is refreshed in the background, with a condition that the application sees', async () => {
    const { ask, posts, clock, seen } = application();
    await posts.create(post('1'));
    await ask('/posts/1');
    clock.advance(100_000);
    expect((await ask('/posts/1')).status).toMatch(/hit; ttl=-40$/);
    expect(seen.map(({ conditional }) => conditional)).toEqual([false, true]);
    expect((await ask('/posts/1')).status).toMatch(/hit; ttl=60$/);
  });

  test('a stranger does not get past it', async () => {
    const { ask, posts, seen } = application();
    await posts.create(post('1'));
    for (let i = 0; i < 3; i++) await ask('/posts/1', { headers: { 'x-tidemark-pass': 'guess' } });
    expect(seen).toHaveLength(1);
  });

  test('without a context of the platform it works as well', async () => {
    const { app, posts, seen } = application();
    await posts.create(post('1'));
    for (let i = 0; i < 2; i++) {
      await (await app.request('https://site.test/posts/1', {}, { greeting: 'hi' })).text();
      await idle();
    }
    expect(seen).toHaveLength(1);
  });

  test('its options are checked', () => {
    expect(() => contentCache({} as never)).toThrow(/contentCache: app\.fetch/);
    expect(() => contentCache({ app: new Hono(), stroe: 1 } as never)).toThrow(/stroe/);
    expect(() => workerCache(undefined as never)).toThrow(/workerCache: handler/);
  });
});

const PROGRAM = `
  import {
    createCache, memory, workersKv, d1Backend, d1Source, createRepository,
    httpContent, itemOf, engineHttpStore, workerCache, withBookmark,
  } from './tidemark.js';

  let app;
  let context;
  const asked = { handler: 0, source: 0 };

  function make(env) {
    const background = (work) => context.waitUntil(work);
    const { log } = d1Backend({ database: env.DB });
    const cache = createCache({ log, tiers: [memory(), workersKv({ namespace: env.CACHE, defer: background })], background, maxSilence: '1h' });
    const source = d1Source({ database: env.DB, table: 'posts', columns: { id: 'text', title: 'text' } });
    const findByIds = source.findByIds.bind(source);
    const posts = createRepository({ cache, name: 'post', source: { ...source, findByIds: (...all) => (asked.source++, findByIds(...all)) } });
    const http = httpContent({ cache, policies: { post: { public: true, sMaxage: 600 } } });
    const handler = async (request, env, ctx) => {
      asked.handler++;
      const id = new URL(request.url).pathname.slice(1);
      if (request.method !== 'PUT') return http.respond(request, itemOf(posts, id));
      const title = await request.text();
      await ((await posts.update(id, { title })) ?? posts.create({ id, title }));
      return new Response(null, { status: 204 });
    };
    const cached = workerCache(handler, () => ({ store: engineHttpStore({ cache }), hiddenFields: ['Cache-Tag'] }));
    return withBookmark(cache, cached);
  }

  export default {
    // A request within a request: what it answers is told as JSON.
    async fetch(request, env, ctx) {
      context = ctx;
      const url = new URL(request.url);
      if (url.pathname === '/table') {
        await env.DB.prepare('CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT)').run();
        return Response.json({});
      }
      if (url.pathname === '/asked') return Response.json(asked);
      app ??= make(env);
      const { method = 'GET', body, ...headers } = Object.fromEntries(url.searchParams);
      const answer = await app(new Request('https://site.test' + url.pathname, { method, headers, body }), env, ctx);
      const fields = Object.fromEntries(answer.headers);
      return Response.json({ status: answer.status, text: await answer.text(), fields });
    },
  };
`;

describe('in front of a Worker', () => {
  interface Told {
    readonly status: number;
    readonly text: string;
    readonly fields: Readonly<Record<string, string>>;
  }
  let running: Awaited<ReturnType<typeof isolates<'a' | 'b'>>>;
  beforeAll(async () => {
    const code = await bundled(
      'src/index.ts',
      'src/content/index.ts',
      'src/content/http/index.ts',
      'src/backends/d1.ts',
      'src/stores/workers-kv.ts',
    );
    running = await isolates(['a', 'b'], PROGRAM, code);
    await running.ask('a', 'table');
  });
  afterAll(() => running.dispose());

  const put = (isolate: 'a' | 'b', title: string) => running.ask<Told>(isolate, `1?method=PUT&body=${title}`);
  const read = (isolate: 'a' | 'b', headers: Record<string, string> = {}) =>
    running.ask<Told>(isolate, `1?${new URLSearchParams(headers).toString()}`);

  test('responses are kept, revalidated, and fall in another isolate for whoever brings a bookmark', async () => {
    await put('a', 'first');
    for (const isolate of ['a', 'b'] as const) {
      const { text } = await read(isolate);
      expect(JSON.parse(text)).toEqual({ id: '1', title: 'first' });
      await expect.poll(async () => (await read(isolate)).fields['cache-status']).toMatch(/tidemark; hit/);
      const { fields } = await read(isolate);
      expect(fields).toMatchObject({ 'cache-control': 'public, s-maxage=600' });
      expect(fields['cache-tag']).toBe(undefined);
      const before = await running.ask<Record<string, number>>(isolate, 'asked');
      expect((await read(isolate, { 'if-none-match': fields['etag'] })).status).toBe(304);
      expect(await running.ask(isolate, 'asked')).toEqual(before);
    }
    const written = await put('a', 'second');
    expect(written.fields['set-cookie']).toMatch(/^tidemark-bookmark=.*Secure$/);
    const cookie = written.fields['set-cookie'].split(';')[0];
    expect(JSON.parse((await read('b', { cookie })).text)).toEqual({ id: '1', title: 'second' });
    expect(JSON.parse((await read('a')).text)).toEqual({ id: '1', title: 'second' });
  });

  test('requests that come at once are answered, and the application is asked for one', async () => {
    await put('a', 'third');
    const before = await running.ask<{ source: number }>('a', 'asked');
    const answers = await Promise.all(Array.from({ length: 20 }, () => read('a')));
    for (const { text } of answers) expect(JSON.parse(text)).toEqual({ id: '1', title: 'third' });
    const after = await running.ask<{ source: number }>('a', 'asked');
    expect(after.source - before.source).toBe(1);
  });
});
