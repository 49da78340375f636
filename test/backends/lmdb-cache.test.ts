/** A cache on an LMDB file: warm and right after a restart, coherent with whoever shares the file, and never a crash. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { type Cache, type CacheOptions, createCache, memory } from 'tidemark';
import { lmdbBackend, type LmdbOptions } from 'tidemark/backends/lmdb';
import { manualClock } from 'tidemark/testing';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-lmdb-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const place = () => join(folder, String(made++));

/** A truth that counts how often it is asked. */
class Source {
  readonly values = new Map<string, number>();
  loads = 0;
  readonly load = async (key: string | readonly string[]): Promise<number> => {
    this.loads++;
    return this.values.get(String(key)) ?? 0;
  };
}

function open(path: string, source: Source, more: Partial<CacheOptions> = {}, lmdb: Partial<LmdbOptions> = {}) {
  const cache = createCache({ name: 'shop', tiers: [memory(), lmdbBackend({ path, ...lmdb })], ...more });
  const stock = cache.define('stock', { load: source.load, tags: (value) => [`v${value}`] });
  return { cache, stock };
}

test('a restart is warm, and right about what changed while the process was down', async () => {
  const [path, source] = [place(), new Source()];
  const first = open(path, source);
  for (let i = 0; i < 50; i++) await first.stock.get(`k${i}`);
  await first.cache.close();

  const meanwhile = open(path, new Source());
  source.values.set('k7', 7);
  await meanwhile.stock.invalidate('k7');
  source.values.set('k8', 8);
  await meanwhile.cache.invalidate({ pattern: 'stock:k8' });
  await meanwhile.cache.close();

  source.loads = 0;
  const again = open(path, source);
  for (let i = 0; i < 50; i++) expect(await again.stock.get(`k${i}`)).toBe(i === 7 || i === 8 ? i : 0);
  expect(source.loads).toBe(2);
  await again.cache.close();
});

test('what the log has forgotten is not vouched for', async () => {
  const [path, source] = [place(), new Source()];
  const lmdb = { keepStamps: 4, keepChanges: 2 };
  const first = open(path, source, {}, lmdb);
  await first.stock.get('a');
  await first.cache.close();
  const meanwhile = open(path, new Source(), {}, lmdb);
  source.values.set('a', 1);
  await meanwhile.stock.invalidate('a');
  for (let i = 0; i < 20; i++) await meanwhile.stock.invalidate(`other${i}`);
  await meanwhile.cache.close();
  const again = open(path, source, {}, lmdb);
  expect(await again.stock.get('a')).toBe(1);
  await again.cache.close();
});

test('a change by one of two caches on a file is seen by the other with its next look at the clock', async () => {
  const [path, source] = [place(), new Source()];
  const clock = manualClock();
  const one = open(path, source, { clock }, { clock });
  const other = open(path, source, { clock }, { clock });
  expect(await other.stock.get('a')).toBe(0);
  expect(other.stock.peek('a')).toBe(0);
  source.values.set('a', 1);
  expect((await one.stock.invalidate('a')).reach).toBe('everywhere');
  clock.advance(1);
  expect(other.stock.peek('a')).toBe(undefined);
  expect(await other.stock.get('a')).toBe(1);
  await Promise.all([one.cache.close(), other.cache.close()]);
});

test('strong reads see it at once', async () => {
  const [path, source] = [place(), new Source()];
  const one = open(path, source, { consistency: 'strong' });
  const other = open(path, source, { consistency: 'strong' });
  for (let i = 1; i <= 50; i++) {
    source.values.set('a', i);
    await one.stock.invalidate('a');
    expect(await other.stock.get('a')).toBe(i);
  }
  await Promise.all([one.cache.close(), other.cache.close()]);
});

test('caches that share a file make one load of a cold key', async () => {
  const path = place();
  const source = new Source();
  const all = Array.from({ length: 4 }, () => open(path, source));
  expect(await Promise.all(all.map(({ stock }) => stock.get('cold')))).toEqual([0, 0, 0, 0]);
  expect(source.loads).toBe(1);
  await Promise.all(all.map(({ cache }) => cache.close()));
});

test('a set is in the file when it is acknowledged, for whoever opens it next', async () => {
  const [path, source] = [place(), new Source()];
  const { stock } = open(path, source); // never closed: as if killed
  await stock.set('a', 42);
  const other = open(path, source);
  expect(await other.stock.get('a', { load: false })).toBe(42);
  await other.cache.close();
});

test('values come back as they were', async () => {
  const [path, source] = [place(), new Source()];
  const value = {
    when: new Date(5),
    map: new Map([[1n, new Set(['a'])]]),
    bytes: new Uint8Array([1, 2]),
    nan: NaN,
    minus: -0,
  };
  const first = createCache({ tiers: [lmdbBackend({ path })] });
  await first.define<typeof value>('c', {}).set('k', value);
  await first.close();
  const again: Cache = createCache({ tiers: [lmdbBackend({ path })] });
  expect(await again.define<typeof value>('c', {}).get('k')).toEqual(value);
  await again.close();
  expect(source.loads).toBe(0);
});

test('a value that cannot be kept is refused, and nothing has changed', async () => {
  const { cache, stock } = open(place(), new Source());
  await stock.set('a', 1);
  await expect(stock.set('a', (() => 1) as never)).rejects.toMatchObject({ code: 'bad_value' });
  expect(await stock.get('a')).toBe(1);
  await cache.close();
});

test('bad options are named', () => {
  const bad = (options: object, what: RegExp) =>
    expect(() => lmdbBackend(options as LmdbOptions)).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringMatching(what) as string }),
    );
  bad({}, /path/);
  bad({ path: '' }, /path/);
  bad({ path: place(), maxEntries: 0 }, /maxEntries/);
  bad({ path: place(), maxBytes: 'many' }, /maxBytes/);
  bad({ path: place(), durability: 'none' }, /durability/);
  bad({ path: place(), codec: {} }, /codec/);
  bad({ path: place(), ttl: 5 }, /ttl/);
});

test('a file that is deleted under a cache harms nobody, and what is opened anew in its place is another', async () => {
  const [path, source] = [place(), new Source()];
  const clock = manualClock();
  const one = open(path, source, { clock }, { clock });
  expect(await one.stock.get('a')).toBe(0);
  rmSync(path, { recursive: true });
  const other = open(path, source, { clock }, { clock });
  expect(await other.stock.get('b')).toBe(0);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 2000);
  source.values.set('a', 1);
  expect((await one.stock.invalidate('a')).reach).toBe('local');
  expect(await one.stock.get('a')).toBe(1);
  vi.restoreAllMocks();
  await Promise.all([one.cache.close(), other.cache.close()]);
});

test('after closing, everything says so', async () => {
  const backend = lmdbBackend({ path: place() });
  await backend.close();
  await backend.close();
  const call = { signal: new AbortController().signal };
  const closed = expect.objectContaining({ code: 'closed' }) as Error;
  expect(() => backend.getMany(['/a~v1'], call)).toThrow(closed);
  expect(() => backend.log.position(call)).toThrow(closed);
  expect(() => backend.log.append(['=/a'], call)).toThrow(closed);
  expect(() => backend.stats()).toThrow(closed);
  await expect(backend.sweep()).rejects.toThrow(closed);
  await expect(backend.verify()).rejects.toThrow(closed);
  await expect(backend.compact()).rejects.toThrow(closed);
});
