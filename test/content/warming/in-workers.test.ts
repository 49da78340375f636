/** In the runtime of Workers a warmer is made outside of requests, and warms within them: each isolate its own memory. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bundled, isolates } from '../../support/worker.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

const PROGRAM = `
  import { env, waitUntil } from 'cloudflare:workers';
  import { createCache, memory, d1Backend, createCatalogue, createWarmer } from './tidemark.js';

  let shift = 0; // the isolate's clock is put forward by hand
  const clock = {
    now: () => Date.now() + shift,
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
  const background = (work) => waitUntil(work);
  const backend = d1Backend({ database: { prepare: (sql) => env.DB.prepare(sql), batch: (all) => env.DB.batch(all) } });
  const cache = createCache({ name: 'site', tiers: [memory(), backend], background, clock });
  const catalogue = createCatalogue({ cache, sample: 1, background, clock });
  let loads = 0;
  let hangs = false;
  const collection = cache.define('post', {
    async load(id) {
      loads++;
      const row = await env.DB.prepare('SELECT value FROM posts WHERE id = ?').bind(id).first();
      return row ? row.value : null;
    },
  });
  const posts = catalogue.watch('post', collection);
  const stuck = ['1', '2', '3', '4'].map((id) => () =>
    hangs ? new Promise((resolve) => setTimeout(resolve, 60_000)) : posts.get(id));
  const warmer = createWarmer({
    cache, catalogue, background, clock,
    leases: backend.leases,
    concurrency: 2,
    plans: [
      { name: 'front', priority: 1, on: ['startup', 'event:content.publish'], read: () => ['1', '2', '3'].map((id) => () => posts.get(id)) },
      { name: 'hot', on: ['startup'], read: (ctx) => ctx.hottest(10) },
      { name: 'shared', scope: 'shared', on: ['schedule'], read: () => [() => posts.get('7')] },
      {
        name: 'stuck',
        on: ['event:stuck'],
        read: () => stuck,
      },
    ],
  });

  const routes = {
    async table() {
      await env.DB.prepare('CREATE TABLE IF NOT EXISTS posts (id TEXT PRIMARY KEY, value TEXT)').run();
      for (const id of ['1', '2', '3', '4', '7', '8']) await env.DB.prepare('INSERT INTO posts VALUES (?, ?)').bind(id, 'post ' + id).run();
    },
    get: (id) => posts.get(id),
    async first() {
      waitUntil(warmer.startup());
      return warmer.stats().running;
    },
    startup: () => warmer.startup(),
    scheduled: () => warmer.scheduled(),
    async peek(...ids) {
      return ids.map((id) => collection.peek(id) ?? null);
    },
    async publish(id) {
      await collection.invalidate(id);
      waitUntil(warmer.published(id));
    },
    save: () => catalogue.save(),
    top: () => catalogue.top(5),
    async drop() {
      hangs = true;
      void warmer.event('stuck'); // nobody keeps this request alive
      await new Promise((resolve) => setTimeout(resolve, 5));
      return warmer.stats();
    },
    async stuck(ms) {
      hangs = false;
      shift += Number(ms);
      return warmer.event('stuck');
    },
    stats: () => ({ ...warmer.stats(), loads }),
  };

  export default {
    async fetch(request) {
      const [, route, ...rest] = new URL(request.url).pathname.split('/');
      try {
        return Response.json((await routes[route](...rest)) ?? null);
      } catch (error) {
        return new Response(String(error?.stack ?? error), { status: 500 });
      }
    },
  };
`;

let world: Awaited<ReturnType<typeof isolates<'fra' | 'syd'>>>;

beforeAll(async () => {
  const code = await bundled(
    'src/index.ts',
    'src/backends/d1.ts',
    'src/content/warming/catalogue.ts',
    'src/content/warming/warmer.ts',
  );
  world = await isolates(['fra', 'syd'], PROGRAM, code);
  await world.ask('fra', 'table');
});
afterAll(() => world.dispose());

test('startup goes on after the first answers, once for all requests of an isolate', async () => {
  expect(await world.ask('fra', 'peek/1')).toEqual([null]);
  await Promise.all([1, 2, 3].map(() => world.ask('fra', 'first')));
  await vi.waitFor(async () => {
    expect(await world.ask('fra', 'peek/1/2/3')).toEqual(['post 1', 'post 2', 'post 3']);
  });
  expect(await world.ask('fra', 'startup')).toMatchObject({ ended: 'done', warmed: 3, failed: 0 });
  expect(await world.ask('fra', 'stats')).toMatchObject({ runs: 1, loads: 3 });
});

test('another isolate warms its own memory, also with what was hot in the first', async () => {
  for (let i = 0; i < 3; i++) await world.ask('fra', 'get/8');
  await world.ask('fra', 'save');
  expect(await world.ask('syd', 'startup')).toMatchObject({ ended: 'done', failed: 0 });
  expect(await world.ask('syd', 'peek/1/2/3/8')).toEqual(['post 1', 'post 2', 'post 3', 'post 8']);
  expect(await world.ask('syd', 'stats')).toMatchObject({ loads: 0 }); // all of it was in the database that they share
});

test('of two isolates one warms what they share on schedule', async () => {
  expect(await world.ask('fra', 'scheduled')).toMatchObject({ warmed: 1, skipped: 0 });
  expect(await world.ask('syd', 'scheduled')).toMatchObject({ warmed: 0, skipped: 1 });
});

test('what was published is warm soon after the answer', async () => {
  await world.ask('fra', 'publish/2');
  await vi.waitFor(async () => {
    expect(await world.ask('fra', 'peek/2')).toEqual(['post 2']);
  });
});

test('a run that was cut off with its request stands in nobody’s way', async () => {
  expect(await world.ask('fra', 'drop')).toMatchObject({ running: 1, underWay: 2, waiting: 2 });
  expect(await world.ask('fra', 'stuck/30001')).toMatchObject({ ended: 'done', warmed: 4, failed: 0 });
  expect(await world.ask('fra', 'stats')).toMatchObject({ running: 0, underWay: 0, waiting: 0 });
});
