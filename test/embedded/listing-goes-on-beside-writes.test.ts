/** A listing goes on while others write: it never fails, never repeats a key, and holds nothing between two entries. */
import { describe, expect, test } from 'vitest';
import { failure } from '../support/deferred.ts';
import { bothModes, listed, opened } from './opened.ts';

const name = (i: number) => `k${String(i).padStart(5, '0')}`;

describe.each(bothModes)('$mode', ({ compat }) => {
  test('what is neither stored nor removed meanwhile is listed exactly once', async () => {
    const { cache } = await opened<number>(compat);
    await cache.batch(Array.from({ length: 1000 }, (_, i) => ({ type: 'put', key: name(2 * i), value: i })));
    const seen: string[] = [];
    for await (const [key] of cache.entries()) {
      seen.push(key);
      const i = Number(key.slice(1));
      await cache.batch([
        { type: 'put', key: name(i + 1), value: -1 }, // just ahead
        { type: 'put', key: name(i - 2), value: -2 }, // behind
        { type: 'del', key: name(i + 400) },
      ]);
      if (seen.length > 5000) break;
    }
    expect(seen).toEqual(seen.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
    const undisturbed = Array.from({ length: 200 }, (_, i) => name(2 * i));
    expect(undisturbed.filter((key) => !seen.includes(key))).toEqual([]);
  });

  test('what has been removed is not yielded, though the listing had begun', async () => {
    const { cache, clock } = await opened<number>(compat);
    for (const key of ['a', 'b', 'c']) await cache.set(key, 1);
    await cache.set('d', 1, { ttlMs: 10 });
    const listing = cache.entries();
    expect((await listing.next()).value).toEqual(['a', 1]);
    await cache.del('b');
    await cache.set('c', 2);
    clock.advance(10);
    expect(await listed(listing)).toEqual([['c', 2]]);
  });

  test('a listing that is left open keeps nobody from writing, nor the file from being used again', async () => {
    const { cache } = await opened<string>(compat);
    const value = 'x'.repeat(1000);
    const round = () => cache.batch(Array.from({ length: 500 }, (_, i) => ({ type: 'put', key: name(i), value })));
    await round();
    const listing = cache.entries();
    await listing.next();
    for (let i = 0; i < 20; i++) await round();
    const { before, after } = await cache.backend.compact();
    expect(before).toBeLessThan(4 * after);
    await listing.return();
  });

  test('an abort ends it', async () => {
    const { cache } = await opened<number>(compat);
    await cache.set('a', 1);
    await cache.set('b', 1);
    const abort = new AbortController();
    const listing = cache.entries({ signal: abort.signal });
    await listing.next();
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await failure(listing.next())).toBe(reason);
  });

  test('closing ends it', async () => {
    const { cache } = await opened<number>(compat);
    await cache.set('a', 1);
    await cache.set('b', 1);
    const listing = cache.entries();
    await listing.next();
    await cache.close();
    expect(await failure(listing.next())).toMatchObject({ code: 'closed' });
  });
});
