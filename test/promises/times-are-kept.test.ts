/** TTLs: jittered, negative, the loader's own, refreshed early by chance, capped by a tier, and handed upwards with what is left. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import { idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

/** How long `peek` goes on answering, in steps of one second; 1,000 at most. */
async function lifetime(
  posts: { peek(key: string): unknown },
  clock: { advanceAsync(ms: number): Promise<void> },
  key = '1',
) {
  for (let seconds = 0; seconds < 1000; seconds++) {
    if (posts.peek(key) === undefined) return seconds;
    await clock.advanceAsync(1000);
  }
  return 1000;
}

describe('jitter', () => {
  test.each([
    [0, 100],
    [0.5, 90],
    [0.999_999, 81],
  ])('with chance %d a TTL of 100 s and a jitter of 0.2 is %d s', async (chance, seconds) => {
    const { cache, clock } = timedCache({ random: () => chance });
    const posts = cache.define<number>('post', { load: () => 1, ttl: '100s', jitter: 0.2 });
    await posts.get('1');
    expect(await lifetime(posts, clock)).toBe(seconds);
  });

  test('shortens what is set as well, and leaves "for ever" alone', async () => {
    const { cache, clock } = timedCache({ random: () => 0.5 });
    const posts = cache.define<number>('post', { ttl: '100s', jitter: 1 });
    await posts.set('1', 1);
    await posts.set('2', 2, { ttl: Infinity });
    expect(await lifetime(posts, clock)).toBe(50);
    expect(await lifetime(posts, clock, '2')).toBe(1000);
  });
});

describe('negativeTtl', () => {
  test.each([undefined, null])('%s has a TTL of its own', async (nothing) => {
    const { cache, clock } = timedCache();
    let loads = 0;
    const posts = cache.define<string | null | undefined>('post', {
      load: (key) => (loads++, key === 'there' ? 'there' : nothing),
      ttl: '100s',
      negativeTtl: '5s',
    });
    const read = async (key: string) => [await posts.get(key), loads];
    expect([await read('gone'), await read('gone'), await read('there')]).toEqual([
      [nothing, 1],
      [nothing, 1],
      ['there', 2],
    ]);
    await clock.advanceAsync(5000);
    expect([await read('gone'), await read('there')]).toEqual([
      [nothing, 3],
      ['there', 3],
    ]);
  });

  test('0: not kept', async () => {
    const { cache } = timedCache();
    let loads = 0;
    const posts = cache.define<undefined>('post', {
      load: () => void loads++,
      negativeTtl: 0,
      staleFor: '1h',
      graceFor: '1h',
    });
    await posts.get('1');
    await posts.get('1');
    expect([loads, await posts.get('1', { load: false }), cache.stats().tiers[0].usage?.entries]).toEqual([
      2,
      undefined,
      0,
    ]);
  });

  test('holds for what is set, too', async () => {
    const { cache } = timedCache();
    let loads = 0;
    const posts = cache.define<string | null>('post', { load: () => `load ${++loads}`, negativeTtl: 0 });
    await posts.set('1', null);
    expect(await posts.get('1')).toBe('load 1');
  });
});

describe('TTL', () => {
  test('0: answered, joined, not kept, not served stale or by grace', async () => {
    const { cache } = timedCache();
    let loads = 0;
    const posts = cache.define<number>('post', { load: async () => (await idle(), ++loads), ttl: 0, staleFor: '1h' });
    expect(await Promise.all([posts.get('1'), posts.get('1')])).toEqual([1, 1]);
    expect(await posts.get('1')).toBe(2);
  });

  test('a set with TTL 0 is a change that leaves nothing behind', async () => {
    const { cache } = timedCache({ behind: [new MapStore()] });
    const posts = cache.define<string>('post');
    await posts.set('1', 'one');
    await posts.set('1', 'two', { ttl: 0 });
    expect(await posts.get('1')).toBeUndefined();
  });

  test('the loader’s own, for each value', async () => {
    const { cache, clock } = timedCache();
    const posts = cache.define<string>('post', {
      ttl: '1h',
      load: (key, ctx) => {
        if (key !== 'default') ctx.ttl(`${Number(key)}s`);
        return key;
      },
    });
    await posts.getMany(['3', '7', 'default']);
    expect(await lifetime(posts, clock, '3')).toBe(3);
    expect(await lifetime(posts, clock, '7')).toBe(4);
    expect(await lifetime(posts, clock, 'default')).toBe(1000);
    await posts.get('0');
    expect(posts.peek('0')).toBeUndefined();
  });

  test('a bad one fails the load by name', async () => {
    const { cache } = timedCache();
    const posts = cache.define<string>('post', { load: (key, ctx) => (ctx.ttl('soon' as '1s'), key) });
    await expect(posts.get('1')).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('ctx.ttl'),
    });
  });

  test('a set may have its own', async () => {
    const { cache, clock } = timedCache();
    const posts = cache.define<string>('post', { ttl: '1h' });
    await posts.set('1', 'one', { ttl: '9s' });
    expect(await lifetime(posts, clock)).toBe(9);
  });
});

