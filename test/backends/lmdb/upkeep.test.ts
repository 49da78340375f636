/** Looking after a file: what is wrong is found and mended, free space comes back, a copy is a file of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openRaw } from 'lmdb';
import { afterAll, expect, test } from 'vitest';
import { type LmdbBackend, lmdbBackend, type LmdbOptions } from 'tidemark/backends/lmdb';
import { jsonCodec } from 'tidemark/codecs/json';
import { manualClock } from 'tidemark/testing';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-upkeep-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const call = { signal: new AbortController().signal };

let made = 0;
const place = () => join(folder, String(made++));
const open = (path: string, options: Partial<LmdbOptions> = {}) =>
  lmdbBackend({ path, sweepEvery: Infinity, clock: manualClock(), ...options });
const keyOf = (i: number | string) => `/c/k${i}~v1`;
const LONG = 'x'.repeat(5000);

async function fill(backend: LmdbBackend, count: number, end = Infinity): Promise<void> {
  const { incarnation } = await backend.log.position(call);
  const entry = (i: number) => ({
    value: { i, text: 'v'.repeat(100) },
    mark: 0,
    incarnation,
    dependencies: [],
    freshUntil: end,
    keptUntil: end,
  });
  const records = Array.from({ length: count }, (_, i) => ({ key: keyOf(i), entry: entry(i) }));
  await backend.setMany([...records, { key: keyOf(LONG), entry: entry(-1) }], call);
}

async function values(backend: LmdbBackend, count: number): Promise<number> {
  const found = await backend.getMany(
    Array.from({ length: count }, (_, i) => keyOf(i)),
    call,
  );
  found.forEach((entry, i) => entry && expect(entry.value).toEqual({ i, text: 'v'.repeat(100) }));
  return found.filter((entry) => entry !== undefined).length;
}

/** Do something to a closed file behind its back. */
async function tamper(path: string, what: (raw: ReturnType<typeof openRaw>) => void): Promise<void> {
  const raw = openRaw({ path, noSubdir: false, overlappingSync: false, encoding: 'binary', maxDbs: 16 });
  raw.transactionSync(() => what(raw));
  await raw.close();
}

test('a sound file is found sound', async () => {
  const backend = open(place());
  await fill(backend, 2500, 2_000_000_000_000);
  const seen: number[] = [];
  expect(await backend.verify({ onProgress: (n) => seen.push(n) })).toEqual({
    entries: 2501,
    bytes: backend.stats().bytes,
    damaged: 0,
    untimed: 0,
    orphans: 0,
    counted: true,
    repaired: 0,
  });
  expect(seen.at(-1)).toBe(2 * 2501);
  expect(seen.length).toBeGreaterThan(4);
  await backend.close();
});

test('damaged rows, lost times, orphans and wrong counts are found, are never served, and are mended when asked', async () => {
  const path = place();
  const first = open(path);
  await fill(first, 100, 2_000_000_000_000);
  await first.close();
  await tamper(path, (raw) => {
    const entries = raw.openDB<Buffer, string>({ name: 'entries', encoding: 'binary' });
    const times = raw.openDB<Buffer, [number, string]>({ name: 'times', encoding: 'binary' });
    for (const i of [3, 50, 99]) {
      const row = entries.getBinary(`v1\x05c\x05k${i}`)!;
      row[row.length - 20] ^= 1;
      entries.putSync(`v1\x05c\x05k${i}`, row);
    }
    for (const i of [7, 8]) expect(times.removeSync([2_000_000_000_000, `v1\x05c\x05k${i}`])).toBe(true);
    times.putSync([5, 'v1\x05c\x05nobody'], Buffer.of(1));
    entries.removeSync('v1\x05c\x05k20');
  });
  const again = open(path);
  expect(await values(again, 100)).toBe(96);
  expect(again.stats().damaged).toBe(3);
  const wrong = { damaged: 3, untimed: 2, orphans: 2, counted: false };
  expect(await again.verify()).toMatchObject({ entries: 100, ...wrong, repaired: 0 });
  expect(await again.verify({ repair: true })).toMatchObject({ ...wrong, repaired: 8 });
  expect(await again.verify()).toMatchObject({ entries: 97, damaged: 0, untimed: 0, orphans: 0, counted: true });
  expect(await values(again, 100)).toBe(96);
  await again.close();
});

