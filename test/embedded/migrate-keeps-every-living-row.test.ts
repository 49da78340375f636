/** Every living row of a level-cache arrives, with its value and its end, under a key that no other row has. */
import { ClassicLevel } from 'classic-level';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonCodec } from 'tidemark/codecs/json';
import { type Cache, openLmdbCache } from 'tidemark/embedded';
import { type LevelClass, migrateLevelCache, type MigrateOptions } from 'tidemark/embedded/migrate';
import { manualClock } from 'tidemark/testing';
import { partsOf, readRow } from '../../src/embedded/level-rows.ts';
import { levelDirectory, manyRows, type Row, SIGN } from './level-directory.ts';
import { freshPath, listed } from './opened.ts';

const NOW = 1_700_000_000_000;

/** Migrate at a given moment and open what came of it. */
async function migrated(rows: readonly Row[], options: Partial<MigrateOptions> = {}) {
  const from = await levelDirectory(rows);
  const to = freshPath();
  const clock = manualClock({ now: NOW });
  const result = await migrateLevelCache({ from, to, clock, ...options });
  const open = <T>(namespace?: string): Promise<Cache<T>> =>
    openLmdbCache<T>({
      path: to,
      clock,
      cleanupIntervalMs: 0,
      ...(options.compat && { compat: options.compat }),
      ...(options.codec && { codec: options.codec }),
      ...(options.compression && { compression: options.compression }),
      ...(namespace !== undefined && { namespace }),
    });
  return { from, to, clock, result, open };
}

test('a value is what JSON makes of it, in both modes, with any codec', async () => {
  const value = { text: 'ä\u0000\ud83d\ude00', list: [1, -2.5, null, true], nested: { __keys__: 1, 7: 'seven' } };
  for (const options of [{}, { compat: 'level-cache' }, { codec: jsonCodec }, { compression: true }] as const) {
    const { open, result } = await migrated([[`default${SIGN}key`, { v: value }]], options);
    expect(result).toMatchObject({ rows: 1, copied: 1, damaged: 0 });
    await using cache = await open('default');
    expect(await cache.get('key')).toEqual(value);
  }
});

test('an end is kept to the millisecond, and what has none has none', async () => {
  const rows: Row[] = [
    [`default${SIGN}soon`, { v: 1, x: NOW + 1 }],
    [`default${SIGN}later`, { v: 2, x: NOW + 5000.5 }],
    [`default${SIGN}never`, { v: 3 }],
    [`default${SIGN}null`, { v: 4, x: null }],
    [`default${SIGN}huge`, { v: 5, x: Number.MAX_SAFE_INTEGER }],
  ];
  for (const options of [{}, { compat: 'level-cache' }] as const) {
    const { open, clock } = await migrated(rows, options);
    await using cache = await open<number>('default');
    const living = () => listed(cache.entries()).then((all) => all.map(([key]) => key));
    expect(await living()).toEqual(['huge', 'later', 'never', 'null', 'soon']);
    clock.advance(1);
    expect(await living()).toEqual(['huge', 'later', 'never', 'null']);
    clock.advance(4999);
    expect(await living()).toEqual(['huge', 'later', 'never', 'null']);
    clock.advance(1);
    expect(await living()).toEqual(['huge', 'never', 'null']);
    clock.advance(100 * 365 * 86_400_000);
    expect(await living()).toEqual(['huge', 'never', 'null']);
  }
});

test('what has expired or has no value is counted and stays behind', async () => {
  const rows: Row[] = [
    [`default${SIGN}now`, { v: 1, x: NOW }],
    [`default${SIGN}before`, { v: 1, x: -5 }],
    [`default${SIGN}zero`, { v: 1, x: 0 }],
    [`default${SIGN}undefined`, { x: NOW + 1000 }],
    [`default${SIGN}null`, { v: null }],
  ];
  const { result, open } = await migrated(rows);
  expect(result).toMatchObject({ rows: 5, copied: 1, expired: 3, empty: 1, damaged: 0, kept: 0 });
  await using cache = await open('default');
  expect(await listed(cache.entries())).toEqual([['null', null]]);
  expect(await cache.getStats()).toMatchObject({ totalEntries: 1 });
});

