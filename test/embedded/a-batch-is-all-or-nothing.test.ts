/** A batch is one step: all of it or nothing. */
import { describe, expect, test } from 'vitest';
import { failure } from '../support/deferred.ts';
import { bothModes, listed, opened } from './opened.ts';

describe.each(bothModes)('$mode', ({ compat }) => {
  test('with one value that cannot be kept, nothing of it is done', async () => {
    const { cache } = await opened(compat);
    await cache.set('removed', 'still here');
    await cache.set('replaced', 'old');
    const itself: Record<string, unknown> = {};
    itself['itself'] = itself;
    const error = await failure(
      cache.batch([
        { type: 'put', key: 'first', value: 1 },
        { type: 'del', key: 'removed' },
        { type: 'put', key: 'replaced', value: 'new' },
        { type: 'put', key: 'last', value: itself },
      ]),
    );
    expect(error).toMatchObject({ code: 'bad_value' });
    expect(await listed(cache.entries())).toEqual([
      ['removed', 'still here'],
      ['replaced', 'old'],
    ]);
  });

  test.each([
    ['a key that is no text', { type: 'put', key: 7, value: 1 }, 'bad_key'],
    ['a step of another kind', { type: 'get', key: 'k' }, 'bad_option'],
    ['a TTL that is no number', { type: 'put', key: 'k', value: 1, ttlMs: 'soon' }, 'bad_option'],
  ])('with %s, nothing of it is done', async (_, step, code) => {
    const { cache } = await opened(compat);
    const error = await failure(cache.batch([{ type: 'put', key: 'first', value: 1 }, step as never]));
    expect(error).toMatchObject({ code });
    expect(await listed(cache.entries())).toEqual([]);
  });

  test('its steps are done in order', async () => {
    const { cache } = await opened<number>(compat);
    await cache.batch([
      { type: 'put', key: 'a', value: 1 },
      { type: 'put', key: 'a', value: 2 },
      { type: 'put', key: 'b', value: 1 },
      { type: 'del', key: 'b' },
      { type: 'del', key: 'c' },
      { type: 'put', key: 'c', value: 3 },
    ]);
    expect(await listed(cache.entries())).toEqual([
      ['a', 2],
      ['c', 3],
    ]);
  });

  test('no other opening sees a part of it', async () => {
    const { cache, again } = await opened<number>(compat);
    const other = await again();
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    for (let round = 1; round <= 20; round++) {
      const writing = cache.batch(keys.map((key) => ({ type: 'put', key, value: round })));
      const seen = new Set((await listed(other.entries())).map(([, value]) => value));
      await writing;
      // A listing reads each value when it is asked for: it may end in the new round, but a round is there as a whole.
      expect([...seen].every((value) => value === round || value === round - 1)).toBe(true);
      expect(new Set((await listed(other.entries())).map(([, value]) => value))).toEqual(new Set([round]));
    }
  });

  test('a batch of nothing does nothing', async () => {
    const { cache } = await opened(compat);
    await cache.batch([]);
    expect((await cache.getStats()).totalEntries).toBe(0);
  });
});
