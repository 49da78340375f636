/** Every answer of the API satisfies the schema that the API serves, and says what is so. */
import { createCache, memory } from 'tidemark';
import { bearerToken, contentAdmin } from 'tidemark/content/admin';
import { hostileStore, manualClock, nullStore } from 'tidemark/testing';
import { beforeEach, expect, test } from 'vitest';
import { type Asked, type Cms, cms, TOKEN } from './cms.ts';
import { type Schema, violations } from './json-schema.ts';

let site: Cms;
let schema: Schema & { readonly routes: Readonly<Record<string, { readonly body?: Schema; readonly answer: Schema }>> };

beforeEach(async () => {
  site = await cms({ warm: async () => ({ warmed: 2, failed: 1, plans: ['not told'] }), showValues: true });
  schema = await site.json('/cache/schema.json');
});

/** Ask, and compare what is asked and answered with the schema of the route. */
async function checked<T>(route: string, path: string, asked: Asked = {}): Promise<T> {
  const { body, answer } = schema.routes[route];
  if (asked.body !== undefined) expect(violations(schema, body!, asked.body)).toEqual([]);
  const response = await site.ask(`/cache${path}`, asked);
  expect(response.status).toBe(200);
  const answered = (await response.json()) as T;
  expect(violations(schema, answer, answered)).toEqual([]);
  return answered;
}

test('every route that the schema names is there, and what it names is enough to refuse something else', () => {
  expect(Object.keys(schema.routes)).toHaveLength(9);
  for (const { answer } of Object.values(schema.routes)) {
    expect(violations(schema, answer, { surprise: true })).not.toEqual([]);
    expect(violations(schema, answer, {})).not.toEqual([]);
  }
});

test('GET /stats: totals, namespaces and tiers as the cache counts them', async () => {
  for (const id of ['1', '1', '1', '2']) await site.posts.findById(id);
  const stats = await checked<{
    totals: Record<string, number>;
    namespaces: { name: string }[];
    collections: { name: string }[];
    tiers: Record<string, unknown>[];
  }>('GET /stats', '/stats');
  expect(stats.totals).toMatchObject({ reads: 4, hits: 2, loaded: 2, hitRatio: 0.5, bypassed: 0 });
  expect(stats.namespaces.find(({ name }) => name === 'content')).toMatchObject({ reads: 4, hits: 2 });
  expect(stats.collections.map(({ name }) => name)).toContain('odd');
  expect(stats.tiers[0]).toMatchObject({ name: 'memory', entries: 2, breaker: 'closed' });
  expect(await checked('GET /stats/:namespace', '/stats/content')).toMatchObject({ name: 'content', hits: 2 });
  for (const name of ['nowhere', '__proto__', '%2F']) expect((await site.ask(`/cache/stats/${name}`)).status).toBe(404);
});

test('looking counts no reads', async () => {
  await site.posts.findById('1');
  const before = site.cache.stats().reads;
  for (const path of ['', '/stats', '/keys', '/keys/post.item/1?value=1', '/log', '/metrics', '/health'])
    await site.ask(`/cache${path}`);
  await site.ask('/cache/invalidate', { body: { all: true, dryRun: true } });
  expect(site.cache.stats().reads).toBe(before);
});

test('GET /health: 200 while all is well, 503 and why when a tier fails', async () => {
  expect(await checked('GET /health', '/health')).toEqual({ ok: true, reasons: [], notes: [] });
  const clock = manualClock();
  const broken = hostileStore({ store: nullStore(), fault: () => 'throw' });
  const cache = createCache({ tiers: [memory({ clock }), { store: broken, breaker: { failures: 1 } }], clock });
  const things = cache.define<number>('thing', { load: () => 1 });
  await things.get('a');
  const admin = contentAdmin({ content: { cache }, authorize: bearerToken(TOKEN, 'deploy') });
  const response = await admin(
    new Request('https://cms.test/cache/health', { headers: { authorization: `Bearer ${TOKEN}` } }),
  );
  expect(response.status).toBe(503);
  const health = (await response.json()) as { reasons: string[] };
  expect(violations(schema, schema.routes['GET /health'].answer, health)).toEqual([]);
  expect(health.reasons.join()).toMatch(/breaker open/);
});

