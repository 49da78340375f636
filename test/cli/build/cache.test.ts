/** `tidemark cache` of builds: what is in a store, and looking after it. */
import { chmodSync, existsSync, readFileSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { scratch } from '../../build/run/repository.ts';
import { figures, Place, SHOUT } from './place.ts';

/** A place in which two results are kept. */
async function used(): Promise<Place> {
  const place = new Place();
  await place.shout(['--name', 'first']);
  place.write({ 'src/a.txt': 'other\n' });
  await place.shout(['--name', 'second']);
  return place;
}

/** Everything in the store was used so many hours ago. */
function aged(place: Place, hours: number): void {
  const then = Date.now() / 1000 - hours * 3600;
  for (const folder of ['records', 'blobs'] as const)
    for (const path of place.stored(folder)) utimesSync(path, then, then);
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

describe('a store that isn’t there', () => {
  test.each([
    { line: ['stats'], first: /^directory: / },
    { line: ['ls'], first: undefined },
    { line: ['verify'], first: /^0 entries and 0 blobs were read; 0 are damaged$/ },
    { line: ['show', 'abcd'], fails: true },
  ])('$line finds nothing, and makes none', async ({ line, first, fails = false }) => {
    const place = new Place();
    const { code, out } = await place.call(['cache', ...line]);
    expect(code).toBe(fails ? 1 : 0);
    if (first) expect(out[0]).toMatch(first);
    else expect(out).toEqual([]);
    expect(existsSync(place.cacheDir)).toBe(false);
  });

  test('can be pruned and cleaned', async () => {
    const place = new Place();
    for (const line of [['prune', '1gb'], ['prune'], ['clean'], ['verify', '--fix']])
      expect(await place.call(['cache', ...line])).toMatchObject({ code: 0, said: [] });
  });
});

test('stats counts entries, bytes, hits and misses, and the time saved, of all processes together', async () => {
  const place = await used();
  await place.shout(['--name', 'second']);
  expect(figures(await place.call(['cache', 'stats', '--json']))).toMatchObject({ entries: 2, hits: 1, misses: 2 });
  const { out } = await place.call(['cache', 'stats']);
  expect(out.map((line) => line.replace(/:.*/, ''))).toEqual([
    'directory',
    'entries',
    'blobs',
    'size',
    'hits',
    'average restore',
    'average store',
    'time saved',
    'last pruned',
  ]);
  expect(out).toContain('hits: 1 of 3 (33.3 %)');
});

test('ls lists what is kept, the latest used first, and show tells all of one by the beginning of its key', async () => {
  const place = await used();
  const { out } = await place.call(['cache', 'ls']);
  expect(out).toEqual([
    expect.stringMatching(/^[0-9a-f]{12} {2}\S+Z +6 bytes {2}1 output {3}second$/),
    expect.stringMatching(/^[0-9a-f]{12} {2}\S+Z +6 bytes {2}1 output {3}first$/),
  ]);
  const shown = figures(await place.call(['cache', 'show', out[1].slice(0, 8), '--json']));
  expect(shown).toMatchObject({
    task: { name: 'first', command: SHOUT },
    inputs: [{ path: 'src/a.txt' }],
    outputs: [{ path: 'dist/a.txt', size: 6 }],
  });
  expect((await place.call(['cache', 'show', '0000'])).code).toBe(1);
});

describe('prune', () => {
  test.each(['1b', '0.001kb'])('down to a size: %s', async (limit) => {
    const place = await used();
    aged(place, 3);
    expect(figures(await place.call(['cache', 'prune', limit, '--json']))).toMatchObject({ records: 2, bytes: 0 });
    expect(place.stored('blobs')).toEqual([]);
  });

  test('of what is older than an age, whatever the size', async () => {
    const place = await used();
    aged(place, 50);
    expect(figures(await place.call(['cache', 'prune', '3d', '--json']))).toMatchObject({ records: 0 });
    const { code, out } = await place.call(['cache', 'prune', '2D']);
    expect({ code, out }).toEqual({
      code: 0,
      out: [expect.stringMatching(/^removed 2 entries and \d blobs, .*; 0 bytes are left$/)],
    });
  });

  test('leaves what builds may be using, and says so', async () => {
    const place = await used();
    const { out } = await place.call(['cache', 'prune', '1b']);
    expect(out).toEqual([expect.stringMatching(/^removed 0 entries/), expect.stringContaining('two hours')]);
    expect(place.stored('records')).toHaveLength(2);
  });

  test('by the limits of the file, where none is given', async () => {
    const place = await used();
    place.write({ 'tidemark.build.json': '{ "maxAge": "1d" }' });
    aged(place, 50);
    expect(figures(await place.call(['cache', 'prune', '--json']))).toMatchObject({ records: 2 });
  });
});

describe('verify', () => {
  test('of a store that is whole', async () => {
    expect(await (await used()).call(['cache', 'verify'])).toMatchObject({
      code: 0,
      out: [expect.stringMatching(/^2 entries and \d blobs were read; 0 are damaged$/)],
      said: [],
    });
  });

  test('tells what is damaged and fails; --fix removes that, and nothing else', async () => {
    const place = await used();
    const shared = place.stored('blobs').find((path) => readFileSync(path, 'utf8') === 'TIDES\n')!;
    damage(shared);
    const told = await place.call(['cache', 'verify']);
    expect(told).toMatchObject({ code: 1, said: [expect.stringMatching(/^tidemark: bad_bytes: 2 .*verify --fix/)] });
    expect(told.out).toContain(`damaged: ${shared}: blob damaged`);
    expect(existsSync(shared)).toBe(true);

    const fixed = await place.call(['cache', 'verify', '--fix']);
    expect(fixed).toMatchObject({ code: 0, said: [] });
    expect(fixed.out).toContain(`removed: ${shared}: blob damaged`);
    expect(existsSync(shared)).toBe(false);
    expect((await place.call(['cache', 'ls'])).out).toEqual([expect.stringMatching(/ second$/)]);
    expect((await place.call(['cache', 'verify'])).code).toBe(0);
  });

  test.each([['verify'], ['verify', '--fix'], ['prune']])(
    'where it takes long says how far it is, and Ctrl-C ends it: %s',
    async (...line) => {
      const place = await used();
      let clock = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => (clock += 100));
      onTestFinished(() => void vi.restoreAllMocks());
      const { code, out, said, drawn } = await place.call(['cache', ...line], { onDraw: (interrupt) => interrupt() });
      expect({ code, out, said }).toEqual({ code: 1, out: [], said: ['tidemark: interrupted'] });
      expect(drawn).toEqual([expect.stringMatching(/^(verify|prun)ing: 1 file$/)]);
    },
  );
});

describe('clean', () => {
  test('removes everything of the store, and says where', async () => {
    const place = await used();
    writeFileSync(join(place.cacheDir, 'mine.txt'), 'mine');
    const { code, out } = await place.call(['cache', 'clean']);
    expect({ code, out }).toEqual({
      code: 0,
      out: [expect.stringMatching(`^removed 2 entries, .*, from ${place.cacheDir}$`)],
    });
    expect([place.stored('records'), place.stored('blobs')]).toEqual([[], []]);
    expect(readFileSync(join(place.cacheDir, 'mine.txt'), 'utf8')).toBe('mine');
  });

  test('not where it is to be read only', async () => {
    const place = await used();
    const { code, said } = await place.call(['cache', 'clean'], { environment: { TIDEMARK_CACHE_MODE: 'read-only' } });
    expect({ code, said }).toEqual({ code: 1, said: [expect.stringContaining('reading only')] });
    expect(place.stored('records')).toHaveLength(2);
  });
});

test('a record without its blobs is told by show all the same', async () => {
  const place = await used();
  for (const path of place.stored('blobs')) unlinkSync(path);
  const { out } = await place.call(['cache', 'ls']);
  expect((await place.call(['cache', 'show', out[0].slice(0, 12)])).code).toBe(0);
});

test('an empty directory is a store of nothing', async () => {
  const { code, out } = await new Place().call(['cache', 'stats', '--cache-dir', scratch()]);
  expect({ code, entries: out[1] }).toEqual({ code: 0, entries: 'entries: 0' });
});
