/** A migration reads back what it has written, and says truly whether it is the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Codec } from 'tidemark';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { jsonCodec } from 'tidemark/codecs/json';
import { openLmdbCache } from 'tidemark/embedded';
import { migrateLevelCache, type MigrateOptions, type MigrationProgress } from 'tidemark/embedded/migrate';
import { manualClock } from 'tidemark/testing';
import { Checksum, digestOf } from '../../src/embedded/checksum.ts';
import { levelDirectory, manyRows, type Row, SIGN } from './level-directory.ts';
import { freshPath } from './opened.ts';

/** A codec that gives back another value than it was given, where the value is of no kind that a type would show. */
const forgetful: Codec = {
  name: 'forgetful',
  encode: (value) => jsonCodec.encode(value === 'precious' ? 'lost' : value),
  decode: (bytes) => jsonCodec.decode(bytes),
};

/** A codec whose bytes can't be read. */
const unreadable: Codec = {
  name: 'unreadable',
  encode: (value) => jsonCodec.encode(value),
  decode: () => {
    throw new Error('never again');
  },
};

test('a value that comes back as another one is found, and named', async () => {
  const from = await levelDirectory([...manyRows(50), [`default${SIGN}treasure`, { v: 'precious' }]]);
  const to = freshPath();
  const migration = migrateLevelCache({ from, to, codec: forgetful });
  await expect(migration).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/0 rows are missing and 1 differ.*treasure/),
  });
  const unseen = migrateLevelCache({ from, to: freshPath(), codec: forgetful, verify: false });
  expect(await unseen).toMatchObject({ copied: 51, verified: undefined });
});

test('values that do not come back at all are found', async () => {
  const from = await levelDirectory(manyRows(3));
  await expect(migrateLevelCache({ from, to: freshPath(), codec: unreadable })).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringContaining('3 rows are missing'),
  });
});

test('rows that are removed from the target before they are compared are found, and copied by the next call', async () => {
  const from = await levelDirectory(manyRows(30));
  const to = freshPath();
  const controller = new AbortController();
  const onProgress = ({ phase }: MigrationProgress) => phase === 'verifying' && controller.abort();
  const options = { from, to, batchSize: 10 };
  await migrateLevelCache({ ...options, onProgress, signal: controller.signal }).catch(() => {});
  {
    await using cache = await openLmdbCache({ path: to, namespace: 'default' });
    await cache.del('k0003');
    await cache.set('k0004', 'other');
  }
  await expect(migrateLevelCache(options)).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/1 rows are missing and 1 differ/),
  });
  const next = await migrateLevelCache(options);
  expect(next).toMatchObject({ copied: 29, kept: 1, resumed: false, verified: { entries: 29 } });
});

test('what expires while it is compared is no loss', async () => {
  const clock = manualClock({ now: 1000 });
  const from = await levelDirectory([...manyRows(10), ...manyRows(10, 'brief', { x: 2000 })]);
  const onProgress = ({ phase }: MigrationProgress) => {
    if (phase === 'copying') clock.advance(500);
  };
  const result = await migrateLevelCache({ from, to: freshPath(), clock, onProgress, batchSize: 10 });
  expect(result).toMatchObject({ copied: 20, expired: 0, verified: { entries: 10 } });
});

test('a value that the codec refuses ends the migration before its step is stored', async () => {
  const from = await levelDirectory(manyRows(5));
  const to = freshPath();
  await expect(migrateLevelCache({ from, to, codec: bytesCodec })).rejects.toMatchObject({ code: 'bad_value' });
  await using cache = await openLmdbCache({ path: to, codec: bytesCodec });
  expect((await cache.getStats()).totalEntries).toBe(0);
});

describe('the checksum', () => {
  const of = async (rows: readonly Row[], options: Partial<MigrateOptions> = {}) => {
    const from = await levelDirectory(rows);
    return (await migrateLevelCache({ from, to: freshPath(), ...options })).verified?.checksum;
  };

  test('is that of the rows, in whatever order, steps and mode they come', async () => {
    const rows = manyRows(40);
    const one = await of(rows);
    expect(one).toMatch(/^[0-9a-f]{16}$/);
    expect(await of(rows.toReversed(), { batchSize: 3 })).toBe(one);
    expect(await of(rows, { compat: 'level-cache' })).toBe(one);
    expect(await of(rows, { codec: jsonCodec })).toBe(one);
  });

  test('is another one if a key, a value or an end is another one, or a row more or less is there', async () => {
    const rows = manyRows(5, 'default', { x: 9e14 });
    const others: readonly (readonly Row[])[] = [
      rows,
      rows.slice(1),
      [...rows.slice(1), [`other${SIGN}k0000`, rows[0][1]]],
      [...rows.slice(1), [rows[0][0], { v: 'other', x: 9e14 }]],
      [...rows.slice(1), [rows[0][0], { ...(rows[0][1] as object), x: 9e14 + 1 }]],
    ];
    const sums = await Promise.all(others.map((each) => of(each)));
    expect(new Set(sums).size).toBe(others.length);
  });

  test('does not depend on order, and counts what is there twice', () => {
    const sum = (digests: readonly string[]) => {
      const checksum = new Checksum();
      for (const digest of digests) checksum.add(digest);
      return checksum.toString();
    };
    const digests = fc.array(
      fc.string().map((text) => digestOf(text, text, Infinity) ?? ''),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(digests, (some) => {
        expect(sum(some.toReversed())).toBe(sum(some));
        if (some.length > 0) expect(sum([...some, some[0]])).not.toBe(sum(some));
      }),
    );
  });

  test('has no digest for what JSON can not say', () => {
    expect(digestOf('key', 1n, Infinity)).toBeUndefined();
  });
});

test('options that can not be are refused before anything is read or made', async () => {
  const from = await levelDirectory(manyRows(1));
  const to = freshPath();
  const bad: readonly (readonly [string, object])[] = [
    ['from', { from: '' }],
    ['to', { to: 7 }],
    ['batchSize', { batchSize: 0 }],
    ['namespace', { namespace: '' }],
    ['namespaceOf', { namespaceOf: 'a' }],
    ['namespaceOf', { namespaceOf: () => [], compat: 'level-cache' }],
    ['namespaceOf', { namespaceOf: () => 'text' }],
    ['compat', { compat: 'lmdb-cache' }],
    ['codec', { codec: jsonCodec, compat: 'level-cache' }],
    ['onProgress', { onProgress: true }],
    ['signal', { signal: {} }],
    ['strict', { strict: 'yes' }],
    ['verify', { verify: 1 }],
    ['level', { level: {} }],
    ['form', { form: from }],
  ];
  for (const [name, option] of bad)
    await expect(migrateLevelCache({ from, to, ...option }), name).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(name),
    });
});
