/** Old by time is served only as far as it was allowed: while a refresh runs, when the origin fails, when it can't be reached. */
import { describe, expect, test } from 'vitest';
import { failure, idle } from '../../support/deferred.ts';
import { ok, paused, stage, told } from './origin.ts';

test('stale-while-revalidate answers at once and refreshes once, in the background', async () => {
  const { answer, calls } = paused();
  const { get, clock, asked } = stage(answer);
  const first = get('/');
  await idle();
  calls[0].resolve(ok('old', { 'cache-control': 's-maxage=10, stale-while-revalidate=60', etag: '"1"' }));
  await (await first).text();
  await idle();
  clock.advance(20_000);
  const works: Promise<unknown>[] = [];
  for (let time = 0; time < 5; time++) {
    const stale = await get('/', {}, {}, { waitUntil: (work) => works.push(work) });
    expect([await stale.text(), told(stale)]).toEqual(['old', 'tidemark; hit; ttl=-10']);
  }
  expect([asked.length, works.length]).toEqual([2, 1]);
  expect(asked[1].headers.get('if-none-match')).toBe('"1"');
  calls[1].resolve(ok('new', { 'cache-control': 'max-age=60' }));
  await Promise.all(works);
  expect(await (await get('/')).text()).toBe('new');
});

test('a refresh that fails is told of, and the next stale answer tries again', async () => {
  const errors: unknown[] = [];
  const cut = new Error('cut');
  const { get, clock, asked } = stage(
    (_, count) => {
      if (count > 1) throw cut;
      return ok('old', { 'cache-control': 'max-age=10, stale-while-revalidate=60' });
    },
    { onError: (error) => errors.push(error) },
  );
  await (await get('/')).text();
  clock.advance(20_000);
  for (let time = 1; time <= 2; time++) {
    expect(await (await get('/')).text()).toBe('old');
    await idle();
    expect([asked.length, errors.length]).toEqual([time + 1, time]);
  }
});

describe('when the origin', () => {
  const FAILURES = {
    fails: () => new Response('sorry', { status: 503 }),
    'can’t be reached': () => {
      throw new Error('cut');
    },
  } as const;

  async function after(failed: keyof typeof FAILURES, said: string, seconds: number, headers = {}) {
    const { get, clock } = stage((_, count) =>
      count === 1 ? ok('old', { 'cache-control': said, etag: '"1"' }) : FAILURES[failed](),
    );
    await (await get('/')).text();
    await idle();
    clock.advance(seconds * 1000);
    return get('/', headers).then(
      ({ status }) => status,
      (error: Error) => error.message,
    );
  }

  test.each([
    ['fails', 'max-age=10, stale-if-error=60', 30, 200],
    ['fails', 'max-age=10, stale-if-error=60', 71, 503],
    ['fails', 'max-age=10', 30, 503],
    ['fails', 'max-age=10, stale-if-error=60, must-revalidate', 30, 503],
    ['can’t be reached', 'max-age=10, stale-if-error=60', 30, 200],
    ['can’t be reached', 'max-age=10, stale-if-error=60', 71, 'cut'],
    ['can’t be reached', 'max-age=10', 30, 200],
    ['can’t be reached', 'max-age=10', 611, 'cut'],
    ['can’t be reached', 's-maxage=10', 30, 'cut'],
    ['can’t be reached', 'max-age=10, must-revalidate', 30, 504],
    ['can’t be reached', 'max-age=10, proxy-revalidate', 30, 504],
    ['can’t be reached', 'max-age=10, no-cache', 5, 'cut'],
  ] as const)('%s: %s, %i seconds old: %s', async (failed, said, seconds, outcome) => {
    expect(await after(failed, said, seconds)).toBe(outcome);
  });

  test('can’t be reached, a HEAD is answered as a GET would be', async () => {
    const { get, clock } = stage((_, count) => {
      if (count > 1) throw new Error('cut');
      return ok('old', { 'cache-control': 'max-age=10' });
    });
    await (await get('/')).text();
    await idle();
    clock.advance(20_000);
    expect((await get('/', {}, { method: 'HEAD' })).status).toBe(200);
    clock.advance(3_600_000);
    expect(await failure(get('/', {}, { method: 'HEAD' }))).toEqual(new Error('cut'));
  });

  test('fails, a client may allow more than was said', async () => {
    expect(await after('fails', 'max-age=10', 30, { 'cache-control': 'stale-if-error=60' })).toBe(200);
  });
});

test('those who waited for a refresh that failed are served as the one who led', async () => {
  const { answer, calls } = paused();
  const { get, clock } = stage(answer);
  const first = get('/');
  await idle();
  calls[0].resolve(ok('old', { 'cache-control': 'max-age=10, stale-if-error=60' }));
  await (await first).text();
  await idle();
  clock.advance(20_000);
  for (const end of [
    () => calls.at(-1)!.resolve(new Response(null, { status: 502 })),
    () => calls.at(-1)!.reject(new Error('cut')),
  ]) {
    const answers = [1, 2, 3].map(() => get('/'));
    await idle();
    end();
    expect(await Promise.all(answers.map(async (each) => (await each).text()))).toEqual(['old', 'old', 'old']);
  }
  expect(calls).toHaveLength(3);
});
