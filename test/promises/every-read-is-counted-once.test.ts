/** One read is one outcome in the statistics, whatever becomes of it, and a figure shown was counted where it happened. */
import { describe, expect, test } from 'vitest';
import { type CollectionStats, createCache, memory } from 'tidemark';
import { failure, gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

const OUTCOMES = ['hits', 'stale', 'loaded', 'joined', 'absent', 'failed', 'aborted'] as const;
type Outcomes = Partial<Record<(typeof OUTCOMES)[number], number>>;

/** The outcomes that aren't zero; checks that they are all reads. */
function outcomes(stats: CollectionStats): Outcomes {
  expect(stats.reads).toBe(OUTCOMES.reduce((sum, name) => sum + stats[name], 0));
  return Object.fromEntries(OUTCOMES.filter((name) => stats[name] > 0).map((name) => [name, stats[name]]));
}

const places = [
  ['memory', () => []],
  ['memory before a synchronous store', () => [new MapStore({ sync: true })]],
  ['memory before an asynchronous store', () => [new MapStore()]],
] as const;

describe.each(places)('in %s', (_, behind) => {
  function begin() {
    const { calls, load } = gatedLoads<string>();
    const { cache, clock } = timedCache({ behind: behind() });
    const posts = cache.define<string>('post', { load, ttl: 1000, staleFor: 1000, graceFor: 5000 });
    return { cache, clock, posts, calls };
  }

  test('loaded, joined, then hits', async () => {
    const { cache, posts, calls } = begin();
    const reads = [posts.get('1'), posts.get('1'), posts.get('1')];
    await idle();
    calls[0].resolve('one');
    await Promise.all(reads);
    await posts.get('1');
    await posts.getMany(['1', '1']);
    await posts.get('1', {});
    await posts.get('1', { load: false });
    expect(outcomes(cache.stats())).toEqual({ loaded: 1, joined: 2, hits: 5 });
    expect(cache.stats()).toMatchObject({ loads: 1, loadFailures: 0, hitRatio: 5 / 8 });
    expect(cache.stats().collections['post']).toMatchObject({ reads: 8, hits: 5 });
  });

  test('stale by staleFor and by graceFor', async () => {
    const { cache, clock, posts, calls } = begin();
    const first = posts.get('1');
    await idle();
    calls[0].resolve('one');
    await first;
    await clock.advanceAsync(1500);
    await posts.get('1');
    await idle();
    calls[1].reject(new Error('down'));
    await clock.advanceAsync(1000);
    const reads = [posts.get('1'), posts.get('1')];
    await idle();
    calls[2].reject(new Error('down'));
    await Promise.all(reads);
    expect(outcomes(cache.stats())).toEqual({ loaded: 1, stale: 3 });
    expect(cache.stats()).toMatchObject({ loads: 3, loadFailures: 2, refreshes: 1 });
  });

  test('failed: by the load, by a cycle, by a bad key, by a closed cache', async () => {
    const { cache, posts, calls } = begin();
    const reads = [posts.get('1'), posts.get('1')].map((read) => expect(read).rejects.toThrow('down'));
    await idle();
    calls[0].reject(new Error('down'));
    await Promise.all(reads);
    expect(outcomes(cache.stats())).toEqual({ failed: 2 });
    await cache.close();
    await expect(posts.get('1')).rejects.toMatchObject({ code: 'closed' });
    expect(outcomes(cache.stats())).toEqual({ failed: 3 });
  });

  test('aborted', async () => {
    const { cache, posts, calls } = begin();
    const stop = new AbortController();
    const gone = failure(posts.get('1', { signal: stop.signal }));
    await idle();
    stop.abort('enough');
    expect(await gone).toBe('enough');
    await expect(posts.get('1', { signal: stop.signal })).rejects.toBe('enough');
    calls[0].reject('enough');
    await idle();
    expect(outcomes(cache.stats())).toEqual({ aborted: 2 });
    expect(cache.stats().loadFailures).toBe(0);
  });

  test('absent', async () => {
    const { cache, posts } = begin();
    await posts.get('1', { load: false });
    const without = cache.define<string>('without');
    await without.getMany(['1', '2']);
    expect(outcomes(cache.stats())).toEqual({ absent: 3 });
    expect(outcomes(cache.stats().collections['without'])).toEqual({ absent: 2 });
    expect(cache.stats().hitRatio).toBe(0);
  });

  test('a read that was overtaken and had to load anew is one read', async () => {
    const { cache, posts, calls } = begin();
    const first = posts.get('1');
    await idle();
    await posts.invalidate('1');
    const second = posts.get('1');
    await idle();
    calls[0].resolve('one');
    calls[1].resolve('two');
    expect([await first, await second]).toEqual(['one', 'two']);
    expect(outcomes(cache.stats())).toEqual({ loaded: 2 });
    expect(cache.stats()).toMatchObject({ loads: 2, overtaken: 1 });
  });

  test('peek, explain, stats and writes are no reads', async () => {
    const { cache, posts } = begin();
    await posts.set('1', 'one');
    posts.peek('1');
    await cache.explain(['post', '1']);
    await posts.delete('1');
    expect(outcomes(cache.stats())).toEqual({});
    expect(cache.stats()).toMatchObject({ sets: 1, reads: 0 });
  });

  test('one refresh is counted as one', async () => {
    const { cache, clock, posts, calls } = begin();
    const first = posts.get('1');
    await idle();
    calls[0].resolve('one');
    await first;
    await clock.advanceAsync(1500);
    await posts.get('1');
    await idle();
    calls[1].resolve('two');
    await idle();
    expect(cache.stats()).toMatchObject({ refreshes: 1, loads: 2 });
  });
});

test('a hit in a slower tier is a hit for everyone who waited for it', async () => {
  const backend = new MapBackend();
  await createCache({ tiers: [memory(), backend] })
    .define<string>('post')
    .set('1', 'one');
  const cache = createCache({ tiers: [memory(), backend] });
  const posts = cache.define<string>('post', { load: () => 'loaded' });
  expect(await Promise.all([posts.get('1'), posts.get('1')])).toEqual(['one', 'one']);
  expect(outcomes(cache.stats())).toEqual({ hits: 2 });
  expect(cache.stats().loads).toBe(0);
  expect(cache.stats().tiers.map(({ reads, found }) => [reads, found])).toEqual([
    [2, 0],
    [1, 1],
  ]);
});

test('reads without a collection are in the sum', async () => {
  const cache = createCache();
  await cache.getOrLoad({ key: 'a', load: () => 1 });
  await cache.getOrLoad({ key: 'a', load: () => 1 });
  expect(outcomes(cache.stats())).toEqual({ loaded: 1, hits: 1 });
});

test('the log’s figures: what is known, applied, unsaid, and how long it has been silent', async () => {
  const backend = new MapBackend({ sync: true });
  const { cache, clock } = timedCache({ behind: [backend] });
  for (let i = 0; i < 5; i++) await cache.invalidate({ tags: [`t${i}`] });
  expect(cache.stats().log).toMatchObject({ known: 5, applied: 5, unsaid: 0, silentFor: 0 });
  backend.before = () => {
    throw new Error('down');
  };
  await cache.invalidate({ tags: ['t', 'u'] });
  await clock.advanceAsync(50);
  expect(cache.stats().log).toMatchObject({ known: 5, applied: 5, unsaid: 2, silentFor: 50 });
});

test('memory’s usage: entries, evicted, expired', async () => {
  const { cache, clock } = timedCache({ memory: { maxEntries: 3 } });
  const posts = cache.define<number>('post');
  for (let i = 0; i < 5; i++) await posts.set(String(i), i, i === 4 ? { ttl: 1000 } : {});
  await clock.advanceAsync(1000);
  await posts.get('4');
  expect(cache.stats().tiers[0].usage).toEqual({ entries: 2, bytes: undefined, evicted: 2, expired: 1 });
});

test('a tier that does not keep a collection is not read for it', async () => {
  const store = new MapStore();
  const cache = createCache({ tiers: [memory(), store] });
  const posts = cache.define<string>('post', { load: () => 'x', tiers: ['memory'] });
  await posts.get('1');
  expect(cache.stats().tiers.map(({ reads, found }) => [reads, found])).toEqual([
    [1, 0],
    [0, 0],
  ]);
});
