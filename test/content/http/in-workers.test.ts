/** In the runtime of Workers, where what one request has opened is closed to all others, and ends with it. */
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { root } from '../../support/repository.ts';
import { bundled } from '../../support/worker.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

const MAIN = `
  import { httpCache } from './http.js';

  let asked = 0;
  const origin = async (request) => {
    if (request.method !== 'GET') return new Response(await request.text());
    const count = ++asked;
    await scheduler.wait(50);
    return new Response('load ' + count, { headers: { 'cache-control': 'max-age=60', etag: '"' + count + '"' } });
  };
  const cache = httpCache({ fetch: origin, joinTimeout: '200ms' });

  export default {
    async fetch(request, env, ctx) {
      const gone = request.headers.get('x-gone');
      const signal = gone ? AbortSignal.timeout(Number(gone)) : undefined;
      const context = request.headers.has('x-left') ? {} : { waitUntil: (work) => ctx.waitUntil(work) };
      try {
        return await cache(signal ? new Request(request, { signal }) : request, context);
      } catch (error) {
        return new Response(error.name, { status: 500 });
      }
    },
  };
`;

let miniflare: Miniflare;

beforeAll(async () => {
  const code = await bundled('src/content/http/index.ts');
  miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: join(root, 'main.js'), contents: MAIN },
      { type: 'ESModule', path: join(root, 'http.js'), contents: code },
    ],
    modulesRoot: root,
    compatibilityDate: '2026-01-01',
  });
  await miniflare.ready;
});
afterAll(() => miniflare.dispose());

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<string> {
  const body = method === 'GET' ? {} : { body: 'done' };
  const response = await miniflare.dispatchFetch(`http://site.test${path}`, { method, headers, ...body });
  return response.text();
}

/** Different words for one number mean more than one load. */
const distinct = (answers: readonly string[]) => new Set(answers).size;

test('those who ask at once get one load, each in a request of their own', async () => {
  expect(distinct(await Promise.all(Array.from({ length: 20 }, () => ask('/once'))))).toBe(1);
});

test('a change is seen by the next request', async () => {
  const before = await ask('/changed');
  expect(await ask('/changed')).toBe(before);
  expect(await ask('/changed', {}, 'PUT')).toBe('done');
  expect(await ask('/changed')).not.toBe(before);
});

test('the others are answered when the first has gone', async () => {
  const [first, ...others] = await Promise.all([
    ask('/gone', { 'x-gone': '10' }),
    ...Array.from({ length: 5 }, () => ask('/gone')),
  ]);
  expect(first).toMatch(/^TimeoutError$|^load \d+$/); // it may be late itself
  for (const answer of others) expect(answer).toMatch(/^load \d+$/);
  expect(await ask('/gone')).toMatch(/^load \d+$/);
});

test('nobody waits for ever for one that has left nothing behind', async () => {
  const answers = await Promise.all([
    ask('/left', { 'x-left': 'yes', 'x-gone': '10' }),
    ...Array.from({ length: 5 }, () => ask('/left', { 'x-left': 'yes' })),
  ]);
  expect(answers[0]).toMatch(/^TimeoutError$|^load \d+$/);
  for (const answer of answers.slice(1)) expect(answer).toMatch(/^load \d+$/);
});