test('GET /keys/:key: what it rests on, and which change made it wrong', async () => {
  await site.posts.findById('1');
  type Answer = {
    tiers: { served: boolean; why: string; entry: { dependencies: { dependency: string; newer: boolean }[] } }[];
  };
  const right = await checked<Answer>('GET /keys/:key', '/keys/post.item/1');
  expect(right.tiers[0]).toMatchObject({ served: true });
  await site.content.invalidate({ tags: ['post#1'] });
  const wrong = await checked<Answer>('GET /keys/:key', '/keys/post.item/1');
  expect(wrong.tiers[0]).toMatchObject({ served: false });
  expect(wrong.tiers[0].why).toMatch(/post#1 changed at \d+, after \d+/);
  expect(wrong.tiers[0].entry.dependencies.filter(({ newer }) => newer)).toHaveLength(1);
  expect(await checked('GET /keys/:key', '/keys/nowhere/at/all')).toMatchObject({
    tiers: [{ found: false, entry: null }],
  });
});

test('GET /log: events, writes and direct changes, newest first, a page at a time', async () => {
  await site.content.events.emit('content.update', { id: '1' }, { actor: 'ada' });
  await site.ask('/cache/invalidate', { body: { tags: ['a', 'b'] } });
  type Log = { invalidations: { id: number; kind: string; actor: string | null }[]; next: string | null };
  const all = await checked<Log>('GET /log', '/log');
  expect(all.invalidations.map(({ kind }) => kind)).toEqual(['direct', 'event', 'write']);
  const seen: number[] = [];
  let after: string | null = '';
  while (after !== null) {
    const page: Log = await checked<Log>('GET /log', `/log?limit=1${after && `&after=${after}`}`);
    seen.push(...page.invalidations.map(({ id }) => id));
    after = page.next;
  }
  expect(seen).toEqual(all.invalidations.map(({ id }) => id));
  expect((await site.ask('/cache/log?after=nonsense')).status).toBe(400);
});

test('POST /invalidate: a dry run says what falls, the same without it makes it fall', async () => {
  await site.posts.findById('1');
  await site.posts.findById('2');
  const before = site.cache.stats().log.known;
  const body = { event: 'content.update', payload: { id: '1' } };
  const would = await checked<{ entries: number; rules: string[]; keys: { text: string }[] }>(
    'POST /invalidate',
    '/invalidate',
    {
      body: { ...body, dryRun: true },
    },
  );
  expect(would.rules).not.toEqual([]);
  expect(would.keys.map(({ text }) => text)).toContain('/post.item/1');
  expect(site.cache.stats().log.known).toBe(before);
  expect(site.content.log.list().invalidations).toHaveLength(1);
  const done = await checked<{ reach: string; mark: number }>('POST /invalidate', '/invalidate', { body });
  expect(done).toEqual({ dryRun: false, reach: 'everywhere', mark: before + 1 });
  const fallen = site.cache.held().entries.filter(({ valid }) => !valid);
  expect(fallen).toHaveLength(would.entries);
  const unknown = { event: 'nobody.knows', payload: {} };
  expect(await checked('POST /invalidate', '/invalidate', { body: unknown })).toEqual({
    dryRun: false,
    reach: null,
    mark: null,
  });
});

test.each([
  { key: ['post.item', '1'] },
  { key: 'post' },
  {
    keys: [
      ['post.item', '1'],
      ['post.item', 2],
    ],
  },
  { prefix: ['post.item'] },
  { prefix: [] },
  { tags: ['post#1'] },
  { pattern: 'post.item:*' },
  { pattern: ['post.item', '*'] },
  { all: true },
  { all: true, tags: ['too'] },
])('POST /invalidate takes %j', async (body) => {
  const would = await checked('POST /invalidate', '/invalidate', { body: { ...body, dryRun: true } });
  expect(would).toMatchObject({ dryRun: true });
  expect(await checked('POST /invalidate', '/invalidate', { body })).toMatchObject({ reach: 'everywhere' });
});

test('POST /clear: all collections of a namespace, as one change, and of no other', async () => {
  await site.posts.findById('1');
  await site.posts.findMany();
  await site.odd.set(['a'], 1);
  const before = site.cache.stats().log.known;
  const body = { namespace: 'content' };
  const would = await checked('POST /clear', '/clear', { body: { ...body, dryRun: true } });
  expect(would).toMatchObject({ entries: 2 });
  await checked('POST /clear', '/clear', { body });
  const held = site.cache.held().entries.filter(({ valid }) => valid);
  expect(held.map(({ collection }) => collection)).toEqual(['odd']);
  expect(site.cache.stats().log.known).toBe(before + 1);
  expect((await site.ask('/cache/clear', { body: { namespace: 'nobody' } })).status).toBe(404);
  expect((await site.ask('/cache/clear', { body: { ...body, collection: 'odd' } })).status).toBe(400);
});

test('POST /clear: one collection, or everything, as one change', async () => {
  await site.posts.findById('1');
  await site.odd.set(['a'], 1);
  const before = site.cache.stats().log.known;
  expect(await checked('POST /clear', '/clear', { body: { collection: 'odd', dryRun: true } })).toMatchObject({
    entries: 1,
  });
  await checked('POST /clear', '/clear', { body: { collection: 'odd' } });
  expect(
    site.cache
      .held()
      .entries.filter(({ valid }) => valid)
      .map(({ collection }) => collection),
  ).toEqual(['post.item']);
  expect(await checked('POST /clear', '/clear', { body: { dryRun: true } })).toMatchObject({ entries: 1 });
  await checked('POST /clear', '/clear', { body: {} });
  expect(site.cache.held().entries.filter(({ valid }) => valid)).toEqual([]);
  expect(site.cache.stats().log.known).toBe(before + 2);
});

test('POST /warm: what was warmed, and nothing of how', async () => {
  expect(await checked('POST /warm', '/warm', { body: {} })).toEqual({ warmed: 2, failed: 1 });
  expect((await site.ask('/cache/warm', { body: { plans: 'all' } })).status).toBe(400);
});

test('errors are as the schema says', async () => {
  const { $defs } = schema as { $defs?: Record<string, Schema> };
  const asked: [string, Asked][] = [
    ['/nowhere', {}],
    ['/stats', { with: { authorization: undefined } }],
    ['/keys?limit=many', {}],
    ['/keys/%E0%A4', {}],
    ['/clear', { body: { namespace: 1 } }],
  ];
  for (const [path, how] of asked)
    expect(violations(schema, $defs!['Error'], await site.json(`/cache${path}`, how))).toEqual([]);
});

test('GET /metrics: what Prometheus reads, with every label as it is', async () => {
  site.cache.define('a "quoted"\nname \\');
  await site.posts.findById('1');
  await site.posts.findById('1');
  const response = await site.ask('/cache/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).trimEnd().split('\n');
  const sample = /^tidemark_[a-z_]+\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\} (?:\d+(?:\.\d+)?|\+Inf)$/;
  expect(lines.filter((line) => !line.startsWith('# ') && !sample.test(line))).toEqual([]);
  expect(lines).toContain('tidemark_reads_total{cache="site",collection="post.item",outcome="hits"} 1');
  expect(lines).toContain('tidemark_healthy{cache="site"} 1');
  expect(lines.some((line) => line.includes(String.raw`collection="a \"quoted\"\nname \\"`))).toBe(true);
  const families = lines.filter((line) => line.startsWith('# TYPE'));
  expect(new Set(families).size).toBe(families.length);
});

test('over a cache alone everything that a cache can do is there, and the rest is said not to be', async () => {
  const cache = createCache();
  const things = cache.define<number>('thing', { load: () => 1 });
  await things.get('a');
  const admin = contentAdmin({ content: { cache }, authorize: bearerToken(TOKEN, 'deploy') });
  const authorization = `Bearer ${TOKEN}`;
  const get = (path: string) => admin(new Request(`https://cms.test/cache${path}`, { headers: { authorization } }));
  const post = (path: string, body: object) =>
    admin(
      new Request(`https://cms.test/cache${path}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
  for (const [route, path] of [
    ['GET /stats', '/stats'],
    ['GET /stats/:namespace', '/stats/thing'],
    ['GET /health', '/health'],
    ['GET /keys', '/keys'],
  ]) {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(violations(schema, schema.routes[route].answer, await response.json())).toEqual([]);
  }
  expect((await get('/log')).status).toBe(404);
  expect((await post('/warm', {})).status).toBe(404);
  for (const dryRun of [true, false])
    expect((await post('/invalidate', { event: 'content.update', payload: {}, dryRun })).status).toBe(404);
  expect(await (await post('/clear', { dryRun: true })).json()).toMatchObject({ entries: 1 });
  expect((await post('/clear', {})).status).toBe(200);
  expect(cache.held().entries.filter(({ valid }) => valid)).toEqual([]);
  const page = await (await get('')).text();
  expect(page).not.toContain('id="log"');
});
