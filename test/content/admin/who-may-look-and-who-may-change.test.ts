/** Nobody looks who isn't let in, nobody changes anything who may only look, and no other site does it in their name. */
import { createCache, TidemarkError } from 'tidemark';
import { anyOf, basicAuth, bearerToken, contentAdmin, type ContentAdminOptions } from 'tidemark/content/admin';
import { describe, expect, test, vi } from 'vitest';
import { ADA, type Asked, cms, LOOKING, ORIGIN } from './cms.ts';

const basic = `Basic ${btoa(`${ADA.user}:${ADA.password}`)}`;
const DROP = { tags: ['post'] };

const reads = [
  '',
  '/',
  '/stats',
  '/stats/content',
  '/health',
  '/keys',
  '/keys/%2Fpost%2F1',
  '/log',
  '/schema.json',
  '/metrics',
];
const writes = ['/invalidate', '/clear', '/warm'];

const code = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

/** The token that stands in the page of whoever asks. */
async function tokenOf(page: Response): Promise<string> {
  return /"token":"([^"]*)"/.exec(await page.text())?.[1] ?? '';
}

describe('who isn’t let in', () => {
  test.each([...reads, '/nowhere', '/keys/'])('gets nothing from GET /cache%s', async (path) => {
    const { ask } = await cms();
    for (const authorization of [undefined, 'Bearer wrong', 'Bearer ', 'Basic !', 'Basic YWRh', LOOKING]) {
      const response = await ask(`/cache${path}`, { with: { authorization } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Basic realm="cache", charset="UTF-8"');
      expect(await code(response)).toBe('unauthorized');
    }
  });

  test('changes nothing', async () => {
    const { ask, cache } = await cms();
    const before = cache.stats().log.known;
    for (const path of writes)
      expect((await ask(`/cache${path}`, { body: {}, with: { authorization: undefined } })).status).toBe(401);
    expect(cache.stats().log.known).toBe(before);
  });

  test('is everybody, where asking fails; and only the server hears why', async () => {
    const onError = vi.fn();
    const authorize = () => Promise.reject(new Error('the session store at 10.0.0.7 is down'));
    const { ask } = await cms({ authorize, onError });
    const response = await ask('/cache/stats');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('10.0.0.7');
    expect(onError).toHaveBeenCalledOnce();
  });
});

describe('who may only look', () => {
  test.each([
    { why: 'says the token', options: {}, asked: { with: { authorization: `Bearer ${LOOKING}` } } },
    { why: 'is everybody, with readOnly', options: { readOnly: true }, asked: {} },
  ])('sees everything and changes nothing: $why', async ({ options, asked }) => {
    const { ask, cache } = await cms(options);
    for (const path of reads) expect((await ask(`/cache${path}`, asked)).status, path).toBe(200);
    const before = cache.stats().log.known;
    for (const path of writes) {
      const response = await ask(`/cache${path}`, { ...asked, body: {} });
      expect([response.status, await code(response)]).toEqual([403, 'read_only']);
    }
    expect(cache.stats().log.known).toBe(before);
    const page = await (await ask('/cache', asked)).text();
    expect(page).not.toContain('id="invalidate"');
    expect(page).toContain('"token":""');
  });
});

describe('a write', () => {
  test('is done for a program with credentials, and its actor stands in the log', async () => {
    const { ask, json } = await cms();
    expect((await ask('/cache/invalidate', { body: DROP })).status).toBe(200);
    const { invalidations } = await json<{ invalidations: { actor: string }[] }>('/cache/log');
    expect(invalidations[0].actor).toBe('deploy');
  });

  test('is done for a program that signs in by name: nobody else sends neither Origin nor Sec-Fetch-Site', async () => {
    const { ask } = await cms();
    expect((await ask('/cache/invalidate', { body: DROP, with: { authorization: basic } })).status).toBe(200);
  });

  const fromPage = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', authorization: basic };

  test('is done for the page', async () => {
    const { ask } = await cms();
    const token = await tokenOf(await ask('/cache', { with: { authorization: basic } }));
    expect((await ask('/cache/invalidate', { body: DROP, with: { ...fromPage, 'x-cache-token': token } })).status).toBe(
      200,
    );
  });

  test.each<{ what: string; sent: Asked['with']; answer: readonly [number, string] }>([
    { what: 'another origin', sent: { ...fromPage, origin: 'https://evil.test' }, answer: [403, 'cross_site'] },
    { what: 'no origin that can be named', sent: { ...fromPage, origin: 'null' }, answer: [403, 'cross_site'] },
    { what: 'another site', sent: { ...fromPage, 'sec-fetch-site': 'cross-site' }, answer: [403, 'cross_site'] },
    { what: 'a sister site', sent: { ...fromPage, 'sec-fetch-site': 'same-site' }, answer: [403, 'cross_site'] },
    { what: 'another port', sent: { ...fromPage, origin: `${ORIGIN}:8443` }, answer: [403, 'cross_site'] },
    { what: 'a page without the token', sent: { ...fromPage, 'x-cache-token': undefined }, answer: [403, 'bad_token'] },
    { what: 'a page with an empty token', sent: { ...fromPage, 'x-cache-token': '' }, answer: [403, 'bad_token'] },
    { what: 'a form', sent: { ...fromPage, 'content-type': 'text/plain' }, answer: [415, 'not_json'] },
  ])('is refused from $what', async ({ sent, answer }) => {
    const { ask, cache } = await cms();
    const token = await tokenOf(await ask('/cache', { with: { authorization: basic } }));
    const before = cache.stats().log.known;
    for (const path of writes) {
      const response = await ask(`/cache${path}`, { body: DROP, with: { 'x-cache-token': token, ...sent } });
      expect([response.status, await code(response)]).toEqual(answer);
    }
    expect(cache.stats().log.known).toBe(before);
  });

  test('is refused with the token of somebody else, of another server, and with one that is too old', async () => {
    const [site, other] = [await cms(), await cms()];
    const send = (token: string) =>
      site
        .ask('/cache/invalidate', { body: DROP, with: { ...fromPage, 'x-cache-token': token } })
        .then(({ status }) => status);
    expect(await send(await tokenOf(await site.ask('/cache')))).toBe(403); // the deploy's
    expect(await send(await tokenOf(await other.ask('/cache', { with: { authorization: basic } })))).toBe(403);
    const own = await tokenOf(await site.ask('/cache', { with: { authorization: basic } }));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 13 * 3_600_000 });
    try {
      expect(await send(own)).toBe(403);
    } finally {
      vi.useRealTimers();
    }
    expect(await send(own)).toBe(200);
  });

  test('is done with a page of another process, where they share a secret', async () => {
    const secret = 'of both processes';
    const [one, other] = [await cms({ secret }), await cms({ secret })];
    const token = await tokenOf(await one.ask('/cache', { with: { authorization: basic } }));
    const response = await other.ask('/cache/invalidate', {
      body: DROP,
      with: { ...fromPage, 'x-cache-token': token },
    });
    expect(response.status).toBe(200);
  });

  test('is done behind a proxy whose origin was named', async () => {
    const { ask } = await cms({ origins: ['https://www.example.com'] });
    const token = await tokenOf(await ask('/cache', { with: { authorization: basic } }));
    const sent = { ...fromPage, origin: 'https://www.example.com', 'x-cache-token': token };
    expect((await ask('/cache/invalidate', { body: DROP, with: sent })).status).toBe(200);
  });
});

