/** `tidemark cache` looks after the file of a cache, and makes none. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jsonCodec } from 'tidemark/codecs/json';
import { type CacheOptions, openLmdbCache } from 'tidemark/embedded';
import { freshPath } from '../embedded/opened.ts';
import { ran } from './recorder.ts';

/** A closed cache with 100 entries, 10 of which have expired. */
async function closedCache(options: Partial<CacheOptions> = {}): Promise<string> {
  const path = freshPath();
  await using cache = await openLmdbCache({ path, ...options });
  await cache.batch(
    Array.from({ length: 100 }, (_, i) => ({ type: 'put', key: `k${i}`, value: { i }, ttlMs: i < 10 ? 0 : Infinity })),
  );
  return path;
}

async function figures(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, said } = await ran(['cache', ...args, '--json']);
  expect({ code, said, lines: out.length }).toEqual({ code: 0, said: [], lines: 1 });
  return JSON.parse(out[0]) as Record<string, unknown>;
}

test('stats counts entries, bytes, what has expired, and the file', async () => {
  const path = await closedCache();
  const found = await figures('stats', path);
  expect(found).toEqual({
    entries: 100,
    bytes: expect.any(Number),
    expired: 10,
    changes: 0,
    fileBytes: expect.any(Number),
  });
  expect(found['fileBytes']).toBeGreaterThan(found['bytes'] as number);
  const { out } = await ran(['cache', 'stats', path]);
  expect(out.slice(0, 3)).toEqual(['entries: 100', `bytes: ${found['bytes'] as number}`, 'expired: 10']);
});

test('sweep removes what has expired, and verify finds all in order', async () => {
  const path = await closedCache();
  expect(await figures('sweep', path)).toEqual({ removed: 10 });
  expect(await figures('stats', path)).toMatchObject({ entries: 90, expired: 0 });
  expect(await figures('verify', path)).toMatchObject({
    entries: 90,
    damaged: 0,
    untimed: 0,
    orphans: 0,
    counted: true,
  });
});

test('verify fails for what was written otherwise than it was told, and is told by options', async () => {
  const written: readonly (readonly [Partial<CacheOptions>, readonly string[]])[] = [
    [{ compat: 'level-cache' }, ['--compat', 'level-cache']],
    [{ codec: jsonCodec }, ['--codec', 'json']],
    [{ compression: true }, ['--compression']],
    [{}, ['--codec', 'msgpack']],
  ];
  for (const [options, args] of written) {
    const path = await closedCache(options);
    expect(await figures('verify', path, ...args)).toMatchObject({ entries: 100, damaged: 0 });
  }
  const path = await closedCache({ codec: jsonCodec });
  const { code, out, said } = await ran(['cache', 'verify', path]);
  expect(code).toBe(1);
  expect(out).toContain('damaged: 100');
  expect(said).toEqual(['tidemark: bad_bytes: 100 rows are damaged']);
  expect(await figures('stats', path)).toMatchObject({ entries: 100 });
});

test('compact gives space back', async () => {
  const path = freshPath();
  {
    await using cache = await openLmdbCache({ path });
    const value = 'x'.repeat(10_000);
    await cache.batch(Array.from({ length: 300 }, (_, i) => ({ type: 'put', key: `k${i}`, value })));
    await cache.clear();
    await cache.set('kept', 1);
  }
  const { before, after } = await figures('compact', path);
  expect(after).toBeLessThan((before as number) / 10);
  await using cache = await openLmdbCache({ path });
  expect(await cache.get('kept')).toBe(1);
});

test('nothing is made where there is no cache, and a foreign directory is left alone', async () => {
  const missing = freshPath();
  const { code, said } = await ran(['cache', 'stats', missing]);
  expect({ code, said }).toEqual({ code: 1, said: [`tidemark: bad_option: ${missing} holds no cache`] });
  expect(existsSync(missing)).toBe(false);

  const foreign = freshPath();
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'data.mdb'), 'something else');
  writeFileSync(join(foreign, 'notes.txt'), 'mine');
  const refused = await ran(['cache', 'sweep', foreign]);
  expect(refused).toMatchObject({ code: 1, out: [], said: [expect.stringContaining('foreign_directory')] });
});

test.each([
  { what: 'nothing', args: [] },
  { what: 'no directory', args: ['compact'] },
  { what: 'something that can not be done', args: ['destroy', 'dir'] },
  { what: 'an unknown codec', args: ['verify', 'dir', '--codec', 'xml'] },
  { what: 'another package to be like', args: ['verify', 'dir', '--compat', 'x'] },
])('called with $what, says how it is called', async ({ args }) => {
  const { code, out, said } = await ran(['cache', ...args]);
  expect({ code, out }).toEqual({ code: 2, out: [] });
  expect(said[1]).toMatch(/^usage: tidemark cache stats\|ls/);
});
