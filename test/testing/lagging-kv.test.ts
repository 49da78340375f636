/** The KV that lags does what it says: it is late and out of order, comes right in the end, and keeps to KV's limits. */
import { describe, expect, test } from 'vitest';
import type { KvNamespace } from 'tidemark/stores/workers-kv';
import { laggingKv, type LaggingKvOptions, manualClock, seededRandom } from 'tidemark/testing';

const NONE = {};
const read = async (kv: KvNamespace, key: string) => (await kv.get([key], { type: 'text' })).get(key);

function begin(options: Partial<LaggingKvOptions> = {}) {
  const clock = manualClock();
  const kv = laggingKv({ clock, ...options });
  return { clock, kv, here: kv.invocation('here'), there: kv.invocation('there') };
}

describe('time', () => {
  test('a write is seen at once where it was made, if there is no lag at home, and elsewhere later', async () => {
    const { clock, here, there } = begin({ homeLag: 0, cached: 0 });
    await here.put('a', '1', NONE);
    expect(await read(here, 'a')).toBe('1');
    expect(await read(there, 'a')).toBeNull();
    await clock.advanceAsync(60_000);
    expect(await read(there, 'a')).toBe('1');
  });

  test('what was not found is remembered, too', async () => {
    const { clock, kv, here, there } = begin({ homeLag: 0, maxLag: 1 });
    expect(await read(there, 'a')).toBeNull();
    await here.put('a', '1', NONE);
    await clock.advanceAsync(59_999);
    expect(await read(there, 'a')).toBeNull();
    expect(await read(kv.invocation('elsewhere'), 'a')).toBe('1');
    await clock.advanceAsync(1);
    expect(await read(there, 'a')).toBe('1');
  });

  test('a location may go back to an older value, and ends with the newest', async () => {
    let wentBack = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const { clock, kv, here, there } = begin({ random: seededRandom(seed), cached: 0 });
      const seen: number[] = [];
      for (let i = 1; i <= 20; i++) {
        await here.put('a', String(i), NONE);
        await clock.advanceAsync(5000);
        seen.push(Number(await read(there, 'a')));
      }
      if (seen.some((value, i) => value < seen[i - 1])) wentBack++;
      await clock.advanceAsync(60_000);
      expect([await read(here, 'a'), await read(there, 'a'), kv.truth('a')]).toEqual(['20', '20', '20']);
    }
    expect(wentBack).toBeGreaterThan(10);
  });

  test('the same seed lags in the same way', async () => {
    const tell = async () => {
      const { clock, here, there } = begin({ random: seededRandom(5), cached: 0 });
      const seen: unknown[] = [];
      for (let i = 0; i < 30; i++) {
        await here.put('a', String(i), NONE);
        await clock.advanceAsync(3000);
        seen.push(await read(here, 'a'), await read(there, 'a'));
      }
      return seen;
    };
    expect(await tell()).toEqual(await tell());
  });

  test('lists are late as reads are, and come in pages', async () => {
    const { clock, here, there } = begin({ homeLag: 0 });
    for (const key of ['p/c', 'p/a', 'p/b', 'q/a']) await here.put(key, key, { metadata: { key } });
    expect((await there.list!({ prefix: 'p/', limit: 10 })).keys.length).toBeLessThan(3);
    await clock.advanceAsync(60_000);
    await here.delete('p/c');
    const first = await there.list!({ prefix: 'p/', limit: 2 });
    expect(first).toEqual({
      keys: ['p/a', 'p/b'].map((key) => ({ name: key, metadata: { key } })),
      list_complete: false,
      cursor: 'p/b',
    });
    const last = await there.list!({ prefix: 'p/', limit: 2, cursor: first.cursor! });
    expect([last.keys.map(({ name }) => name), last.list_complete]).toEqual([['p/c'], true]);
    expect((await here.list!({ prefix: 'p/', limit: 9 })).keys.map(({ name }) => name)).toEqual(['p/a', 'p/b']);
  });

  test('a value expires when it was told to', async () => {
    const { clock, kv, here } = begin({ homeLag: 0, cached: 0 });
    await here.put('a', '1', { expirationTtl: 60 });
    await clock.advanceAsync(59_999);
    expect(await read(here, 'a')).toBe('1');
    await clock.advanceAsync(1);
    expect([await read(here, 'a'), kv.truth('a')]).toEqual([null, undefined]);
  });
});

describe('limits', () => {
  const { here, clock, kv } = begin();
  test.each<[string, string, () => Promise<unknown>]>([
    ['an empty key', '400', () => here.put('', '', NONE)],
    ['a key of two dots', '400', () => here.delete('..')],
    ['a key of 513 bytes', '414', () => here.put('é'.repeat(256) + 'x', '', NONE)],
    ['a long key that is read', '414', () => read(here, 'x'.repeat(513))],
    ['an expiry below a minute', '400', () => here.put('a', '', { expirationTtl: 59 })],
    ['an expiry with a fraction', '400', () => here.put('a', '', { expirationTtl: 60.5 })],
    ['metadata of 1,025 bytes', '413', () => here.put('a', '', { metadata: { key: 'x'.repeat(1015) } })],
    ['a value beyond 25 MiB', '413', () => here.put('a', 'x'.repeat(25 * 1024 ** 2 + 1), NONE)],
    ['a read of 101 keys', '400', () => here.get(Array.from({ length: 101 }, String), { type: 'text' })],
    ['a read of none', '400', () => here.get([], { type: 'text' })],
    ['a cacheTtl below 30', '400', () => here.get(['a'], { type: 'text', cacheTtl: 29 })],
    ['a page of 1,001', '400', () => here.list!({ prefix: '', limit: 1001 })],
  ])('%s is refused with %s', async (_, status, act) => {
    await expect(act()).rejects.toThrow(`failed: ${status} `);
  });

  test('a second write of a key within a second is refused, wherever it is made', async () => {
    await here.put('b', '1', NONE);
    await expect(here.put('b', '2', NONE)).rejects.toThrow('KV PUT failed: 429 Too Many Requests');
    await expect(kv.invocation('there').delete('b')).rejects.toThrow('KV DELETE failed: 429');
    await here.put('c', '1', NONE);
    await clock.advanceAsync(1000);
    await here.put('b', '3', NONE);
    expect(kv.truth('b')).toBe('3');
  });

  test('an invocation has so many operations, and the next one as many', async () => {
    const { kv: other } = begin({ operations: 3 });
    const one = other.invocation('here');
    for (const key of 'abc') await one.put(key, '', NONE);
    await expect(read(one, 'a')).rejects.toThrow('Too many API requests');
    expect(await read(other.invocation('here'), 'z')).toBeNull();
    expect(other.calls).toEqual({ put: 3, get: 2, delete: 0, list: 0 });
  });
});
