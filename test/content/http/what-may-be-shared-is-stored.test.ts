/** Which answers are stored, and for whom they are: what is somebody's is never handed to another. */
import { entityTag, httpCache } from 'tidemark/content/http';
import { describe, expect, test } from 'vitest';
import { idle } from '../../support/deferred.ts';
import { ok, stage, told } from './origin.ts';

/** How often the origin was asked for two requests, one after the other. */
async function askedFor(
  headers: Record<string, string>,
  { status = 200, first = {}, second = {}, options = {} } = {},
): Promise<number> {
  const { get, asked } = stage(() => new Response(status === 204 ? null : 'body', { status, headers }), options);
  await (await get('/', first)).text();
  await idle();
  await (await get('/', second)).text();
  return asked.length;
}

describe('stored is', () => {
  test.each([
    [{ 'cache-control': 'max-age=60' }, 200],
    [{ 'cache-control': 'max-age=60' }, 404],
    [{ 'cache-control': 'max-age=60' }, 204],
    [{ 'cache-control': 'max-age=60' }, 302],
    [{ 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-store' }, 200],
    [{ 'cache-control': 'no-store, must-understand, max-age=60' }, 200],
    [{ 'cache-control': 'max-age=60, private="x-mine"' }, 200],
  ])('%j with status %i', async (headers, status) => {
    expect(await askedFor(headers as Record<string, string>, { status })).toBe(1);
  });
});

describe('not stored is', () => {
  test.each([
    [{}, 200],
    [{ 'cache-control': 'no-store, max-age=60' }, 200],
    [{ 'cache-control': 'private, max-age=60' }, 200],
    [{ 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=60' }, 200],
    [{ 'cache-control': 'no-store, must-understand, max-age=60' }, 299],
    [{ 'cache-control': 'max-age=60', vary: '*' }, 200],
    [{ 'cache-control': 'max-age=60', 'set-cookie': 'session=1' }, 200],
    [{ 'cache-control': 'max-age=60', 'content-range': 'bytes 0-1/4' }, 206],
    [{ 'cache-control': 'max-age=60', 'content-length': '5' }, 200],
  ])('%j with status %i', async (headers, status) => {
    expect(await askedFor(headers as Record<string, string>, { status })).toBe(2);
  });
});

describe('the answer to a request with Authorization', () => {
  const first = { authorization: 'Bearer me' };

  test('isn’t stored for others', async () => {
    expect(await askedFor({ 'cache-control': 'max-age=60' }, { first })).toBe(2);
  });

  test.each(['public', 's-maxage=60', 'must-revalidate'])('is, if it says %s', async (word) => {
    expect(await askedFor({ 'cache-control': `max-age=60, ${word}` }, { first })).toBe(1);
  });

  test('doesn’t push out what is stored for all', async () => {
    const { get, asked, clock } = stage((request) =>
      request.headers.has('authorization')
        ? ok('mine', { 'cache-control': 'private' })
        : request.headers.has('if-none-match')
          ? new Response(null, { status: 304 })
          : ok('all', { 'cache-control': 'max-age=60', etag: '"7"' }),
    );
    await (await get('/')).text();
    clock.advance(61_000);
    expect(await (await get('/', first)).text()).toBe('mine');
    expect(await (await get('/')).text()).toBe('all');
    expect(asked).toHaveLength(3);
    expect(asked[2].headers.get('if-none-match')).toBe('"7"');
  });
});

describe('a cookie', () => {
  test('is shared only where the answer says so, or the cache is told to', async () => {
    const cookie = { 'set-cookie': 'a=1' };
    expect(await askedFor({ ...cookie, 'cache-control': 'max-age=60, public' })).toBe(1);
    expect(await askedFor({ ...cookie, 'cache-control': 's-maxage=60' })).toBe(1);
    expect(await askedFor({ ...cookie, 'cache-control': 'max-age=60' }, { options: { cookies: 'store' } })).toBe(1);
  });

  test('that comes with a 304 reaches its client and nobody else', async () => {
    const { get, clock } = stage((_, count) =>
      count === 2
        ? new Response(null, { status: 304, headers: { 'set-cookie': 'session=mine' } })
        : ok('body', { 'cache-control': 'max-age=60', etag: '"7"' }),
    );
    await (await get('/')).text();
    clock.advance(61_000);
    expect((await get('/')).headers.getSetCookie()).toEqual(['session=mine']);
    expect((await get('/')).headers.getSetCookie()).toEqual([]);
  });
});

test('fields that private or no-cache name, and those of the connection, are not kept', async () => {
  const { get } = stage(() =>
    ok('body', {
      'cache-control': 'max-age=60, private="x-mine", no-cache="x-fresh"',
      connection: 'x-hop',
      'x-mine': '1',
      'x-fresh': '1',
      'x-hop': '1',
      'x-all': '1',
    }),
  );
  const first = await get('/');
  await first.text();
  expect([first.headers.get('x-mine'), first.headers.get('x-hop')]).toEqual(['1', null]);
  const second = await get('/');
  expect(['x-mine', 'x-fresh', 'x-hop', 'x-all'].map((name) => second.headers.get(name))).toEqual([
    null,
    null,
    null,
    '1',
  ]);
});

test('each variant is stored, and found again by what Vary names', async () => {
  const { get, asked } = stage((request) =>
    ok(request.headers.get('accept-language') ?? 'none', { 'cache-control': 'max-age=60', vary: 'Accept-Language' }),
  );
  for (const language of ['de', 'en', 'DE', 'en'])
    expect(await (await get('/', { 'accept-language': language })).text()).toBe(language.toLowerCase());
  expect(await (await get('/')).text()).toBe('none');
  expect(asked).toHaveLength(3);
});

test('no more variants are kept than allowed: the oldest leaves', async () => {
  const { get, asked } = stage(
    (request) => ok(request.headers.get('x') ?? '', { 'cache-control': 'max-age=60', vary: 'x' }),
    {
      maxVariants: 2,
    },
  );
  for (const x of ['1', '2', '3', '2', '3', '1']) await (await get('/', { x })).text();
  expect(asked.map(({ headers }) => headers.get('x'))).toEqual(['1', '2', '3', '1']);
});

test('a longer body than allowed passes whole and isn’t stored', async () => {
  const { get, asked } = stage(() => ok('x'.repeat(2000), { 'cache-control': 'max-age=60' }), { maxBodyBytes: 1000 });
  for (let time = 1; time <= 2; time++) {
    expect(await (await get('/')).text()).toHaveLength(2000);
    expect(asked).toHaveLength(time);
  }
});

test('the answer to a POST that says to be what GET would bring is, for that', async () => {
  const { get, asked } = stage(() => ok('made', { 'cache-control': 'max-age=60', 'content-location': '/' }));
  await (await get('/', {}, { method: 'POST', body: 'x' })).text();
  expect(await (await get('/')).text()).toBe('made');
  expect(asked).toHaveLength(1);
});

test('an answer from the store tells its age and how it came about', async () => {
  const { get, clock } = stage(() => ok('body', { 'cache-control': 'max-age=60', age: '10' }));
  expect(told(await get('/'))).toBe('tidemark; fwd=uri-miss; stored');
  await idle();
  clock.advance(20_500);
  const second = await get('/');
  expect([second.headers.get('age'), told(second)]).toEqual(['30', 'tidemark; hit; ttl=29']);
});

test('with ETags of the mark, an unchanged page costs the origin neither a read nor a body', async () => {
  let reads = 0;
  const etag = entityTag({ mark: 42, locale: 'de' });
  const { get, clock } = stage((request) => {
    if (request.headers.get('if-none-match') === etag)
      return new Response(null, { status: 304, headers: { etag, 'cache-control': 'max-age=60' } });
    reads++;
    return ok('page', { etag, 'cache-control': 'max-age=60' });
  });
  for (let visit = 0; visit < 5; visit++) {
    expect(await (await get('/')).text()).toBe('page');
    clock.advance(61_000);
  }
  expect((await get('/', { 'if-none-match': etag })).status).toBe(304);
  expect(reads).toBe(1);
});

test('options are checked', () => {
  const fetch = async () => ok('');
  for (const options of [{}, { fetch: 1 }, { fetch, nmae: 'x' }, { fetch, cookies: 'eat' }, { fetch, store: {} }])
    expect(() => httpCache(options as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
