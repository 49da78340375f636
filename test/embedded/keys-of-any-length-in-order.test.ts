/** Keys are any text, of any length, and are listed in the order of their code points. */
import { describe, expect, test } from 'vitest';
import { bothModes, listed, opened } from './opened.ts';

describe.each(bothModes)('$mode', ({ compat }) => {
  test('the empty key is one', async () => {
    const { cache } = await opened<number>(compat);
    await cache.set('', 1);
    await cache.set('a', 2);
    expect(await cache.get('')).toBe(1);
    expect(await listed(cache.entries())).toEqual([
      ['', 1],
      ['a', 2],
    ]);
    await cache.del('');
    expect(await cache.has('')).toBe(false);
  });

  test('keys of 10,000 characters that differ only at their ends are different keys', async () => {
    const { cache } = await opened<number>(compat);
    const keys = Array.from({ length: 20 }, (_, i) => 'k'.repeat(10_000) + i);
    await cache.batch(keys.map((key, value) => ({ type: 'put', key, value })));
    expect(await Promise.all(keys.map(cache.get))).toEqual(keys.map((_, i) => i));
    await cache.del(keys[3]);
    const left = await listed(cache.entries());
    expect(left).toHaveLength(19);
    expect(new Set(left)).toEqual(new Set(keys.map((key, i) => [key, i] as [string, number]).toSpliced(3, 1)));
  });

  test('a key that is too long for a row has its place by its beginning', async () => {
    const { cache } = await opened<number>(compat);
    const keys = ['a', 'b', `b${'x'.repeat(5000)}`, 'by', 'c'];
    for (const key of keys.toReversed()) await cache.set(key, 1);
    expect((await listed(cache.entries())).map(([key]) => key)).toEqual(keys);
  });

  test('lone surrogates and control characters are kept apart', async () => {
    const { cache } = await opened<number>(compat);
    const keys = ['\ud800', '\udfff', '\ufffd', '\0', '\x01', '\x05', '\x06', '\x061', '\x06h'];
    for (const [i, key] of keys.entries()) await cache.set(key, i);
    expect(await Promise.all(keys.map(cache.get))).toEqual(keys.map((_, i) => i));
    expect(new Set((await listed(cache.entries())).map(([key]) => key))).toEqual(new Set(keys));
  });
});
