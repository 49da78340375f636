/** The store on KV stays within what KV allows, says what it left out, and names an option that can't be. */
import { describe, expect, test } from 'vitest';
import type { Entry, Stored } from 'tidemark';
import { msgpackCodec } from 'tidemark/codecs/msgpack';
import { kvBudget, type KvNamespace, workersKv, type WorkersKvOptions } from 'tidemark/stores/workers-kv';
import { manualClock } from 'tidemark/testing';
import { MapKv } from './map-kv.ts';
import { open } from './settled.ts';

const CALL = { signal: new AbortController().signal };

function entry(value: unknown, rest: Partial<Entry> = {}): Entry {
  const times = { freshUntil: Infinity, keptUntil: Infinity };
  return { value, mark: 7, incarnation: 'log', dependencies: ['#/s/tag'], ...times, ...rest };
}

const keyOf = (name: string | number) => `/s/${name}~v1`;
const records = (count: number): Stored[] =>
  Array.from({ length: count }, (_, i) => ({ key: keyOf(i), entry: entry(i) }));
const keysOf = (some: readonly Stored[]) => some.map(({ key }) => key);

describe('keys', () => {
  test('have at most 512 bytes with their prefix, and no two are one', async () => {
    const kv = new MapKv();
    const { store } = open(kv, { prefix: 'p'.repeat(64) });
    const names = [
      ...[440, 441, 442, 443, 444, 445, 600].map((length) => 'x'.repeat(length)),
      ...[100, 110, 111, 112, 150].map((length) => '漢🌊'.repeat(length).slice(0, -1) + '界'),
      'x'.repeat(599) + 'y',
    ];
    const all = names.map((name) => ({ key: keyOf(name), entry: entry(name) }));
    expect(await store.setMany(all, CALL)).toEqual(all.map(() => true));
    expect(kv.values.size).toBe(names.length);
    const sizes = [...kv.values.keys()].map((key) => Buffer.byteLength(key));
    expect(Math.max(...sizes)).toBe(512); // what just fits isn't hashed
    expect((await store.getMany(keysOf(all), CALL)).map((one) => one?.value)).toEqual(names);
  });

  test('stand readable beside each value, within 1,024 bytes', async () => {
    const kv = new MapKv();
    const { store } = open(kv);
    const names = ['short', 'x'.repeat(900), 'x'.repeat(5000), '"\\\n\0é🌊'.repeat(300), '\ud83c'.repeat(900)];
    await store.setMany(
      names.map((name) => ({ key: keyOf(name), entry: entry(1) })),
      CALL,
    );
    const beside = [...kv.options.values()].map(({ metadata }) => metadata!);
    expect(beside.map(({ cut = false }) => cut)).toEqual([false, false, true, true, true]);
    beside.forEach((metadata, i) => {
      const size = Buffer.byteLength(JSON.stringify(metadata));
      expect(size).toBeLessThanOrEqual(1024);
      if (metadata.cut) expect(size).toBeGreaterThan(1000);
      expect(keyOf(names[i]).startsWith(metadata.key)).toBe(true);
    });
  });
});

describe('values', () => {
  test('are text: a line with all but the value, and the value as people can read it', async () => {
    const kv = new MapKv();
    const { store } = open(kv);
    await store.setMany(
      [{ key: keyOf('a'), entry: entry({ title: 'Tea – 茶' }, { etag: '"1"', freshUntil: 5 }) }],
      CALL,
    );
    const [header, value] = kv.values.get('tidemark/s/a~v1')!.split('\n');
    expect(JSON.parse(header)).toEqual({
      tidemark: 1,
      codec: 'json',
      value: 'text',
      mark: 7,
      incarnation: 'log',
      dependencies: ['#/s/tag'],
      freshUntil: 5,
      keptUntil: 'Infinity',
      etag: '"1"',
    });
    expect(value).toBe('{"title":"Tea – 茶"}');
  });

  test('that cannot be read are misses, and counted', async () => {
    const kv = new MapKv();
    const { store } = open(kv);
    await store.setMany([{ key: keyOf('a'), entry: entry('x') }], CALL);
    await open(kv, { codec: msgpackCodec }).store.setMany([{ key: keyOf('b'), entry: entry('x') }], CALL);
    const good = kv.values.get('tidemark/s/a~v1')!;
    const spoilt = [
      '',
      'text',
      '{}\n1',
      'null\n1',
      good.slice(0, -1),
      good.replace('"mark":7', '"mark":"7"'),
      good.replace('"tidemark":1', '"tidemark":2'),
      good.replace('"Infinity"', '"soon"'),
      good.replace('"value":"text"', '"value":"bytes"'),
      good.replace('["#/s/tag"]', '[7]'),
      good.replace('{', '{"etag":7,'),
    ];
    spoilt.forEach((text, i) => kv.values.set(`tidemark/s/${i}~v1`, text));
    const keys = [...spoilt.keys(), 'b'].map(keyOf);
    expect(await store.getMany([keyOf('a'), ...keys], CALL)).toEqual([
      expect.objectContaining({ value: 'x' }),
      ...keys.map(() => undefined),
    ]);
    expect(store.usage.unreadable).toBe(keys.length);
  });

  test.each([
    ['text', 'é'.repeat(2000)],
    ['bytes in base64', Uint8Array.from({ length: 3000 }, (_, i) => i % 256)],
  ])('that are too large are not kept, and counted: %s', async (_, value) => {
    const record = { key: keyOf('large'), entry: entry(value) };
    const codec = typeof value === 'string' ? {} : { codec: msgpackCodec };
    const kv = new MapKv();
    await open(kv, codec).store.setMany([record], CALL);
    const size = Buffer.byteLength([...kv.values.values()][0]);
    const fits = open(new MapKv(), { ...codec, maxBytes: size }).store;
    expect(await fits.setMany([record], CALL)).toEqual([true]);
    const { store } = open(new MapKv(), { ...codec, maxBytes: size - 1 });
    expect(await store.setMany([record, ...records(1)], CALL)).toEqual([false, true]);
    expect(store.usage.tooLarge).toBe(1);
  });
});

