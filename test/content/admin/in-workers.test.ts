/** In the runtime of Workers, with a real KV namespace: the API answers as anywhere, and lists what KV has. */
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { createCache, memory } from 'tidemark';
import { bearerToken, contentAdmin, type KvListing } from 'tidemark/content/admin';
import { type KvNamespace, workersKv } from 'tidemark/stores/workers-kv';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { root } from '../../support/repository.ts';
import { bundled } from '../../support/worker.ts';
import { ADA, ORIGIN, TOKEN } from './cms.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

const MAIN = `
  import { createCache, memory, workersKv, createContent, contentAdmin, basicAuth } from './doors.js';

  const authorize = basicAuth([{ user: 'ada', password: 'lovelace: 1815' }]);
  contentAdmin({ content: { cache: { held() {} } }, authorize }); // begins nothing

  let site;
  const open = () => {
    const cache = createCache({ name: 'site', background: () => {}, tiers: [memory()] });
    const content = createContent({ cache });
    const posts = content.define('post', { policy: 'content', load: async (id) => ({ id }) });
    return { posts, admin: contentAdmin({ content, authorize }) };
  };

  export default {
    async fetch(request) {
      const { posts, admin } = (site ??= open());
      const { pathname } = new URL(request.url);
      return pathname.startsWith('/post/') ? Response.json(await posts.get(pathname.slice(6))) : admin(request);
    },
  };
`;

let miniflare: Miniflare;
let namespace: KvNamespace & KvListing;

beforeAll(async () => {
  const code = await bundled(
    'src/index.ts',
    'src/stores/workers-kv.ts',
    'src/content/index.ts',
    'src/content/admin/index.ts',
  );
  miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: join(root, 'main.js'), contents: MAIN },
      { type: 'ESModule', path: join(root, 'doors.js'), contents: code },
    ],
    modulesRoot: root,
    compatibilityDate: '2026-01-01',
    kvNamespaces: ['KV'],
  });
  namespace = (await miniflare.getKVNamespace('KV')) as unknown as KvNamespace & KvListing; // its own types are those of a missing package
});
afterAll(() => miniflare.dispose());

test('a page is served, and may change what it shows', async () => {
  const authorization = `Basic ${btoa(`${ADA.user}:${ADA.password}`)}`;
  const ask = (path: string, init: { headers?: Record<string, string>; method?: string; body?: string } = {}) =>
    miniflare.dispatchFetch(`${ORIGIN}${path}`, { ...init, headers: { authorization, ...init.headers } });
  expect((await miniflare.dispatchFetch(`${ORIGIN}/cache`)).status).toBe(401);
  await ask('/post/1');
  const page = await (await ask('/cache')).text();
  const token = /"token":"([^"]+)"/.exec(page)?.[1] ?? '';
  expect(await (await ask('/cache/keys')).json()).toMatchObject({ entries: [{ text: '/post/1', valid: true }] });

  const send = (fields: Record<string, string>) =>
    ask('/cache/invalidate', {
      method: 'POST',
      body: '{"key":["post","1"]}',
      headers: { 'content-type': 'application/json', origin: ORIGIN, 'sec-fetch-site': 'same-origin', ...fields },
    });
  expect((await send({})).status).toBe(403);
  expect(await (await send({ 'x-cache-token': token })).json()).toMatchObject({ dryRun: false, reach: 'everywhere' });
  expect(await (await ask('/cache/keys')).json()).toMatchObject({ entries: [] });
});

interface Keys {
  readonly entries: readonly {
    readonly key: readonly string[];
    readonly text: string;
    readonly expiresAt: string | null;
  }[];
  readonly next: string | null;
  readonly late: string;
}

test('of a tier in Workers KV the keys are listed, too, and it is said what such a list can’t know', async () => {
  const open = (name: string) => createCache({ name, tiers: [memory(), workersKv({ namespace })] });
  const [cache, other] = [open('site'), open('other')];
  const posts = cache.define<number, readonly string[]>('post', { ttl: '1h' });
  const long = 'long'.repeat(200);
  for (const name of ['a', 'b/c', long]) await posts.set([name], 1);
  await other.define<number>('post').set('not ours', 1);

  const admin = contentAdmin({ content: { cache }, authorize: bearerToken(TOKEN, 'deploy'), kv: { namespace } });
  const get = async (path: string) =>
    admin(new Request(`${ORIGIN}/cache${path}`, { headers: { authorization: `Bearer ${TOKEN}` } }));
  const list = async (query: string) => (await (await get(`/keys?tier=workers-kv${query}`)).json()) as Keys;
  const all = await list('');
  expect(all.entries.map(({ key }) => key[1]).toSorted()).toEqual(['a', 'b/c', long].toSorted());
  expect(all.late).toMatch(/late/);
  expect(all.entries.every(({ expiresAt }) => Date.parse(expiresAt ?? '') > Date.now())).toBe(true);
  expect((await list('&prefix=/post/a')).entries.map(({ key }) => key)).toEqual([['post', 'a']]);
  expect((await list('&search=B~1')).entries.map(({ key }) => key)).toEqual([['post', 'b/c']]);
  const seen: string[] = [];
  let after = '';
  do {
    const page = await list(`&limit=1&after=${encodeURIComponent(after)}`);
    seen.push(...page.entries.map(({ text }) => text));
    after = page.next ?? '';
  } while (after !== '');
  expect(seen.toSorted()).toEqual(all.entries.map(({ text }) => text).toSorted());
  const entry = (await (await get(`/keys/${encodeURIComponent('/post/b~1c')}`)).json()) as {
    tiers: { tier: string; found: boolean }[];
  };
  expect(entry.tiers.find(({ tier }) => tier === 'workers-kv')?.found).toBe(true);
  expect((await get('/keys?tier=elsewhere')).status).toBe(404);
  await Promise.all([cache.close(), other.close()]);
});
