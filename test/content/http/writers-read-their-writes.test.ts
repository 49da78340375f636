/** Whoever wrote reads what he wrote, whichever process answers: the bookmark of the answer comes with the next request. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { type BookmarkOptions, withBookmark } from 'tidemark/content/http';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { get } from './posts.ts';

/** A process whose follower never asks by itself: what it knows of others it was told by a bookmark. */
function node(space: SharedSpace, truth: Map<string, string>, options: BookmarkOptions = {}) {
  const clock = manualClock();
  const looks: string[] = [];
  const gate = async (operation: string) => {
    if (operation.startsWith('wake')) throw new Error('lost');
    looks.push(operation);
  };
  const backend = sharedBackend({ space, gate });
  const cache = createCache({ clock, tiers: [memory(), backend] });
  const values = cache.define<string>('value', { load: (key) => truth.get(key) ?? '' });
  const handler = withBookmark(
    cache,
    async (request) => {
      const key = new URL(request.url).pathname;
      if (request.method !== 'PUT')
        return new Response(await values.get(key), { headers: { 'cache-control': 'max-age=9' } });
      truth.set(key, await request.text());
      await values.invalidate(key);
      return new Response(null, {
        status: 204,
        headers: { 'cache-control': 'public, max-age=9', 'cdn-cache-control': 'max-age=9' },
      });
    },
    options,
  );
  const reads = () => looks.filter((operation) => operation === 'read').length;
  return { backend, cache, handler, reads, text: async (headers = {}) => (await handler(get('/a', headers))).text() };
}

async function twoNodes(options?: BookmarkOptions) {
  const space = new SharedSpace();
  const truth = new Map([['/a', 'old']]);
  const [a, b] = [node(space, truth, options), node(space, truth, options)];
  expect([await a.text(), await b.text()]).toEqual(['old', 'old']);
  const written = await a.handler(get('/a', {}, { method: 'PUT', body: 'new' }));
  return { a, b, written };
}

const cookieOf = ({ headers }: Response) => headers.getSetCookie()[0]?.split(';')[0] ?? '';

test('a write gives a cookie, and another process that is shown it answers with what was written', async () => {
  const { b, written } = await twoNodes();
  expect(await b.text()).toBe('old'); // it hasn't heard of it: the bookmark is what matters
  expect(await b.text({ cookie: `theme=dark; ${cookieOf(written)}; x=y` })).toBe('new');
});

test('the same by a field', async () => {
  const { b, written } = await twoNodes();
  const bookmark = written.headers.get('x-tidemark-bookmark')!;
  expect(await b.text({ 'x-tidemark-bookmark': bookmark })).toBe('new');
});

test('the cookie is for the program alone and short, and for https where that is spoken', async () => {
  const { written } = await twoNodes({ maxAge: '2m' });
  expect(written.headers.getSetCookie()[0]).toMatch(
    /^tidemark-bookmark=[^;]+; Path=\/; Max-Age=120; HttpOnly; SameSite=Lax; Secure$/,
  );
  const { handler } = node(new SharedSpace(), new Map());
  const plain = await handler(new Request('http://site.test/a', { method: 'PUT', body: '' }));
  expect(plain.headers.getSetCookie()[0]).toMatch(/SameSite=Lax$/);
});

test('only answers to unsafe methods carry one, and those are kept by nobody', async () => {
  const { a, written } = await twoNodes();
  expect(Object.fromEntries(written.headers)).toMatchObject({ 'cache-control': 'no-store, private' });
  expect(written.headers.has('cdn-cache-control')).toBe(false);
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    const { headers } = await a.handler(get('/a', { cookie: cookieOf(written) }, { method }));
    expect([headers.getSetCookie(), headers.has('x-tidemark-bookmark')]).toEqual([[], false]);
    expect(headers.get('cache-control')).toBe('max-age=9');
  }
});

test('cookie and field have other names, or are left out', async () => {
  const { written } = await twoNodes({ cookie: 'seen', header: false });
  expect([cookieOf(written).startsWith('seen='), written.headers.has('x-tidemark-bookmark')]).toEqual([true, false]);
  const field = await twoNodes({ cookie: false, header: 'X-Seen' });
  expect(field.written.headers.getSetCookie()).toEqual([]);
  expect(await field.b.text({ 'x-seen': field.written.headers.get('x-seen')! })).toBe('new');
  for (const options of [
    { cookie: 'a b' },
    { header: '' },
    { maxAge: 'soon' },
    { secure: 'no' },
    { name: 'x' },
    { secret: 'short' },
  ])
    expect(() => withBookmark(createCache(), async () => new Response(), options as BookmarkOptions)).toThrow(
      /withBookmark/,
    );
});

test('what is no bookmark is passed over, and costs at most one look at the log', async () => {
  const { b } = await twoNodes();
  const foreign = [
    '',
    'nonsense',
    '%',
    '999999999999.other',
    `5.${'x'.repeat(5000)}`,
    '-1.x',
    '1e9.x',
    '<script>',
    `${Number.MAX_SAFE_INTEGER}.`,
  ];
  for (const bookmark of foreign) {
    const before = b.reads();
    expect((await b.handler(get('/a', { 'x-tidemark-bookmark': bookmark }))).status).toBe(200);
    expect(b.reads() - before).toBeLessThanOrEqual(1);
  }
  expect((await b.handler(get('/a', { cookie: 'tidemark-bookmark=%E0%A4%A; tidemark-bookmark' }))).status).toBe(200);
});

test('a bookmark that is known already costs nothing', async () => {
  const { a, written } = await twoNodes();
  const before = a.reads();
  for (let i = 0; i < 10; i++) await a.text({ cookie: cookieOf(written) });
  expect(a.reads()).toBe(before);
});

test('what is signed counts wherever the secret is known, and what a stranger makes up costs nothing, even in an outage', async () => {
  const { a, b, written } = await twoNodes({ secret: 'known to all of us' });
  const bookmark = written.headers.get('x-tidemark-bookmark')!;
  const forged = [
    a.cache.bookmark(),
    bookmark.replace(/^[0-9]+/, '999'),
    bookmark.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    bookmark.slice(0, -64),
    `999999999.x.${'0'.repeat(64)}`,
  ];
  b.backend.cut();
  for (const made of forged) expect(await b.text({ 'x-tidemark-bookmark': made })).toBe('old');
  b.backend.mend();
  const before = b.reads();
  for (const made of forged) await b.text({ cookie: `tidemark-bookmark=${made}` });
  expect(b.reads()).toBe(before);
  expect(await b.text({ 'x-tidemark-bookmark': bookmark })).toBe('new');
});

test('if the log does not answer, what was held is not taken for what was written', async () => {
  const { b, written } = await twoNodes();
  b.backend.cut();
  expect(await b.text({ cookie: cookieOf(written) })).toBe('new');
});