test('what another codec wrote is a miss, never another value', async () => {
  const path = place();
  const first = open(path);
  await fill(first, 20);
  await first.close();
  const other = open(path, { codec: jsonCodec });
  expect(await values(other, 20)).toBe(0);
  await fill(other, 5);
  expect(await values(other, 20)).toBe(5);
  await other.close();
});

test('compacting gives free space back, loses nothing, and goes on', async () => {
  const path = place();
  const backend = open(path);
  await fill(backend, 20_000);
  await backend.deleteMany(
    Array.from({ length: 19_000 }, (_, i) => keyOf(i + 1000)),
    call,
  );
  await backend.log.append(['=/c/k1'], call);
  const { before, after } = await backend.compact();
  expect(after).toBeLessThan(before / 4);
  expect(await values(backend, 20_000)).toBe(1000);
  expect((await backend.log.position(call)).head).toBe(1);
  await fill(backend, 1200);
  expect(await values(backend, 20_000)).toBe(1200);
  await backend.close();
  const again = open(path);
  expect(await values(again, 20_000)).toBe(1200);
  expect(await again.verify()).toMatchObject({ entries: 1201, damaged: 0, counted: true });
  await again.close();
});

test('writes that come while a file is compacted wait, and are not lost', async () => {
  const backend = open(place());
  await fill(backend, 5000);
  const compacting = backend.compact();
  const writing = fill(backend, 5100);
  expect(await values(backend, 5000)).toBe(5000);
  await Promise.all([compacting, writing]);
  expect(await values(backend, 6000)).toBe(5100);
  await backend.close();
});

test('a file that others use is not compacted under their feet', async () => {
  const path = place();
  const backend = open(path);
  const other = open(path);
  await fill(backend, 10);
  await expect(backend.compact()).rejects.toMatchObject({ code: 'in_use' });
  await fill(other, 20);
  expect(await values(backend, 20)).toBe(20);
  await other.close();
  await backend.compact();
  expect(await values(backend, 20)).toBe(20);
  await backend.close();
});

test('a backup is taken while the file is used, and is another log', async () => {
  const [path, to] = [place(), place()];
  const backend = open(path);
  await fill(backend, 3000);
  await backend.backup(to);
  await fill(backend, 3500);
  await expect(backend.backup(to)).rejects.toMatchObject({ code: 'bad_option' });
  const copy = open(to);
  const [mine, its] = [await backend.log.position(call), await copy.log.position(call)];
  expect(its.incarnation).not.toBe(mine.incarnation);
  expect((await copy.verify()).entries).toBe(3001);
  await copy.close();
  await backend.close();
});

test('a sweep removes what has expired and nothing else', async () => {
  const clock = manualClock();
  const backend = open(place(), { clock });
  const now = clock.now();
  await fill(backend, 1700, now + 1000);
  const { incarnation } = await backend.log.position(call);
  const lasting = { value: 1, mark: 0, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
  await backend.setMany([{ key: keyOf(0), entry: lasting }], call);
  clock.advance(999);
  expect(await backend.sweep()).toBe(0);
  clock.advance(1);
  const slices: number[] = [];
  expect(await backend.sweep({ onSweep: (n) => slices.push(n) })).toBe(1700);
  expect(slices).toEqual([500, 1000, 1500, 1700]);
  expect(backend.stats()).toMatchObject({ entries: 1, expired: 1700 });
  expect(await backend.verify()).toMatchObject({ entries: 1, orphans: 0, counted: true });
  await backend.close();
});
