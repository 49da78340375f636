/** What a cache remembers of changes is bounded however much changes, and what it has forgotten it never takes for fresh. */
import { describe, expect, test } from 'vitest';
import { type Cache, createCache, memory } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';

async function changes(
  cache: Cache,
  from: number,
  to: number,
  change: (i: number) => Parameters<Cache['invalidate']>[0],
) {
  for (let i = from; i < to; i++) await cache.invalidate(change(i));
}

test('invalidations of two hundred thousand tags, six times what is remembered', async () => {
  const cache = createCache();
  const posts = cache.define<number>('post', { load: (key) => Number(key), tags: (n) => [`tag ${n}`] });
  await posts.get('7');
  let most = 0;
  for (let batch = 0; batch < 20; batch++) {
    // 10,000 tags are one change: what counts is how many names are remembered.
    await cache.invalidate({ tags: Array.from({ length: 10_000 }, (_, i) => `other ${batch * 10_000 + i}`) });
    most = Math.max(most, cache.stats().log.stamps.table);
  }
  const { stamps } = cache.stats().log;
  expect(most).toBeLessThanOrEqual(2 * 16_384);
  expect(stamps.floor).toBeGreaterThan(0);
  expect(posts.peek('7')).toBe(7); // held stamps are exact: nothing that was forgotten makes a live entry wrong
  await cache.invalidate({ tags: ['tag 7'] });
  expect(posts.peek('7')).toBeUndefined();
});

test('a hundred thousand keys, one by one', async () => {
  const cache = createCache();
  await changes(cache, 0, 100_000, (i) => ({ key: ['post', i] }));
  expect(cache.stats().log.stamps.table).toBeLessThanOrEqual(2 * 16_384);
});

test('stamps of what left memory go with it', async () => {
  const cache = createCache({ tiers: [memory({ maxEntries: 10 })] });
  const posts = cache.define<string>('post', { load: (key) => key, tags: (_v, key) => [`a ${key}`, `b ${key}`] });
  const base = cache.stats().log.stamps.held;
  for (let i = 0; i < 1000; i++) await posts.get(String(i));
  expect(cache.stats().log.stamps.held - base).toBeLessThanOrEqual(20);
  await posts.invalidate();
  for (let i = 0; i < 1000; i++) posts.peek(String(i));
  for (let i = 990; i < 1000; i++) await posts.get(String(i), { load: false });
  expect(cache.stats().log.stamps.held).toBe(base);
});

test('pattern rules fold: the oldest become stamps of all that lies below them', async () => {
  const cache = createCache();
  let loads = 0;
  const posts = cache.define<number, readonly string[]>('post', { load: () => ++loads });
  await posts.get(['x', '1']);
  await changes(cache, 0, 1000, (i) => ({ pattern: ['post', `p${i}`, '*'] }));
  expect(cache.stats().log.stamps.table).toBeLessThan(2000);
  expect(posts.peek(['x', '1'])).toBe(1);
  await posts.get(['p999', '1']);
  await cache.invalidate({ pattern: ['post', 'x', '*'] });
  expect(posts.peek(['x', '1'])).toBeUndefined();
  await posts.get(['x', '1']);
  await changes(cache, 0, 1000, (i) => ({ pattern: ['user', `p${i}`, '*'] }));
  expect(posts.peek(['x', '1'])).toBe(3);
});

