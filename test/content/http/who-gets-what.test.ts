/** Nobody is answered with what was made for another, no cache keeps what isn't for all, and Vary names what was looked at. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import { createRepository, memorySource, type Principal } from 'tidemark/content';
import {
  type AskedField,
  cacheTag,
  formatCacheTags,
  httpCache,
  httpContent,
  itemOf,
  listOf,
  parseCacheTags,
} from 'tidemark/content/http';
import { failure, idle } from '../../support/deferred.ts';
import { get, post, shop } from './posts.ts';

const policies = { post: { public: true, sMaxage: 60, cdn: { maxAge: 600 }, cloudflare: { maxAge: 900 } } } as const;
const FOR_ALL = 'public, s-maxage=60';
const FOR_NOBODY = 'no-store, private';

const principal = (asked: AskedField) => {
  const user = asked('Authorization');
  return user === null ? 'anonymous' : { user };
};

test('the caching of a collection is said to browsers, CDNs and Cloudflare, each in its field', async () => {
  const { http, posts } = await shop({ policies });
  const { headers } = await http.respond(get(), itemOf(posts, '1'));
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': FOR_ALL,
    'cdn-cache-control': 'max-age=600',
    'cloudflare-cdn-cache-control': 'max-age=900',
    'cache-tag': 'post,post#1',
  });
  expect(headers.has('vary')).toBe(false);
});

test('of a collection without a policy clients are to ask each time', async () => {
  const { http, posts } = await shop();
  expect((await http.respond(get(), itemOf(posts, '1'))).headers.get('cache-control')).toBe('no-cache');
});

test('each reader has an answer of its own, which only the anonymous one shares', async () => {
  const { http } = await shop({ policies: { note: policies.post }, principal });
  let reads = 0;
  const ask = (user?: string, headers = {}) =>
    http.respond(get('/', { ...(user && { authorization: user }), ...headers }), (who) => ({
      key: ['note'],
      tags: ['note'],
      read: async () => (reads++, { of: who === 'anonymous' ? who : who.user }),
    }));
  for (const user of [undefined, 'ann', 'ben', 'ann', 'ben']) {
    const answer = await ask(user);
    expect(await answer.json()).toEqual({ of: user ?? 'anonymous' });
    expect(answer.headers.get('cache-control')).toBe(user ? FOR_NOBODY : FOR_ALL);
    expect(answer.headers.get('vary')).toBe('authorization');
    expect(answer.headers.has('cache-tag')).toBe(!user);
    expect(answer.headers.has('cdn-cache-control')).toBe(!user);
  }
  expect(reads).toBe(3);
  const ofAnn = (await ask('ann')).headers.get('etag')!;
  expect((await ask('ben', { 'if-none-match': ofAnn })).status).toBe(200);
});

test('what depends on roles alone is shared by those who have the same', async () => {
  const { http } = await shop({ principal: (asked) => ({ user: asked('x-user')!, roles: [asked('x-role')!] }) });
  let reads = 0;
  const ask = (user: string, role: string) =>
    http.respond(get('/', { 'x-user': user, 'x-role': role }), {
      key: ['menu'],
      tags: [],
      scope: 'role',
      read: async () => ++reads,
    });
  const bodies = await Promise.all([ask('ann', 'editor'), ask('ben', 'editor'), ask('cid', 'admin')]);
  expect(await Promise.all(bodies.map((answer) => answer.json()))).toEqual([1, 1, 2]);
  for (const { headers } of bodies) expect(headers.get('cache-control')).toBe(FOR_NOBODY);
});

test('what is the same for everyone is shared, and nobody is asked who it is', async () => {
  const { http, posts } = await shop({
    policies,
    principal: () => {
      throw new Error('asked');
    },
  });
  const { headers } = await http.respond(get('/', { authorization: 'ann' }), itemOf(posts, '1', { scope: 'everyone' }));
  expect([headers.get('cache-control'), headers.has('vary')]).toEqual([FOR_ALL, false]);
});

test('a shared cache in front of it hands nobody what was made for another', async () => {
  const { http, clock } = await shop({ principal, policies: { note: policies.post } });
  const handler = httpCache({
    clock,
    fetch: (request) =>
      http.respond(request, (who) => ({
        key: ['note'],
        tags: ['note'],
        read: async () => ({ of: who === 'anonymous' ? who : who.user }),
      })),
  });
  for (const user of ['ann', undefined, 'ben', undefined, 'ann', 'ben']) {
    const answer = await handler(get('/', user ? { authorization: user } : {}));
    expect(await answer.json()).toEqual({ of: user ?? 'anonymous' });
    await idle();
  }
});

test('where nobody says who asks, a request with Authorization is answered for itself alone', async () => {
  const { http } = await shop({ policies: { note: policies.post } });
  let reads = 0;
  const reading = { key: ['note'], tags: [], read: async () => ++reads };
  await http.respond(get(), reading);
  for (const read of [2, 3]) {
    const answer = await http.respond(get('/', { authorization: 'x' }), reading);
    expect([answer.headers.get('cache-control'), await answer.json()]).toEqual([FOR_NOBODY, read]);
  }
  expect(await (await http.respond(get(), reading)).json()).toBe(1);
});

test('drafts and previews are kept by nobody; a preview is made for its request alone', async () => {
  const { http, posts, cache } = await shop({ policies }, [post('1', { status: 'draft' })]);
  const restricted = ({ status }: { status: string }) => status !== 'published';
  const ask = (preview = false) => http.respond(get(), itemOf(posts, '1'), { restricted, preview });
  expect((await ask()).headers.get('cache-control')).toBe(FOR_NOBODY);
  const entries = () => cache.held({ prefix: ['http'] }).entries.length;
  const before = entries();
  expect((await ask(true)).headers.get('cache-control')).toBe(FOR_NOBODY);
  expect(entries()).toBe(before);
  await posts.update('1', { status: 'published' });
  expect((await ask()).headers.get('cache-control')).toBe(FOR_ALL);
});

test('what is for few can be let into their own caches', async () => {
  const { http, posts } = await shop({ principal, policies: { post: { restricted: { noCache: true, sMaxage: 9 } } } });
  const { headers } = await http.respond(get('/', { authorization: 'ann' }), itemOf(posts, '1'));
  expect(headers.get('cache-control')).toBe('no-cache, private');
});

test('representations are told apart by key, ETag and Vary', async () => {
  const { http, posts, reads } = await shop();
  const ask = (locale: string, fields?: string) =>
    http.respond(
      get(fields === undefined ? '/' : `/?fields=${fields}`, { 'accept-language': locale }),
      itemOf(posts, '1'),
      {
        represent: (asked, request) => {
          const names = new URL(request.url).searchParams.get('fields')?.split(',');
          return { locale: asked('Accept-Language')!.slice(0, 2), ...(names && { fields: names }) };
        },
      },
    );
  const all = await Promise.all([ask('de'), ask('en'), ask('de-AT'), ask('de', 'title,id'), ask('de', 'id,title')]);
  const etags = all.map(({ headers }) => headers.get('etag'));
  expect(etags[0]).toBe(etags[2]);
  expect(etags[3]).toBe(etags[4]);
  expect(new Set(etags).size).toBe(3);
  expect(await all[3].json()).toEqual({ id: '1', title: 'post 1' });
  for (const { headers } of all) expect(headers.get('vary')).toBe('accept-language');
  expect(reads()).toBe(1);
});

test('one reading that is answered in several ways is kept for each', async () => {
  const { http, posts } = await shop();
  const upper = async ({ title }: { title: string }) => ({ body: title.toUpperCase(), type: 'text/plain' });
  const lower = async ({ title }: { title: string }) => ({ body: title.toLowerCase(), type: 'text/plain' });
  const ask = async (how: Parameters<typeof http.respond<{ title: string; status: string }>>[2]) => {
    const answer = await http.respond(get(), itemOf(posts, '1'), how);
    return [await answer.text(), answer.headers.get('cache-control'), answer.headers.has('last-modified')];
  };
  for (let round = 0; round < 2; round++) {
    expect(await ask({})).toEqual([expect.stringContaining('"title":"post 1"'), 'no-cache', false]);
    expect(await ask({ serialize: upper })).toEqual(['POST 1', 'no-cache', false]);
    expect(await ask({ serialize: lower, form: 'lower' })).toEqual(['post 1', 'no-cache', false]);
    expect(await ask({ restricted: () => true })).toEqual([expect.any(String), FOR_NOBODY, false]);
    expect(await ask({ lastModified: () => 0 })).toEqual([expect.any(String), 'no-cache', true]);
  }
});

test.each([undefined, principal])('what is read on behalf of somebody is kept for nobody else: %o', async (who) => {
  const { http, cache } = await shop({ policies: { note: policies.post }, ...(who && { principal: who }) });
  const source = memorySource<{ id: string; for: string }>();
  const told = (by?: Principal) => (by === undefined || by === 'anonymous' ? 'anyone' : by.user!);
  const notes = createRepository<{ id: string; for: string }>({
    cache,
    name: 'note',
    scope: 'user',
    source: {
      ...source,
      findByIds: async (ids, how) => ids.map((id) => ({ id, for: told(how?.principal) })),
      findMany: async (_, how) => [{ id: '1', for: told(how?.principal) }],
    },
  });
  const editors = notes.as({ user: 'ed' });
  for (let round = 0; round < 2; round++)
    for (const [repository, owner] of [
      [editors, 'ed'],
      [notes, 'anyone'],
      [editors, 'ed'],
    ] as const)
      for (const reading of [itemOf(repository, '1'), listOf(repository)]) {
        const answer = await http.respond<unknown>(get(), reading);
        expect(await answer.text()).toContain(`"for":"${owner}"`);
        expect(answer.headers.get('cache-control')).toBe(owner === 'ed' ? FOR_NOBODY : FOR_ALL);
      }
});

test('what is switched off is read and made for its request alone, and nothing is kept of it', async () => {
  const asked: string[] = [];
  let on = true;
  const { http, posts, cache } = await shop({ cached: (policy, key) => (asked.push(`${policy} ${key}`), on) });
  const status = async () => (await http.respond(get(), itemOf(posts, '1'))).headers.get('cache-status');
  await status();
  expect(await status()).toBe('content; hit');
  on = false;
  expect(await status()).toBe('content; fwd=bypass');
  await cache.invalidate({ all: true });
  await status();
  expect(cache.held({ prefix: ['http'] }).entries.filter(({ valid }) => valid)).toEqual([]);
  expect(new Set(asked)).toEqual(new Set([expect.stringMatching(/^post \/http\/1\//)]));
});

test('another release looks at nothing that this one has made', async () => {
  const { cache, http, posts } = await shop();
  await http.respond(get(), itemOf(posts, '1'));
  const next = httpContent({ cache, release: '2' });
  const body = async () => ({ body: 'new', type: 'text/plain' });
  expect(await (await next.respond(get(), itemOf(posts, '1'), { serialize: body })).text()).toBe('new');
});

test('the trusted can have things read anew, or not at all; strangers cannot', async () => {
  const { http, posts, reads, clock } = await shop({ trusted: (request) => request.headers.has('x-editor') });
  const ask = async (control: string, more = {}) => {
    const before = reads();
    const { status, headers } = await http.respond(get('/', { 'cache-control': control, ...more }), itemOf(posts, '1'));
    return [status, reads() - before, headers.get('cache-status')];
  };
  const editor = { 'x-editor': 'yes' };
  expect(await ask('only-if-cached', editor)).toEqual([504, 0, null]);
  expect(await ask('')).toEqual([200, 1, 'content; fwd=miss; stored']);
  expect(await ask('only-if-cached', editor)).toEqual([200, 0, 'content; hit']);
  for (const control of ['no-cache', 'no-store', 'max-age=0'])
    expect(await ask(control)).toEqual([200, 0, 'content; hit']);
  expect(await ask('no-cache', editor)).toEqual([200, 1, 'content; fwd=request; stored']);
  clock.advance(5000);
  expect(await ask('max-age=10', editor)).toEqual([200, 0, 'content; hit']);
  expect(await ask('max-age=4', editor)).toEqual([200, 1, 'content; fwd=request; stored']);
  expect(await ask('no-store', editor)).toEqual([200, 0, 'content; fwd=request']);
});

test('who only asks what is kept takes nobody else’s answer away', async () => {
  const { http, posts } = await shop({ trusted: (request) => request.headers.has('x-editor') });
  const only = { 'x-editor': 'yes', 'cache-control': 'only-if-cached' };
  const asked = [only, {}, only, {}].map((headers) => http.respond(get('/', headers), itemOf(posts, '1')));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([504, 200, expect.any(Number), 200]);
});

test('every tag comes back from Cache-Tag as it was, and disturbs no other', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1 }), (tags) => {
      const field = formatCacheTags(tags);
      if (field === undefined) return;
      expect(field).toMatch(/^[\x21-\x7e]*$/);
      expect(new Headers({ 'cache-tag': field }).get('cache-tag')).toBe(field);
      expect(parseCacheTags(field)).toEqual([...new Set(tags)]);
    }),
  );
  expect(parseCacheTags(' a, 50%,,b%2Cc ')).toEqual(['a', '50%', 'b,c']);
  expect(cacheTag('post/status="draft"')).toBe('post/status=%22draft%22');
});

test.each([
  ['too many', Array.from({ length: 2000 }, (_, i) => `post#${i}${i}`)],
  ['too long', ['x'.repeat(2000)]],
  ['not Unicode', ['\ud800']],
])('no shared cache keeps an answer whose tags it cannot be told: %s', async (_, tags) => {
  const { http } = await shop({ policies });
  const { headers } = await http.respond(get(), { key: ['post'], tags, read: async () => 'x' });
  expect(headers.get('cache-control')).toBe('private');
  expect([headers.has('cache-tag'), headers.has('cdn-cache-control')]).toEqual([false, false]);
});

test.each([
  [{ policies: { post: { maxage: 1 } } }, /policies\.post has no option "maxage"/],
  [{ policies: { post: { maxAge: '1m' } } }, /policies\.post\.maxAge must be whole seconds/],
  [{ policies: { post: { cdn: { maxAge: -1 } } } }, /policies\.post\.cdn\.maxAge must be whole seconds/],
  [{ policies: { post: { public: 'yes' } } }, /policies\.post\.public must be true/],
  [{ principal: 'me' }, /principal must be a function/],
  [{ ttl: 'soon' }, /ttl must be/],
])('bad options are named: %o', (options, message) => {
  expect(() => httpContent({ cache: createCache(), ...(options as object) })).toThrow(message);
});

test('what reading throws reaches the caller, and is not kept', async () => {
  const { http } = await shop();
  let reads = 0;
  const reading = {
    key: ['broken'],
    tags: [],
    read: async () => {
      if (++reads === 1) throw new Error('down');
      return reads;
    },
  };
  expect(await failure(http.respond(get(), reading))).toEqual(new Error('down'));
  expect(await (await http.respond(get(), reading)).json()).toBe(2);
});
