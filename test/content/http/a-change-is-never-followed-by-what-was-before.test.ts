/** After an unsafe request has been answered, nobody gets what was loaded before it, however the two raced. */
import { describe, expect, test } from 'vitest';
import { failure, idle } from '../../support/deferred.ts';
import { ok, paused, stage } from './origin.ts';

const FRESH = { 'cache-control': 'max-age=60' };

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'M-SEARCH'])(
  '%s makes the stored response be forgotten',
  async (method) => {
    const { get, asked } = stage((_, count) => ok(`body ${count}`, FRESH));
    await (await get('/')).text();
    await (await get('/', {}, { method })).text();
    expect(await (await get('/')).text()).toBe('body 3');
    expect(asked).toHaveLength(3);
  },
);

test.each([
  ['Location', 'https://site.test/list?page=1', true],
  ['Content-Location', '/list?page=1', true],
  ['Location', 'https://other.test/list?page=1', false],
  ['Location', 'http://[', false],
])('so does %s: %s', async (name, value, forgotten) => {
  const { get } = stage((request, count) => ok(`body ${count}`, request.method === 'POST' ? { [name]: value } : FRESH));
  await (await get('/list?page=1')).text();
  await (await get('/', {}, { method: 'POST' })).text();
  expect(await (await get('/list?page=1')).text()).toBe(forgotten ? 'body 3' : 'body 1');
});

test('all variants are forgotten at once', async () => {
  const { get, asked } = stage(() => ok('body', { ...FRESH, vary: 'x' }));
  for (const x of ['1', '2']) await (await get('/', { x })).text();
  await get('/', {}, { method: 'DELETE' });
  for (const x of ['1', '2']) await (await get('/', { x })).text();
  expect(asked).toHaveLength(5);
});

test('a change that failed forgets nothing; one of which nobody knows forgets', async () => {
  const { get, asked } = stage((request) => {
    if (request.method === 'PUT') throw new Error('cut');
    return request.method === 'POST' ? new Response(null, { status: 500 }) : ok('body', FRESH);
  });
  await (await get('/')).text();
  await get('/', {}, { method: 'POST' });
  await (await get('/')).text();
  expect(asked).toHaveLength(2);
  expect(await failure(get('/', {}, { method: 'PUT' }))).toEqual(new Error('cut'));
  await (await get('/')).text();
  expect(asked).toHaveLength(4);
});

test.each(['OPTIONS', 'HEAD'])('%s forgets nothing', async (method) => {
  const { get, asked } = stage(() => ok('body', FRESH));
  await (await get('/')).text();
  await get('/', {}, { method });
  await (await get('/')).text();
  expect(asked.filter((request) => request.method === 'GET')).toHaveLength(1);
});

describe('a load that began before the change and ends after it', () => {
  async function raced(order: 'load-first' | 'change-first') {
    const { answer, calls } = paused();
    const all = stage(answer);
    const before = all.get('/');
    await idle();
    const change = all.get('/', {}, { method: 'PUT' });
    await idle();
    const land = async (call: number, body: string) => {
      calls[call].resolve(ok(body, call === 1 ? {} : FRESH));
      await idle();
    };
    if (order === 'load-first') {
      await land(0, 'old');
      await land(1, 'done');
    } else await land(1, 'done');
    await change;
    return { ...all, before, calls, land };
  }

  test('answers who asked before, and is not stored', async () => {
    const { get, before, calls, land } = await raced('change-first');
    await land(0, 'old');
    expect(await (await before).text()).toBe('old');
    const after = get('/');
    await idle();
    expect(calls).toHaveLength(3);
    calls[2].resolve(ok('new', FRESH));
    expect(await (await after).text()).toBe('new');
  });

  test('is joined by nobody who asks after the change', async () => {
    const { get, before, calls, land } = await raced('change-first');
    const after = get('/');
    await idle();
    expect(calls, 'a way of its own').toHaveLength(3);
    calls[2].resolve(ok('new', FRESH));
    expect(await (await after).text()).toBe('new');
    await land(0, 'old');
    expect(await (await before).text()).toBe('old');
    expect(await (await get('/')).text(), 'the late one overwrites nothing').toBe('new');
  });

  test('is forgotten if it was stored in between', async () => {
    const { get, before, calls } = await raced('load-first');
    expect(await (await before).text()).toBe('old');
    const after = get('/');
    await idle();
    expect(calls).toHaveLength(3);
    calls[2].resolve(ok('new', FRESH));
    expect(await (await after).text()).toBe('new');
  });
});

test('a refresh in the background that a change has overtaken is not stored', async () => {
  const { answer, calls } = paused();
  const { get, clock } = stage(answer);
  const first = get('/');
  await idle();
  calls[0].resolve(ok('old', { 'cache-control': 'max-age=1, stale-while-revalidate=60', etag: '"1"' }));
  await (await first).text();
  await idle();
  clock.advance(2000);
  expect(await (await get('/')).text()).toBe('old');
  const change = get('/', {}, { method: 'PUT' });
  await idle();
  calls[2].resolve(ok('done'));
  await change;
  calls[1].resolve(new Response(null, { status: 304, headers: FRESH }));
  await idle();
  const after = get('/');
  await idle();
  calls[3].resolve(ok('new', FRESH));
  expect(await (await after).text()).toBe('new');
});

test('of two changes at once, the answer to the first is not stored after the second', async () => {
  const { answer, calls } = paused();
  const { get } = stage(answer);
  const changes = ['first', 'second'].map((body) => get('/', {}, { method: 'POST', body }));
  await idle();
  const itself = { ...FRESH, 'content-location': '/' };
  calls[1].resolve(ok('second', itself));
  await (await changes[1]).text();
  calls[0].resolve(ok('first', itself));
  await (await changes[0]).text();
  await idle();
  const after = get('/');
  await idle();
  expect(calls).toHaveLength(3);
  calls[2].resolve(ok('second', FRESH));
  expect(await (await after).text()).toBe('second');
});

test('a slow store changes nothing of that', async () => {
  const records = new Map<string, unknown>();
  const slow = async <T>(work: () => T): Promise<T> => {
    for (let turn = 0; turn < 3; turn++) await idle();
    return work();
  };
  const { get } = stage((_, count) => ok(`body ${count}`, FRESH), {
    store: {
      get: (key) => slow(() => records.get(key) as never),
      put: (key, record) => slow(() => void records.set(key, record)),
      delete: (key) => slow(() => void records.delete(key)),
    },
  });
  await (await get('/')).text(); // its record is still being written when the change is answered
  await get('/', {}, { method: 'PUT' });
  expect(await (await get('/')).text()).toBe('body 3');
});