test('every answer says that it is not to be stored, framed or guessed at, and none is for other origins', async () => {
  const { ask } = await cms();
  const asked: [string, Asked][] = [...reads, '/nowhere', '/keys/%FF', '/keys?limit=0'].map((path) => [path, {}]);
  asked.push(
    ['/stats', { with: { authorization: undefined } }],
    ['/clear', { body: '{' }],
    ['/stats', { method: 'OPTIONS' }],
  );
  for (const [path, how] of asked) {
    const { headers } = await ask(`/cache${path}`, { ...how, with: { ...how.with, origin: 'https://evil.test' } });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

test('the page runs its own script and no other, with another nonce each time', async () => {
  const { ask } = await cms();
  const pages = await Promise.all([ask('/cache'), ask('/cache/')]);
  const nonces = pages.map(
    ({ headers }) => /script-src 'nonce-([0-9a-f]{32})'/.exec(headers.get('content-security-policy') ?? '')?.[1],
  );
  expect(new Set(nonces).size).toBe(2);
  const text = await pages[0].text();
  expect([...text.matchAll(/<(?:script|style)\b[^>]*>/g)].every(([tag]) => tag.includes(`nonce="${nonces[0]}"`))).toBe(
    true,
  );
  expect(text).not.toMatch(/\b(?:src|href)="(?:https?:)?\/\//);
});

test('what is asked of another method, or is nowhere, is told so', async () => {
  const { ask } = await cms();
  const wrong = await ask('/cache/stats', { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect((await ask('/cache/clear')).headers.get('allow')).toBe('POST');
  expect((await ask('/cache/nowhere')).status).toBe(404);
  expect((await ask('/elsewhere')).status).toBe(404);
  const head = await ask('/cache/stats', { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test.each([
  { what: 'no JSON', body: '{', status: 400 },
  { what: 'no object', body: [1], status: 400 },
  { what: 'nothing', body: {}, status: 400 },
  { what: 'an unknown field', body: { tag: 'post' }, status: 400 },
  { what: 'tags that are no list', body: { tags: 'post' }, status: 400 },
  { what: 'a key that is none', body: { key: { id: 1 } }, status: 400 },
  { what: 'a pattern that is none', body: { pattern: 'post-*' }, status: 400 },
  { what: 'a dry run that is neither', body: { tags: ['post'], dryRun: 'yes' }, status: 400 },
  { what: 'an event and a selector', body: { event: 'content.update', tags: ['post'] }, status: 400 },
  { what: 'an event without what its rules ask for', body: { event: 'content.update', payload: {} }, status: 400 },
  { what: 'too much', body: { tags: ['x'.repeat(70_000)] }, status: 413 },
])('a body with $what is refused before anything is changed', async ({ body, status }) => {
  const { ask, cache } = await cms();
  const before = cache.stats().log.known;
  for (const asked of [
    body,
    ...(typeof body === 'object' && !Array.isArray(body) ? [{ ...body, dryRun: body.dryRun ?? true }] : []),
  ]) {
    const response = await ask('/cache/invalidate', { body: asked });
    expect(response.status).toBe(status);
    expect(await code(response)).toMatch(/^(bad_option|bad_key|bad_pattern|too_large)$/);
  }
  expect(cache.stats().log.known).toBe(before);
});

test('an option that can’t be is refused by its name', () => {
  const content = { cache: createCache() };
  const authorize = bearerToken('secret', 'me');
  const tries: [Record<string, unknown>, RegExp][] = [
    [{ content }, /authorize must be a function/],
    [{ authorize }, /content must have a cache/],
    [{ content, authorize, basePath: 'cache' }, /basePath/],
    [{ content, authorize, basePath: '/:any' }, /basePath/],
    [{ content, authorize, secret: 'short' }, /secret must have at least 16/],
    [{ content, authorize, origins: ['cms.example.com'] }, /origins\[0\]/],
    [{ content, authorize, kv: { namespace: {} } }, /kv.namespace/],
    [{ content, authorize, readonly: true }, /no option "readonly"/],
  ];
  for (const [options, message] of tries) {
    const make = () => contentAdmin(options as unknown as ContentAdminOptions);
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: 'bad_option' }) as TidemarkError);
  }
  expect(() => bearerToken('', 'me')).toThrow(TidemarkError);
  expect(() => basicAuth([])).toThrow(/at least one/);
  expect(() => basicAuth([{ user: 'a:b', password: 'x' }])).toThrow(/no colon/);
});

test('of several ways in the first that knows somebody says who it is', async () => {
  const authorize = anyOf(bearerToken('one', 'first'), () => ({ actor: 'second', canWrite: false }));
  const request = (token: string) => new Request(ORIGIN, { headers: { authorization: `bearer ${token}` } });
  expect(await authorize(request('one'))).toEqual({ actor: 'first', canWrite: true });
  expect(await authorize(request('two'))).toEqual({ actor: 'second', canWrite: false });
});