describe.each([true, false])('entries in a slower tier (synchronous: %s)', (sync) => {
  /** Logs that tell whoever starts no more than the newest change. */
  const short = () => localLog({ keep: 1 });
  const shortAndForgetful = () => localLog({ keep: 1, stamps: 4 });

  test('below the floor are vouched for by the log, if it still knows; otherwise they are a miss', async () => {
    const backend = new MapBackend({ sync, log: short() });
    const make = () => createCache({ tiers: [memory(), backend] });
    const writer = make();
    const old = writer.define<string>('post', { load: () => 'one' });
    await old.get('1');
    await old.get('2');
    await idle();
    await old.invalidate('2');
    await writer.invalidate({ tags: ['another'] });
    const reader = make().define<string>('post', { load: () => 'loaded' }); // began later: its floor is above their marks
    await idle();
    expect(await reader.get('1')).toBe('one');
    expect(await reader.get('2')).toBe('loaded');
    expect(backend.made('stamps').length).toBeGreaterThan(0);
  });

  test('a process that starts asks nothing about what the log still tells', async () => {
    const backend = new MapBackend({ sync });
    const writer = createCache({ tiers: [backend] });
    const old = writer.define<string>('post', { load: () => 'one' });
    await old.getMany(['1', '2']);
    await idle();
    await old.invalidate('2');
    await changes(writer, 0, 50, (i) => ({ tags: [`t${i}`] }));
    const reader = createCache({ tiers: [backend] }).define<string>('post', { load: () => 'loaded' });
    expect(await reader.getMany(['1', '2'])).toEqual(['one', 'loaded']);
    if (!sync) expect(backend.made('stamps')).toEqual([]); // one that answers at once is asked: that costs no way
  });

  test('what the reads of a tick have to ask for is asked at once', async () => {
    const backend = new MapBackend({ sync: false, log: short() });
    const old = createCache({ tiers: [backend] }).define<string>('post', { load: () => 'one' });
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    await old.getMany(keys);
    await idle();
    await old.invalidate('another');
    await old.invalidate('and another');
    const reader = createCache({ tiers: [backend] }).define<string>('post', { load: () => 'loaded' });
    expect(new Set(await reader.getMany(keys))).toEqual(new Set(['one']));
    expect(backend.made('stamps')).toHaveLength(1);
  });

  test('a log that has forgotten answers with its floor, which is a miss', async () => {
    const log = shortAndForgetful();
    const backend = new MapBackend({ sync, log });
    const writer = createCache({ tiers: [backend] });
    await writer.define<string>('post', { load: () => 'one' }).get('1');
    await idle();
    await changes(writer, 0, 50, (i) => ({ tags: [`t${i}`] }));
    const reader = createCache({ tiers: [backend] }).define<string>('post', { load: () => 'loaded' });
    await idle();
    expect(await reader.get('1')).toBe('loaded');
  });

  test('a log that does not answer makes them a miss', async () => {
    const backend = new MapBackend({ sync, log: short() });
    await createCache({ tiers: [backend] })
      .define<string>('post', { load: () => 'one' })
      .get('1');
    await changes(createCache({ tiers: [backend] }), 0, 2, (i) => ({ tags: [`t${i}`] }));
    await idle();
    const reader = createCache({ tiers: [backend] }).define<string>('post', { load: () => 'loaded' });
    await idle();
    backend.before = (operation) => {
      if (operation === 'stamps') throw new Error('down');
    };
    expect(await reader.get('1')).toBe('loaded');
  });
});

test('a follower that has missed changes drops what it held', async () => {
  const log = localLog({ keep: 4 });
  const backend = new MapBackend({ log, sync: true });
  const here = createCache({ tiers: [memory(), backend] });
  let loads = 0;
  const posts = here.define<number>('post', { load: () => ++loads });
  await posts.getMany(['1', '2']);
  backend.before = (operation) => {
    if (operation === 'read') throw new Error('cut off');
  };
  const there = createCache({ log });
  await there.invalidate({ key: ['post', '1'] });
  await there.invalidate({ tags: ['a'] });
  expect(posts.peek('1')).toBe(1); // it can't know yet
  backend.before = () => {};
  for (let i = 0; i < 4; i++) await there.invalidate({ tags: [`t${i}`] });
  expect([posts.peek('1'), await posts.get('1')]).toEqual([undefined, 3]);
});

test('a follower that was cut off replays what it missed, and keeps the rest', async () => {
  const log = localLog({ keep: 100 });
  const backend = new MapBackend({ log, sync: true });
  const here = createCache({ tiers: [memory(), backend] });
  let loads = 0;
  const posts = here.define<number>('post', { load: () => ++loads });
  await posts.getMany(['1', '2']);
  backend.before = (operation) => {
    if (operation === 'read') throw new Error('cut off');
  };
  const there = createCache({ log });
  await there.invalidate({ key: ['post', '1'] });
  backend.before = () => {};
  await there.invalidate({ tags: ['a'] });
  expect([posts.peek('1'), posts.peek('2')]).toEqual([undefined, 2]);
});

test('an entry of the same key in a store that forgets nothing is compared with all that is known', async () => {
  const store = new MapStore({ sync: true });
  const cache = createCache({ tiers: [memory({ maxEntries: 1 }), store] });
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads });
  await posts.get('1');
  await changes(cache, 0, 40_000, (i) => ({ tags: [`t${i}`] }));
  await posts.get('2');
  expect(cache.stats().log.stamps.floor).toBeGreaterThan(0);
  expect(await posts.get('1')).toBeGreaterThan(0);
  await posts.invalidate('1');
  const before = loads;
  await posts.get('2');
  expect(await posts.get('1')).toBe(before + 1);
});