describe('early refresh', () => {
  /** A value whose load took 2 s and whose TTL is 100 s, `at` seconds later, read with this chance. */
  async function read(at: number, chance: number) {
    const draws = { chance: 0 };
    const clock = manualClock();
    const { cache } = timedCache({ clock, random: () => draws.chance });
    let loads = 0;
    const posts = cache.define<number>('post', {
      ttl: '100s',
      earlyRefresh: true,
      load: async () => {
        loads++;
        if (loads === 1) clock.advance(2000);
        return loads;
      },
    });
    await posts.get('1');
    await clock.advanceAsync(at * 1000);
    draws.chance = chance;
    const value = await posts.get('1');
    await idle();
    return { value, loads, refreshes: cache.stats().refreshes };
  }
  // Due when the time left is at most -2 s × ln(1 - chance).

  test.each([
    ['long before the end, whatever chance says', 79, 1 - 1e-16, 1],
    ['near the end, when chance doesn’t want it', 99, 0, 1],
    ['10 s before the end with little chance', 90, 0.99, 1], // ln(0.01) × -2 = 9.2 s
    ['10 s before the end with much chance', 90, 0.995, 2], // 10.6 s
    ['1 s before the end with little chance', 99, 0.39, 1], // 0.99 s
    ['1 s before the end with some chance', 99, 0.4, 2], // 1.02 s
  ])('%s', async (_when, at, chance, loads) => {
    expect(await read(at, chance)).toEqual({ value: 1, loads, refreshes: loads - 1 });
  });

  test('not without being asked for', async () => {
    const { cache, clock } = timedCache({ random: () => 0.999 });
    let loads = 0;
    const posts = cache.define<number>('post', { ttl: '100s', load: () => (clock.advance(2000), ++loads) });
    await posts.get('1');
    await clock.advanceAsync(99_000);
    await posts.get('1');
    await idle();
    expect(loads).toBe(1);
  });
});

describe('tiers', () => {
  test('what is found in a slower tier keeps the time that it has left', async () => {
    const clock = manualClock();
    const backend = new MapBackend();
    const writer = timedCache({ clock, behind: [backend] }).cache.define<string>('post', { ttl: '100s' });
    await writer.set('1', 'one');
    await clock.advanceAsync(60_000);
    const reader = timedCache({ clock, behind: [backend] }).cache.define<string>('post', { ttl: '100s' });
    expect(await reader.get('1')).toBe('one');
    expect(await lifetime(reader, clock)).toBe(40);
    expect(await reader.get('1')).toBeUndefined();
  });

  test('a tier’s maxTtl caps what it keeps, and no other tier’s', async () => {
    const store = new MapStore({ sync: true });
    const { cache, clock } = timedCache({ behind: [{ store, maxTtl: '10s' }] });
    const posts = cache.define<string>('post', { load: () => 'one', ttl: '100s', staleFor: '5s' });
    await posts.get('1');
    await posts.set('2', 'two', { ttl: '3s' });
    const times = [...store.entries.values()].map((e) => [e.freshUntil - clock.now(), e.keptUntil - clock.now()]);
    expect(times).toEqual([
      [10_000, 15_000],
      [3000, 8000],
    ]);
    expect(await lifetime(posts, clock)).toBe(100);
  });

  test('maxTtl caps memory as well, "for ever" included', async () => {
    const clock = manualClock();
    const cache = createCache({ clock, tiers: [{ store: memory({ clock }), maxTtl: '10s' }] });
    const posts = cache.define<string>('post', { load: () => 'one' });
    await posts.get('1');
    expect(await lifetime(posts, clock)).toBe(10);
  });
});