describe('expiry', () => {
  const clock = manualClock();
  const MINUTE = 60_000;
  const ttlOf = async (keptIn: number, options: Partial<WorkersKvOptions> = {}) => {
    const kv = new MapKv();
    const { store } = open(kv, { ...options, clock });
    const keptUntil = clock.now() + keptIn;
    await store.setMany([{ key: keyOf('a'), entry: entry(1, { freshUntil: clock.now(), keptUntil }) }], CALL);
    return [...kv.options.values()][0].expirationTtl;
  };

  test('is never sooner than the entry is wanted, and never below a minute', async () => {
    expect(await ttlOf(-5000)).toBe(60);
    expect(await ttlOf(1000)).toBe(60);
    expect(await ttlOf(MINUTE)).toBe(60);
    expect(await ttlOf(MINUTE + 1)).toBe(61);
    expect(await ttlOf(90_500)).toBe(91);
    expect(await ttlOf(Infinity)).toBeUndefined();
    expect(await ttlOf(1e15)).toBeUndefined();
  });

  test('is capped as told, also for what does not age', async () => {
    expect(await ttlOf(Infinity, { ttlCap: '1d' })).toBe(86_400);
    expect(await ttlOf(90_000, { ttlCap: '1d' })).toBe(90);
    expect(await ttlOf(90_000, { ttlCap: '1m' })).toBe(60);
  });
});

describe('operations', () => {
  test('a read of many keys asks for a hundred at once, and for none twice', async () => {
    const kv = new MapKv();
    const { store } = open(kv);
    const some = records(250);
    await store.setMany(some, CALL);
    const found = await store.getMany([...keysOf(some), keyOf(0)], CALL);
    expect(found.map((one) => one?.value)).toEqual([...some.keys(), 0]);
    expect(kv.reads.map((names) => names.length)).toEqual([100, 100, 50]);
    expect(store.usage.operations).toEqual({ reads: 3, writes: 250, deletes: 0, lists: 0, dropped: 0 });
  });

  test('beyond the budget of a request reads are misses and writes are refused', async () => {
    const kv = new MapKv();
    let budget = kvBudget(5);
    const { store } = open(kv, { budget: () => budget });
    const some = records(4);
    expect(await store.setMany(some, CALL)).toEqual([true, true, true, true]);
    expect((await store.getMany(keysOf(some), CALL)).map((one) => one?.value)).toEqual([0, 1, 2, 3]);
    expect(budget.left).toBe(0);
    expect(await store.getMany(keysOf(some), CALL)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await store.setMany([{ key: keyOf('new'), entry: entry(1) }], CALL)).toEqual([false]);
    await store.deleteMany([keyOf('other')], CALL);
    await store.clear(CALL);
    expect(budget.operations).toEqual({ reads: 1, writes: 4, deletes: 0, lists: 0, dropped: 4 });
    expect(store.usage.operations).toEqual(budget.operations);

    budget = kvBudget(1); // the next request
    expect((await store.getMany(keysOf(some), CALL)).map((one) => one?.value)).toEqual([0, 1, 2, 3]);
    expect(store.usage.operations).toEqual({ reads: 2, writes: 4, deletes: 0, lists: 0, dropped: 4 });
    expect(store.gauges).toMatchObject({ reads: 2, writes: 4, dropped: 4, waiting: 0, left: 0 }); // as a cache's figures have it
  });

  test('one call changes a thousand keys at most', async () => {
    const kv = new MapKv();
    const { store, settle } = open(kv);
    const kept = await store.setMany(records(1003), CALL);
    expect(kept.filter((one) => one)).toHaveLength(1000);
    await settle();
    await store.deleteMany(keysOf(records(1003)), CALL);
    expect(kv.writes).toHaveLength(2000);
    expect(store.usage.operations.dropped).toBe(6);
  });

  test('clear deletes up to its bound, and goes on where it ended', async () => {
    const kv = new MapKv();
    const { store, settle } = open(kv, { clearAtOnce: 10 });
    const other = open(kv, { prefix: 'tidemark2' }).store;
    await store.setMany([...records(25), { key: keyOf('x'.repeat(600)), entry: entry('long') }], CALL);
    await other.setMany(records(1), CALL);
    kv.values.set('mine', 'untouched');
    await settle();
    const sizes: [number, boolean][] = [];
    for (let round = 0; round < 3; round++) {
      await store.clear(CALL);
      sizes.push([kv.values.size - 2, store.usage.clearing]);
      if (round === 0) await store.setMany([{ key: '/a~v1', entry: entry('before the cursor') }], CALL);
      await settle();
    }
    expect(sizes).toEqual([
      [16, true],
      [7, true],
      [0, false],
    ]);
    expect([...kv.values.keys()]).toEqual(['tidemark2/s/0~v1', 'mine']);
  });
});