describe('namespaces', () => {
  const rows: Row[] = [
    [`default${SIGN}k`, { v: 'default' }],
    [`a${SIGN}k`, { v: 'a' }],
    [`a/b${SIGN}k`, { v: 'a/b' }],
    [`a/b${SIGN}k${SIGN}l`, { v: 'two signs' }],
    [`a//b${SIGN}k`, { v: 'a//b' }],
    [`/a${SIGN}k`, { v: '/a' }],
    [`k`, { v: 'none' }],
    [`${SIGN}k`, { v: 'empty' }],
    [`a${SIGN}`, { v: 'no key' }],
  ];

  test('are views of views by default: parted at slashes, with what stands before the first sign', async () => {
    const { result, open } = await migrated(rows);
    expect(result).toMatchObject({ rows: 9, copied: 9, kept: 0, verified: { entries: 9 } });
    await using root = await open();
    const a = root.withNamespace('a');
    expect(await listed(root.withNamespace('default').entries())).toEqual([['k', 'default']]);
    expect(await listed(a.entries())).toEqual([
      ['', 'no key'],
      ['k', 'a'],
    ]);
    expect(await listed(a.withNamespace('b').entries())).toEqual([
      ['k', 'a/b'],
      [`k${SIGN}l`, 'two signs'],
    ]);
    expect(await listed(root.withNamespace('a//b').entries())).toEqual([['k', 'a//b']]);
    expect(await listed(root.withNamespace('/a').entries())).toEqual([['k', '/a']]);
    expect(await listed(root.entries())).toEqual([
      ['k', 'none'],
      [`${SIGN}k`, 'empty'],
    ]);
  });

  test('stay as they are for a cache that behaves as level-cache', async () => {
    const { result, open } = await migrated(rows, { compat: 'level-cache' });
    expect(result).toMatchObject({ rows: 9, copied: 9, kept: 0, verified: { entries: 9 } });
    await using all = await open('');
    const texts = rows.map(([key, envelope]) => [key, (envelope as { v: string }).v] as const);
    expect(new Map(await listed(all.entries()))).toEqual(new Map(texts as [string, string][]));
    expect(await all.withNamespace('a').get('k')).toBe('a');
    expect(await all.withNamespace('a').withNamespace('b').get(`k${SIGN}l`)).toBe('two signs');
  });

  test('may become others', async () => {
    const namespaceOf = (name: string) => (name === 'default' || name === '' ? [] : ['old', name]);
    const { result, open } = await migrated(rows.slice(0, 3), { namespaceOf });
    expect(result).toMatchObject({ copied: 3 });
    await using root = await open();
    expect(await root.get('k')).toBe('default');
    expect(await root.withNamespace('old').withNamespace('a/b').get('k')).toBe('a/b');
  });

  test('that become one keep the first of two values under a key, and say so', async () => {
    const { result, open } = await migrated(rows.slice(0, 2), { namespaceOf: () => [], batchSize: 1 });
    expect(result).toMatchObject({ rows: 2, copied: 1, kept: 1, verified: { entries: 1 } });
    await using root = await open();
    expect(await listed(root.entries())).toEqual([['k', 'a']]);
  });

  test('may be chosen: one, with those below it', async () => {
    const others: Row[] = [...rows, [`ab${SIGN}k`, { v: 'ab' }], [`a/b/c${SIGN}k`, { v: 'a/b/c' }]];
    const { result, open } = await migrated(others, { namespace: 'a' });
    expect(result).toMatchObject({ rows: 6, copied: 6 });
    await using root = await open();
    const { namespaces } = await root.getStats();
    expect(namespaces.toSorted()).toEqual(['a', 'a/b', 'a/b/c', 'a~1~1b']);
  });

  test('that are too long for the target are damage, and not lost silently', async () => {
    const { result } = await migrated([
      [`${'n'.repeat(300)}${SIGN}k`, { v: 1 }],
      [`n${SIGN}k`, { v: 2 }],
    ]);
    expect(result).toMatchObject({ rows: 2, copied: 1, damaged: 1 });
    expect(result.faults[0]?.reason).toContain('200 characters');
  });
});

const awkward = fc.constantFrom(
  SIGN,
  '/',
  '~',
  '\u0000',
  '\u0005',
  '\u001f',
  'a',
  'b',
  'é',
  '😀',
  '\uffff',
  '\ufeff',
  ' ',
);
const keys = fc.oneof(
  fc.array(awkward, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ minLength: 1 }),
);
const wellFormed = keys.map((key) => Buffer.from(key).toString());

