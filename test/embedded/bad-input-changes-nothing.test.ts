/** Bad input gets a clear error before anything is changed. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jsonCodec } from 'tidemark/codecs/json';
import { openLmdbCache } from 'tidemark/embedded';
import { failure } from '../support/deferred.ts';
import { bothModes, freshPath, listed, opened } from './opened.ts';

describe.each<[string, Record<string, unknown>]>([
  ['path', { path: '' }],
  ['path', { path: undefined }],
  ['defaultTtlMs', { defaultTtlMs: '1h' }],
  ['defaultTtlMs', { defaultTtlMs: -1 }],
  ['namespace', { namespace: 7 }],
  ['maxEntries', { maxEntries: 0 }],
  ['maxBytes', { maxBytes: '1 parsec' }],
  ['cleanupIntervalMs', { cleanupIntervalMs: -1 }],
  ['compression', { compression: 'zstd' }],
  ['codec', { codec: {} }],
  ['codec', { codec: jsonCodec, compat: 'level-cache' }],
  ['durability', { durability: 'paper' }],
  ['compat', { compat: 'lmdb-cache' }],
  ['onReplaced', { onReplaced: true }],
  ['clock', { clock: {} }],
  ['defaultTTL', { defaultTTL: 7 }],
])('openLmdbCache with a bad %s', (name, options) => {
  test(JSON.stringify(options), async () => {
    const path = freshPath();
    const error = await failure(openLmdbCache({ path, ...options }));
    expect(error).toMatchObject({ code: 'bad_option' });
    expect(String(error)).toContain(name);
    expect(existsSync(path)).toBe(false);
  });
});

describe.each(bothModes)('$mode', ({ compat }) => {
  test('a key must be text', async () => {
    const { cache } = await opened(compat);
    for (const key of [7, undefined, null, ['a'], {}] as unknown as string[]) {
      const attempts = [
        cache.get(key),
        cache.has(key),
        cache.set(key, 1),
        cache.del(key),
        cache.getOrLoad(key, () => 1),
      ];
      for (const attempt of attempts) expect(await failure(attempt)).toMatchObject({ code: 'bad_key' });
      expect(() => cache.keyOf(key)).toThrow(expect.objectContaining({ code: 'bad_key' }));
    }
    expect(await listed(cache.entries())).toEqual([]);
  });

  test('a value that the codec refuses replaces nothing', async () => {
    const { cache } = await opened(compat);
    await cache.set('k', 'old');
    const itself: unknown[] = [];
    itself.push(itself);
    expect(await failure(cache.set('k', itself))).toMatchObject({ code: 'bad_value' });
    expect(await cache.get('k')).toBe('old');
  });

  test('options are checked by name and kind', async () => {
    const { cache } = await opened<number>(compat);
    const bad = { code: 'bad_option' };
    expect(await failure(cache.set('k', 1, { ttl: 5 } as never))).toMatchObject(bad);
    expect(await failure(cache.set('k', 1, { ttlMs: '5' as never }))).toMatchObject(bad);
    expect(await failure(cache.batch({} as never))).toMatchObject(bad);
    expect(await failure(listed(cache.entries({ max: 1 } as never)))).toMatchObject(bad);
    expect(await failure(cache.getOrLoad('k', 'load' as never))).toMatchObject(bad);
    expect(await failure(cache.getOrLoad('k', () => 1, { tags: 't' as never }))).toMatchObject(bad);
    expect(await failure(cache.getOrLoad('k', () => 1, { tags: [''] }))).toMatchObject({ code: 'bad_key' });
    expect(await failure(cache.invalidateTags([7 as never]))).toMatchObject({ code: 'bad_key' });
    expect(await failure(cache.sweepExpired({ onSweep: 1 as never }))).toMatchObject(bad);
    expect(await failure(cache.clear({ signal: {} as never }))).toMatchObject(bad);
    expect(await listed(cache.entries())).toEqual([]);
  });
});

test('in the default mode a TTL is from 0 up, a limit a whole number, and a namespace has a name', async () => {
  const { cache } = await opened<number>();
  for (const ttlMs of [-1, NaN])
    expect(await failure(cache.set('k', 1, { ttlMs }))).toMatchObject({ code: 'bad_option' });
  for (const limit of [-1, 0.5, NaN])
    expect(await failure(listed(cache.entries({ limit })))).toMatchObject({ code: 'bad_option' });
  expect(() => cache.withNamespace('')).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