describe('failures', () => {
  test('one write that fails is not kept, and the others of its call are', async () => {
    const kv = new MapKv();
    kv.before = (key) => (key.includes('/1~') ? Promise.reject(new Error('KV PUT failed: 500')) : undefined);
    expect(await open(kv).store.setMany(records(3), CALL)).toEqual([true, false, true]);
  });

  test('if every write fails the call does', async () => {
    const kv = new MapKv();
    kv.before = () => Promise.reject(new Error('KV PUT failed: 500 Internal Server Error'));
    await expect(open(kv).store.setMany(records(3), CALL)).rejects.toThrow('500');
  });

  test('a write that KV refuses since the key was written elsewhere is no failure', async () => {
    const kv = new MapKv();
    kv.before = () => Promise.reject(new Error('KV PUT failed: 429 Too Many Requests'));
    const { store } = open(kv);
    expect(await store.setMany(records(2), CALL)).toEqual([false, false]);
    expect(store.usage.refused).toBe(2);
  });

  test('a namespace that cannot list cannot be cleared', async () => {
    const { store } = open(Object.assign(new MapKv(), { list: undefined as never }));
    await expect(store.clear(CALL)).rejects.toMatchObject({ code: 'store_failed' });
  });
});

describe('options', () => {
  const namespace = new MapKv();
  test.each<[string, object]>([
    ['namespace', { namespace: undefined }],
    ['namespace', { namespace: { get: () => {} } }],
    ['prefix', { prefix: '' }],
    ['prefix', { prefix: 'a/b' }],
    ['prefix', { prefix: 'é'.repeat(33) }],
    ['codec', { codec: {} }],
    ['name', { name: '' }],
    ['ttlCap', { ttlCap: '59s' }],
    ['cacheTtl', { cacheTtl: '29s' }],
    ['maxBytes', { maxBytes: 0 }],
    ['maxWaiting', { maxWaiting: 0 }],
    ['clearAtOnce', { clearAtOnce: 0.5 }],
    ['defer', { defer: true }],
    ['budget', { budget: 1000 }],
    ['prefx', { prefx: 'a' }],
  ])('a bad %s is named', (name, options) => {
    expect(() => workersKv({ namespace, ...options })).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) as string }),
    );
  });

  test('a budget is a whole number', () => {
    expect(() => kvBudget(0)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });

  test('cacheTtl is told to KV in seconds, and nothing where it is left to KV', async () => {
    const told: unknown[] = [];
    const listening: KvNamespace = {
      get: async (_, options) => {
        told.push(options);
        return new Map();
      },
      put: () => Promise.resolve(),
      delete: () => Promise.resolve(),
    };
    await open(listening, { cacheTtl: '90s' }).store.getMany([keyOf('a')], CALL);
    await open(listening).store.getMany([keyOf('a')], CALL);
    expect(told).toEqual([{ type: 'text', cacheTtl: 90 }, { type: 'text' }]);
  });

  test('nothing is asked and no timer is set before the store is used', () => {
    const clock = manualClock();
    const kv = new MapKv();
    workersKv({ namespace: kv, clock });
    expect([kv.reads.length, kv.writes.length, clock.pending]).toEqual([0, 0, 0]);
  });
});