test('no two keys of a level-cache ever become one', () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const placeOf = (key: string) => {
    const row = readRow(encode(key), encode('{"v":1}'), 0);
    if (row.kind !== 'living') throw new Error(`${row.kind} row`);
    return JSON.stringify([partsOf(row.namespace), row.key]);
  };
  fc.assert(
    fc.property(wellFormed, wellFormed, (one, other) => {
      expect(placeOf(one) === placeOf(other)).toBe(one === other);
    }),
    { numRuns: 2000 },
  );
});

test('every row of any level-cache is found in the target, in both modes, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(wellFormed, { maxLength: 40 }),
      fc.constantFrom(undefined, 'level-cache' as const),
      fc.integer({ min: 1, max: 12 }),
      async (names, compat, batchSize) => {
        const rows = names.map((name): Row => [name, { v: name }]);
        const { result, open } = await migrated(rows, { batchSize, ...(compat && { compat }) });
        expect(result).toMatchObject({ rows: names.length, copied: names.length, kept: 0 });
        await using cache = await open<string>('');
        expect((await cache.getStats()).totalEntries).toBe(names.length);
        for (const name of names) {
          const at = compat ? 0 : Math.max(name.indexOf(SIGN), 0);
          const view = partsOf(name.slice(0, at)).reduce((parent, part) => parent.withNamespace(part), cache);
          expect(await view.get(at === 0 ? name : name.slice(at + 1))).toBe(name);
        }
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

test('keys of any length and values of any size arrive', async () => {
  const long = 'k'.repeat(10_000);
  const { result, open } = await migrated([
    [`a${SIGN}${long}1`, { v: 1 }],
    [`a${SIGN}${long}2`, { v: 'x'.repeat(9_000_000) }],
    [`a${SIGN}${long}3`, { v: 3 }],
  ]);
  expect(result).toMatchObject({ copied: 3, verified: { entries: 3 } });
  await using cache = await open<unknown>();
  const view = cache.withNamespace('a');
  expect(await view.get(`${long}1`)).toBe(1);
  expect(await view.get(`${long}2`)).toBe('x'.repeat(9_000_000));
});

describe('a damaged row', () => {
  const damaged: Row[] = [
    [`default${SIGN}text`, 'no JSON'],
    [`default${SIGN}number`, '5'],
    [`default${SIGN}list`, '[1]'],
    [`default${SIGN}null`, 'null'],
    [`default${SIGN}cut`, '{"v":'],
    [Buffer.from([0x61, 0xff, 0xfe]), { v: 1 }],
  ];

  test('is counted, listed with its reason, and left out', async () => {
    const { result, open } = await migrated([...damaged, [`default${SIGN}whole`, { v: 1 }]]);
    expect(result).toMatchObject({ rows: 7, copied: 1, damaged: 6, verified: { entries: 1 } });
    expect(new Map(result.faults.map(({ key, reason }) => [key, reason]))).toEqual(
      new Map([
        [`default${SIGN}cut`, "its value isn't JSON"],
        [`default${SIGN}list`, 'its value is no envelope'],
        [`default${SIGN}null`, 'its value is no envelope'],
        [`default${SIGN}number`, 'its value is no envelope'],
        [`default${SIGN}text`, "its value isn't JSON"],
        ['a\ufffd\ufffd', "its key isn't UTF-8"],
      ]),
    );
    await using cache = await open('default');
    expect(await listed(cache.entries())).toEqual([['whole', 1]]);
  });

  test('is one of twenty at most that are listed', async () => {
    const many = Array.from({ length: 50 }, (_, i): Row => [`default${SIGN}${'k'.repeat(1000)}${i}`, 'damaged']);
    const { result } = await migrated(many, { batchSize: 7 });
    expect(result).toMatchObject({ rows: 50, damaged: 50 });
    expect(result.faults).toHaveLength(20);
    expect(Math.max(...result.faults.map(({ key }) => key.length))).toBe(200);
  });

  test('ends a strict migration, naming the key', async () => {
    const from = await levelDirectory([...manyRows(3), damaged[0]]);
    const migration = migrateLevelCache({ from, to: freshPath(), strict: true });
    await expect(migration).rejects.toMatchObject({ code: 'bad_bytes', message: expect.stringContaining('text') });
  });
});

test('any class with the shape of classic-level may be handed in', async () => {
  const opened: string[] = [];
  class Watched extends ClassicLevel {
    constructor(location: string, options?: object) {
      super(location, options);
      opened.push(location);
    }
  }
  const level: LevelClass = Watched;
  const { result, from } = await migrated(manyRows(2), { level });
  expect(result.copied).toBe(2);
  expect(opened).toHaveLength(1);
  expect(opened).not.toContain(from);
});
