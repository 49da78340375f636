/** A bounded file keeps its bounds: expired entries go first, then what nobody reads, whatever the order of writes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type LmdbBackend, lmdbBackend, type LmdbOptions } from 'tidemark/backends/lmdb';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { type ManualClock, manualClock, seededRandom } from 'tidemark/testing';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-room-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const call = { signal: new AbortController().signal };

let made = 0;
function open(options: Partial<LmdbOptions>): {
  readonly backend: LmdbBackend;
  readonly path: string;
  readonly clock: ManualClock;
} {
  const clock = manualClock();
  const path = join(folder, String(made++));
  return { clock, path, backend: lmdbBackend({ path, clock, codec: bytesCodec, ...options }) };
}

const keyOf = (i: number) => `/c/k${i}~v1`;

async function put(backend: LmdbBackend, i: number, bytes = 20, end = Infinity): Promise<void> {
  const { incarnation } = await backend.log.position(call);
  const value = new Uint8Array(bytes).fill(i);
  const entry = { value, mark: 0, incarnation, dependencies: [], freshUntil: end, keptUntil: end };
  expect(await backend.setMany([{ key: keyOf(i), entry }], call)).toEqual([true]);
}

async function has(backend: LmdbBackend, i: number): Promise<boolean> {
  return (await backend.getMany([keyOf(i)], call))[0] !== undefined;
}

test('there are never more entries than allowed, and never needlessly few', async () => {
  const { backend } = open({ maxEntries: 200 });
  const random = seededRandom(7);
  for (let i = 0; i < 1500; i++) {
    await put(backend, Math.floor(random() * 100_000));
    const { entries } = backend.stats();
    expect(entries).toBeLessThanOrEqual(200);
    if (i > 400) expect(entries).toBeGreaterThanOrEqual(190);
  }
  expect(await backend.verify()).toMatchObject({ damaged: 0, untimed: 0, orphans: 0, counted: true });
  await backend.close();
});

test('there are never more bytes than allowed, also when entries grow', async () => {
  const { backend } = open({ maxBytes: 50_000 });
  const random = seededRandom(8);
  for (let i = 0; i < 800; i++) {
    await put(backend, Math.floor(random() * 300), Math.floor(random() * 2000));
    expect(backend.stats().bytes).toBeLessThanOrEqual(50_000);
  }
  expect(backend.stats().entries).toBeGreaterThan(20);
  expect((await backend.verify()).counted).toBe(true);
  await backend.close();
});

test('many at once are no way around a bound', async () => {
  const { backend } = open({ maxEntries: 100 });
  const { incarnation } = await backend.log.position(call);
  const records = Array.from({ length: 5000 }, (_, i) => ({
    key: keyOf(i),
    entry: {
      value: new Uint8Array(1),
      mark: 0,
      incarnation,
      dependencies: [],
      freshUntil: Infinity,
      keptUntil: Infinity,
    },
  }));
  await backend.setMany(records, call);
  expect(backend.stats().entries).toBeLessThanOrEqual(100);
  expect(backend.stats().entries).toBeGreaterThan(0);
  await backend.close();
});

test('what has expired goes before anything that has not', async () => {
  const { backend, clock } = open({ maxEntries: 100 });
  const now = clock.now();
  for (let i = 0; i < 50; i++) await put(backend, i);
  for (let i = 50; i < 100; i++) await put(backend, i, 20, now + 1000);
  clock.advance(1000);
  for (let i = 100; i < 150; i++) await put(backend, i);
  for (let i = 0; i < 50; i++) expect(await has(backend, i), `entry ${i}`).toBe(true);
  expect(backend.stats()).toMatchObject({ evicted: 0 });
  expect(backend.stats().expired).toBeGreaterThan(0);
  await backend.close();
});

test('what is read again and again outlives what is not', async () => {
  const { backend } = open({ maxEntries: 500 });
  for (let i = 0; i < 500; i++) await put(backend, i);
  for (let i = 500; i < 4000; i++) {
    for (let hot = 0; hot < 50; hot += 10) await has(backend, hot + (i % 10));
    await put(backend, i);
  }
  let hot = 0;
  for (let i = 0; i < 50; i++) if (await has(backend, i)) hot++;
  expect(hot).toBeGreaterThanOrEqual(45);
  await backend.close();
});

test('reads are written many at once, never one by one', async () => {
  const { backend } = open({ maxEntries: 10_000 });
  for (let i = 0; i < 300; i++) await put(backend, i);
  const { environment } = (backend as unknown as { file: { environment: { lastTransaction: number } } }).file;
  const before = environment.lastTransaction;
  for (let round = 0; round < 20; round++) for (let i = 0; i < 300; i++) expect(await has(backend, i)).toBe(true);
  expect(environment.lastTransaction).toBe(before);
  await backend.close();
});

test('hand and counts are there after reopening', async () => {
  const { backend, path, clock } = open({ maxEntries: 300 });
  for (let i = 0; i < 600; i++) await put(backend, i);
  const kept: number[] = [];
  for (let i = 0; i < 600; i++) if (await has(backend, i)) kept.push(i);
  const read = kept.filter((_, at) => at % 4 === 0);
  const unread = kept.filter((_, at) => at % 4 !== 0);
  for (let round = 0; round < 3; round++) for (const i of read) await has(backend, i);
  await backend.close();
  const again = lmdbBackend({ path, clock, codec: bytesCodec, maxEntries: 300 });
  for (let i = 1000; i < 1100; i++) await put(again, i);
  const share = async (rows: readonly number[]) => {
    let spared = 0;
    for (const i of rows) if (await has(again, i)) spared++;
    return spared / rows.length;
  };
  expect(await share(read)).toBeGreaterThan(0.9);
  expect(await share(unread)).toBeLessThan(0.8);
  await again.close();
});
