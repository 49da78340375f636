/** HEAD, ranges and conditions are answered from a stored GET; a stale one is validated, and a 304 brings it up to date. */
import { describe, expect, test } from 'vitest';
import { idle } from '../../support/deferred.ts';
import { ok, stage, told } from './origin.ts';

const FRESH = { 'cache-control': 'max-age=60', etag: '"7"', 'content-type': 'text/plain' };

async function filled(answer = () => ok('0123456789', FRESH)) {
  const all = stage(answer);
  await (await all.get('/')).text();
  await idle();
  return all;
}

describe('from a stored response comes', () => {
  test('a HEAD, with the length of the body', async () => {
    const { get, asked } = await filled();
    const head = await get('/', {}, { method: 'HEAD' });
    expect([head.status, head.body, head.headers.get('content-length')]).toEqual([200, null, '10']);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=20-', 416, '', 'bytes */10'],
    ['bytes=0-1,4-5', 200, '0123456789', null],
  ])('%s', async (range, status, body, contentRange) => {
    const { get, asked } = await filled();
    const part = await get('/', { range });
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([status, body, contentRange]);
    expect(asked).toHaveLength(1);
  });

  test('the whole for a range of another representation', async () => {
    const { get } = await filled();
    expect((await get('/', { range: 'bytes=0-1', 'if-range': '"6"' })).status).toBe(200);
    expect((await get('/', { range: 'bytes=0-1', 'if-range': '"7"' })).status).toBe(206);
  });

  test('a 304 for the client that has it, but not for an error', async () => {
    const { get, asked } = await filled();
    const answer = await get('/', { 'if-none-match': 'W/"7"' });
    expect([answer.status, answer.headers.get('etag'), answer.headers.has('content-type')]).toEqual([
      304,
      '"7"',
      false,
    ]);
    expect(asked).toHaveLength(1);
    const missing = await filled(() => new Response('none', { status: 404, headers: FRESH }));
    expect((await missing.get('/', { 'if-none-match': '"7"' })).status).toBe(404);
  });
});

describe('with nothing stored', () => {
  test('ranges and conditions go to the origin as they are, and a part isn’t stored', async () => {
    const { get, asked } = stage((request) =>
      request.headers.has('range')
        ? new Response('01', { status: 206, headers: { ...FRESH, 'content-range': 'bytes 0-1/10' } })
        : new Response(null, { status: 304, headers: FRESH }),
    );
    expect((await get('/', { range: 'bytes=0-1' })).status).toBe(206);
    expect((await get('/', { 'if-none-match': '"7"' })).status).toBe(304);
    expect(asked.map(({ headers }) => [headers.get('range'), headers.get('if-none-match')])).toEqual([
      ['bytes=0-1', null],
      [null, '"7"'],
    ]);
  });

  test('only-if-cached is a 504', async () => {
    const { get, asked } = stage(() => ok(''));
    expect((await get('/', { 'cache-control': 'only-if-cached' })).status).toBe(504);
    expect(asked).toHaveLength(0);
  });
});

describe('a stale response', () => {
  test('is confirmed by a 304, which brings its fields up to date', async () => {
    const { get, asked, clock } = stage((request, count) =>
      request.headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { 'cache-control': 'max-age=30', 'x-count': String(count) } })
        : ok('body', { ...FRESH, 'x-count': '1', 'x-kept': 'yes', age: '5' }),
    );
    await (await get('/')).text();
    clock.advance(61_000);
    const confirmed = await get('/', { 'if-none-match': '"other"' });
    expect(await confirmed.text()).toBe('body');
    expect(told(confirmed)).toBe('tidemark; fwd=stale; fwd-status=304; ttl=30');
    const again = await get('/');
    expect(['x-count', 'x-kept', 'age'].map((name) => again.headers.get(name))).toEqual(['2', 'yes', '0']);
    expect(asked.map(({ headers }) => headers.get('if-none-match'))).toEqual([null, '"7"']);
  });

  test('is fetched whole when the 304 is about another one', async () => {
    const { get, asked, clock } = stage((_, count) =>
      count === 2 ? new Response(null, { status: 304, headers: { etag: '"8"' } }) : ok(`body ${count}`, FRESH),
    );
    await (await get('/')).text();
    clock.advance(61_000);
    expect(await (await get('/')).text()).toBe('body 3');
    expect(asked[2].headers.has('if-none-match')).toBe(false);
  });

  test('is replaced by a 200, and forgotten after one that isn’t for all', async () => {
    const { get, asked, clock } = stage((_, count) =>
      ok(`body ${count}`, count === 2 ? { 'cache-control': 'private' } : FRESH),
    );
    await (await get('/')).text();
    clock.advance(61_000);
    expect(await (await get('/')).text()).toBe('body 2');
    expect(await (await get('/')).text()).toBe('body 3');
    expect(asked[2].headers.has('if-none-match')).toBe(false);
  });

  test('is kept as fresh as the 200 to a HEAD says, unless that tells of another', async () => {
    const { get, asked, clock } = stage((request) => ok(request.method === 'GET' ? 'body' : '', FRESH));
    await (await get('/')).text();
    clock.advance(61_000);
    await get('/', {}, { method: 'HEAD' });
    expect(await (await get('/')).text()).toBe('body');
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
    const other = stage((request) => ok('body', request.method === 'GET' ? FRESH : { ...FRESH, etag: '"8"' }));
    await (await other.get('/')).text();
    other.clock.advance(61_000);
    await other.get('/', {}, { method: 'HEAD' });
    await (await other.get('/')).text();
    expect(other.asked[2].headers.has('if-none-match')).toBe(false);
  });
});

describe('what a request directs', () => {
  test('is obeyed', async () => {
    const { get, asked } = await filled();
    for (const word of ['no-cache', 'max-age=0', 'no-store', 'min-fresh=100'])
      await (await get('/', { 'cache-control': word })).text();
    await (await get('/', { pragma: 'no-cache' })).text();
    expect(asked).toHaveLength(6);
  });

  test('is obeyed only if it is trusted, where that is asked for', async () => {
    const { get, asked } = stage(() => ok('body', FRESH), { trusted: ({ headers }) => headers.has('x-editor') });
    await (await get('/')).text();
    for (const word of ['no-cache', 'max-age=0', 'no-store', 'only-if-cached'])
      expect((await get('/', { 'cache-control': word })).status).toBe(200);
    expect(asked).toHaveLength(1);
    await (await get('/', { 'cache-control': 'no-cache', 'x-editor': 'yes' })).text();
    expect(asked).toHaveLength(2);
  });
});
