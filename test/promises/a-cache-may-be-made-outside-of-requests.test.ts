/** In a Worker there is no chance outside of requests: a cache and its log may be made there all the same. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bundled, isolates } from '../support/worker.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

const PROGRAM = `
  import { waitUntil } from 'cloudflare:workers';
  import { createCache, localLog } from './tidemark.js';

  const log = localLog();
  const caches = {
    alone: [createCache()],
    requests: [createCache({ background: waitUntil })],
    shared: [createCache({ log }), createCache({ log })],
    sharedInRequests: [1, 2].map(() => createCache({ log, background: waitUntil })),
  };
  let version = 0;
  const posts = Object.fromEntries(
    Object.entries(caches).map(([name, all]) => [name, all.map((one) => one.define('post', { load: () => ++version }))]),
  );

  const routes = {
    async read(name) {
      const all = posts[name];
      const began = all[0].begin();
      const kept = await all[0].keep('begun', 1, began);
      const values = [await all.at(-1).get('1'), await all.at(-1).get('1')];
      const { reach } = await all[0].invalidate('1');
      values.push(await all.at(-1).get('1'));
      return { kept, reach, values: values.map((value) => value - values[0]), failed: caches[name][0].stats().log.incarnation === '' };
    },
    set: async (name) => {
      const all = posts[name];
      await all[0].set('set', 'mine');
      return all[0].peek('set');
    },
    incarnations: () => Object.values(caches).flat().map((one) => one.stats().log.incarnation),
  };

  export default {
    async fetch(request) {
      const [, route, ...rest] = new URL(request.url).pathname.split('/');
      return Response.json(await routes[route](...rest));
    },
  };
`;

let world: Awaited<ReturnType<typeof isolates<'fra' | 'syd'>>>;

beforeAll(async () => {
  world = await isolates(['fra', 'syd'], PROGRAM, await bundled('src/index.ts', 'src/logs/local.ts'));
});
afterAll(() => world.dispose());

test.each(['alone', 'requests', 'shared', 'sharedInRequests'])('%s: it keeps, and drops what changes', async (name) => {
  expect(await world.ask('fra', `set/${name}`)).toBe('mine');
  expect(await world.ask('fra', `read/${name}`)).toEqual({
    kept: true,
    reach: 'everywhere',
    values: [0, 0, 1],
    failed: false,
  });
});

test('no two logs have the same incarnation', async () => {
  for (const name of ['alone', 'requests', 'shared', 'sharedInRequests']) await world.ask('syd', `set/${name}`);
  const [fra, syd] = await Promise.all(
    (['fra', 'syd'] as const).map((isolate) => world.ask<string[]>(isolate, 'incarnations')),
  );
  const all = [fra, syd].flatMap(([alone, requests, shared]) => [alone, requests, shared]);
  expect(all).not.toContain('');
  expect(new Set(all).size).toBe(6);
});
