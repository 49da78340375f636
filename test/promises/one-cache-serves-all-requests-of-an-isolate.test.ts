/**
 * In a Worker one cache, made outside of requests, serves them all: what a request has under way ends with it, and nobody
 * else is held up by that, served anything wrong, or left behind by it.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bundled, isolates } from '../support/worker.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

const PROGRAM = `
  import { env, waitUntil } from 'cloudflare:workers';
  import { createCache, memory, d1Backend, workersKv } from './tidemark.js';

  let shift = 0; // the isolate's clock is put forward by hand
  const now = () => Date.now() + shift;
  const clock = {
    now,
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
  let keep = true;
  const background = (work) => {
    if (keep) waitUntil(work);
  };
  let asked = 0;
  const database = {
    prepare: (sql) => {
      asked++;
      return env.DB.prepare(sql);
    },
  };
  const cache = createCache({
    name: 'site',
    tiers: [memory(), workersKv({ namespace: env.CACHE, defer: waitUntil, clock })],
    log: d1Backend({ database, pollEvery: '1s' }).log,
    maxSilence: '10s',
    joinTimeout: '300ms',
    background,
    clock,
  });

  let loads = 0;
  let gate; // while it is set, loads wait for it in their own request
  const posts = cache.define('post', {
    async load(id, { signal }) {
      loads++;
      signal.aborted; // belongs to the request that loads
      if (gate === 'hangs') await new Promise((resolve) => setTimeout(resolve, 60_000));
      else if (gate === 'slow') await new Promise((resolve) => setTimeout(resolve, 100));
      const row = await env.DB.prepare('SELECT value FROM posts WHERE id = ?').bind(id).first();
      return row ? row.value : null;
    },
  });

  const routes = {
    async table() {
      await env.DB.prepare('CREATE TABLE IF NOT EXISTS posts (id TEXT PRIMARY KEY, value TEXT)').run();
    },
    async get(id) {
      return posts.get(id);
    },
    async peek(id) {
      return posts.peek(id) ?? null;
    },
    async put(id, value) {
      const changes = [env.DB.prepare('INSERT OR REPLACE INTO posts VALUES (?, ?)').bind(id, value)];
      const said = cache.changesIn(changes);
      await said.invalidate({ key: ['post', id] });
      await env.DB.batch(changes);
      const { reach } = await said.committed();
      return { reach, bookmark: cache.bookmark() };
    },
    catchup: (bookmark) => cache.catchUp(decodeURIComponent(bookmark)),
    async leave(id) {
      void posts.get(id).catch(() => {}); // the answer doesn't wait for it
    },
    async drop(id) {
      keep = false; // nobody keeps this request alive
      void posts.get(id).catch(() => {});
      await null;
      keep = true;
    },
    async gate(how) {
      gate = how === 'open' ? undefined : how;
    },
    async later(ms) {
      shift += Number(ms);
    },
    async aborting(id) {
      const aborter = new AbortController();
      const read = posts.get(id, { signal: aborter.signal });
      aborter.abort(new Error('enough'));
      return read.then(() => 'answered', (error) => error.message);
    },
    async stats() {
      const { hits, loaded, joined, log } = cache.stats();
      return { loads, asked, hits, loaded, joined, unsaid: log.unsaid };
    },
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
  const code = await bundled('src/index.ts', 'src/backends/d1.ts', 'src/stores/workers-kv.ts');
  world = await isolates(['fra', 'syd'], PROGRAM, code);
  await world.ask('fra', 'table');
});
afterAll(() => world.dispose());

interface Figures {
  readonly loads: number;
  readonly asked: number;
}

const loadsOf = async (isolate: 'fra' | 'syd') => (await world.ask<Figures>(isolate, 'stats')).loads;

test('a value is loaded once and served from memory, without asking the database', async () => {
  await world.ask('fra', 'put/1/first');
  expect(await world.ask('fra', 'get/1')).toBe('first');
  const before = await world.ask<Figures>('fra', 'stats');
  for (let i = 0; i < 5; i++) expect(await world.ask('fra', 'get/1')).toBe('first');
  expect(await world.ask('fra', 'stats')).toMatchObject({ loads: before.loads, asked: before.asked });
});

test('the other isolate finds it in KV', async () => {
  await vi.waitFor(async () => {
    const before = await loadsOf('syd');
    expect(await world.ask('syd', 'get/1')).toBe('first');
    expect((await loadsOf('syd')) - before).toBe(0);
  });
});

describe('requests that ask at once for what nobody has', () => {
  test('make one load, also if the one that began it has answered already', async () => {
    await world.ask('fra', 'put/2/second');
    await world.ask('fra', 'gate/slow');
    const before = await loadsOf('fra');
    await world.ask('fra', 'leave/2');
    const answers = await Promise.all([1, 2, 3, 4].map(() => world.ask('fra', 'get/2')));
    await world.ask('fra', 'gate/open');
    expect(answers).toEqual(['second', 'second', 'second', 'second']);
    expect((await loadsOf('fra')) - before).toBe(1);
  });

  test('load for themselves when the load has ended with the request that began it', async () => {
    await world.ask('fra', 'put/3/third');
    await world.ask('fra', 'gate/hangs');
    await world.ask('fra', 'drop/3');
    await world.ask('fra', 'gate/open');
    expect(await Promise.all([1, 2, 3].map(() => world.ask('fra', 'get/3')))).toEqual(['third', 'third', 'third']);
    expect(await world.ask('fra', 'peek/3')).toBe('third');
  });

  test('are not disturbed by one that gives up', async () => {
    await world.ask('fra', 'put/4/fourth');
    await world.ask('fra', 'gate/slow');
    const reads = [1, 2].map(() => world.ask('fra', 'get/4'));
    expect(await world.ask('fra', 'aborting/4')).toBe('enough');
    expect(await Promise.all(reads)).toEqual(['fourth', 'fourth']);
    await world.ask('fra', 'gate/open');
  });

  test('are not disturbed when the one that began it gives up last, in another request than theirs', async () => {
    await world.ask('fra', 'put/5/fifth');
    await world.ask('fra', 'gate/slow');
    const read = world.ask('fra', 'leave/5');
    expect(await world.ask('fra', 'aborting/5')).toBe('enough');
    await read;
    await world.ask('fra', 'gate/open');
    expect(await world.ask('fra', 'get/5')).toBe('fifth');
  });
});

describe('news of the log that a request asked for and took along', () => {
  test('are asked for again', async () => {
    expect(await world.ask('syd', 'get/1')).toBe('first');
    await world.ask('fra', 'put/1/new');
    await world.ask('syd', 'later/20000'); // past maxSilence: the next read waits for news
    await world.ask('syd', 'drop/1');
    expect(await world.ask('syd', 'get/1')).toBe('new');
  });
});

describe('what another isolate has changed', () => {
  test('is seen at once with its bookmark', async () => {
    expect(await world.ask('syd', 'get/6')).toBe(null);
    const { reach, bookmark } = await world.ask<{ reach: string; bookmark: string }>('fra', 'put/6/six');
    expect(reach).toBe('everywhere');
    expect(await world.ask('syd', `catchup/${encodeURIComponent(bookmark)}`)).toBe(true);
    expect(await world.ask('syd', 'get/6')).toBe('six');
  });

  test('is seen without one by a read that comes after `pollEvery` and the read that asked in the background', async () => {
    expect(await world.ask('syd', 'get/6')).toBe('six');
    await world.ask('fra', 'put/6/seven');
    await world.ask('syd', 'later/1500');
    await world.ask('syd', 'get/6'); // may be either: it asks for news, and doesn't wait for them
    await vi.waitFor(async () => expect(await world.ask('syd', 'get/6')).toBe('seven'));
  });

  test('is seen by every read that comes later than `maxSilence` after the last look', async () => {
    expect(await world.ask('syd', 'get/6')).toBe('seven');
    await world.ask('fra', 'put/6/eight');
    await world.ask('syd', 'later/10001');
    expect(await world.ask('syd', 'peek/6')).toBe(null); // nothing is vouched for
    expect(await world.ask('syd', 'get/6')).toBe('eight');
  });
});

test('what was held before a long silence is served again once the log has been asked', async () => {
  const { bookmark } = await world.ask<{ bookmark: string }>('fra', 'put/7/seven');
  await world.ask('syd', `catchup/${encodeURIComponent(bookmark)}`);
  expect(await world.ask('syd', 'get/7')).toBe('seven');
  const before = await loadsOf('syd');
  await world.ask('syd', 'later/3600000');
  expect(await world.ask('syd', 'peek/7')).toBe(null);
  expect(await world.ask('syd', 'get/7')).toBe('seven');
  expect(await world.ask('syd', 'peek/7')).toBe('seven');
  expect((await loadsOf('syd')) - before).toBe(0);
});
