/** An event says what happened, in every tier alike; nobody is told what didn't, and a listener that throws disturbs nothing. */
import { describe, expect, test } from 'vitest';
import { type Cache, createCache, type Events, memory } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

/** Everything that a cache tells, as `[event, …what matters]`. */
function listen(cache: Cache, ...names: (keyof Events)[]): [keyof Events, object][] {
  const told: [keyof Events, object][] = [];
  for (const name of names) cache.on(name, (event) => told.push([name, event]));
  return told;
}

const places = [
  ['memory', () => []],
  ['memory before a synchronous store', () => [new MapStore({ sync: true })]],
  ['memory before an asynchronous store', () => [new MapStore()]],
] as const;

describe.each(places)('in %s', (_, behind) => {
  test('miss and load, then hit', async () => {
    const { cache } = timedCache({ behind: behind() });
    const told = listen(cache, 'hit', 'stale', 'miss', 'load', 'loadFailed');
    const posts = cache.define<string>('post', { load: (key) => key });
    await posts.get('1');
    const key = ['post', '1'];
    expect(told).toEqual([
      ['miss', { key }],
      ['load', { key, ms: 0, kept: true }],
    ]);
    told.length = 0;
    await posts.get('1');
    expect(told).toEqual([['hit', { key, tier: 'memory' }]]);
  });

  test('one miss and one load for all who waited', async () => {
    const { cache } = timedCache({ behind: behind() });
    const told = listen(cache, 'hit', 'miss', 'load');
    const posts = cache.define<string>('post', { load: async (key) => (await idle(), key) });
    await Promise.all([posts.get('1'), posts.get('1'), posts.get('1')]);
    expect(told.map(([name]) => name)).toEqual(['miss', 'load']);
  });

  test('a load tells how long it took, and whether it was kept', async () => {
    const { calls, load } = gatedLoads<string>();
    const { cache, clock } = timedCache({ behind: behind() });
    const told = listen(cache, 'load');
    const posts = cache.define<string>('post', { load });
    const read = posts.get('1');
    await idle();
    await clock.advanceAsync(120);
    await posts.invalidate('1');
    calls[0].resolve('one');
    await read;
    expect(told).toEqual([['load', { key: ['post', '1'], ms: 120, kept: false }]]);
  });

  test('a load that fails, and what was served instead', async () => {
    const { cache, clock } = timedCache({ behind: behind() });
    const told = listen(cache, 'loadFailed', 'stale', 'load');
    const broken = new Error('down');
    let fails = false;
    const posts = cache.define<string>('post', {
      ttl: 1000,
      staleFor: 1000,
      graceFor: 5000,
      load: (key) => {
        if (fails) throw broken;
        return key;
      },
    });
    await posts.get('1');
    fails = true;
    told.length = 0;
    const key = ['post', '1'];
    await clock.advanceAsync(1500);
    await posts.get('1');
    await idle();
    expect(told[0]).toEqual(['stale', { key, why: 'staleFor' }]);
    expect(told[1]).toEqual(['loadFailed', { key, error: broken }]);
    await clock.advanceAsync(1000);
    told.length = 0;
    await posts.get('1');
    expect(told).toEqual([
      ['loadFailed', { key, error: broken }],
      ['stale', { key, why: 'graceFor' }],
    ]);
  });

  test('a change tells its dependencies, its mark and its reach', async () => {
    const { cache } = timedCache({ name: 'shop', behind: behind() });
    const told = listen(cache, 'change');
    const posts = cache.define<string>('post');
    await posts.set('1', 'one');
    await posts.delete('2');
    await cache.invalidate({ tags: ['a', 'b/c'], prefix: 'post' }, { soft: true });
    expect(told.map(([, event]) => event)).toEqual([
      { dependencies: ['=/shop/post/1'], mark: 1, reach: 'everywhere' },
      { dependencies: ['=/shop/post/2'], mark: 2, reach: 'everywhere' },
      { dependencies: ['?^/shop/post', '?#/shop/a', '?#/shop/b~1c'], mark: 3, reach: 'everywhere' },
    ]);
  });
});

describe.each([true, false])('what a slower tier answers (synchronous: %s)', (sync) => {
  test('is a hit of that tier, and no miss', async () => {
    const backend = new MapBackend({ sync, name: 'far' });
    await createCache({ tiers: [backend] })
      .define<string>('post')
      .set('1', 'one');
    const cache = createCache({ tiers: [memory(), backend] });
    const told = listen(cache, 'hit', 'miss', 'load');
    const posts = cache.define<string>('post', { load: () => 'loaded' });
    await posts.get('1');
    expect(told).toEqual([['hit', { key: ['post', '1'], tier: 'far' }]]);
  });

  test('is a hit without loading, too', async () => {
    const backend = new MapBackend({ sync, name: 'far' });
    await createCache({ tiers: [backend] })
      .define<string>('post')
      .set('1', 'one');
    const cache = createCache({ tiers: [memory(), backend] });
    const told = listen(cache, 'hit', 'miss');
    const posts = cache.define<string>('post', { load: () => 'loaded' });
    expect(await posts.get('1', { load: false })).toBe('one');
    expect(await posts.get('2', { load: false })).toBeUndefined();
    expect(told).toEqual([
      ['hit', { key: ['post', '1'], tier: 'far' }],
      ['miss', { key: ['post', '2'] }],
    ]);
  });

  test('is stale when it is old', async () => {
    const backend = new MapBackend({ sync, name: 'far' });
    const { cache: writer, clock } = timedCache({ behind: [backend] });
    await writer.define<string>('post', { ttl: 1000, staleFor: '1h' }).set('1', 'one');
    await clock.advanceAsync(1500);
    const { cache } = timedCache({ behind: [backend], clock });
    const told = listen(cache, 'stale', 'hit', 'miss');
    const posts = cache.define<string>('post', { load: () => 'loaded', ttl: 1000, staleFor: '1h' });
    expect(await posts.get('1')).toBe('one');
    expect(told).toEqual([['stale', { key: ['post', '1'], why: 'staleFor' }]]);
  });
});

test('a soft time limit says so', async () => {
  const { cache, clock } = timedCache();
  const told = listen(cache, 'stale');
  let slow = false;
  const posts = cache.define<string>('post', {
    ttl: 1000,
    graceFor: '1h',
    timeout: { soft: 100 },
    load: (key) => (slow ? new Promise<string>(() => {}) : key),
  });
  await posts.get('1');
  slow = true;
  await clock.advanceAsync(1500);
  const read = posts.get('1');
  await clock.advanceAsync(100);
  await read;
  expect(told).toEqual([['stale', { key: ['post', '1'], why: 'softTimeout' }]]);
});

test('refused is said of a backend that refused, not of a tier that failed', async () => {
  const store = new MapStore();
  const cache = createCache({ tiers: [memory(), store] });
  const told = listen(cache, 'refused', 'tierFailed');
  const posts = cache.define<string>('post', { load: (key) => key });
  store.before = (operation) => {
    if (operation === 'setMany') throw new Error('disk full');
  };
  await posts.get('1');
  await idle();
  expect(told.map(([name]) => name)).toEqual(['tierFailed']);
  store.before = () => {};
  store.setMany = (records) => Promise.resolve(records.map(() => false));
  await posts.get('2');
  await idle();
  expect(told.slice(1)).toEqual([['refused', { key: ['post', '2'], tier: 'map' }]]);
});

test('a gap is told: changes that a follower has missed, and another incarnation of the log', async () => {
  const log = localLog({ keep: 2 });
  const follower = new MapBackend({ log, sync: true });
  const cache = createCache({ tiers: [memory(), follower] });
  const told = listen(cache, 'gap');
  const posts = cache.define<string>('post', { load: (key) => key });
  await posts.get('1');
  follower.before = () => {
    throw new Error('cut off');
  };
  const other = createCache({ log });
  for (let i = 0; i < 3; i++) await other.invalidate({ tags: [`t${i}`] });
  follower.before = () => {};
  expect(posts.peek('1')).toBe('1'); // it doesn't know yet
  await other.invalidate({ tags: ['t'] });
  expect(told).toEqual([['gap', { reason: 'missed' }]]);
  expect(posts.peek('1')).toBeUndefined();
});

describe('listeners', () => {
  test('one that throws disturbs neither the read nor the others, and is told of', async () => {
    const broken = new Error('listener');
    const heard: unknown[] = [];
    const cache = createCache({
      on: {
        hit: () => {
          throw broken;
        },
        listenerFailed: (event) => {
          heard.push(event);
          throw new Error('again');
        },
      },
    });
    cache.on('hit', () => heard.push('second'));
    const posts = cache.define<string>('post', { load: (key) => key });
    await posts.get('1');
    expect(await posts.get('1')).toBe('1');
    expect(heard).toEqual([{ event: 'hit', error: broken }, 'second']);
  });

  test('one that has been taken away hears nothing more; taking it away twice does no harm', async () => {
    const cache = createCache();
    const posts = cache.define<string>('post', { load: (key) => key });
    const heard: string[] = [];
    const off = cache.on('hit', () => heard.push('a'));
    cache.on('hit', () => heard.push('b'));
    await posts.get('1');
    await posts.get('1');
    off();
    off();
    await posts.get('1');
    expect(heard).toEqual(['a', 'b', 'b']);
  });

  test('a collection defined later is listened to as well', async () => {
    const cache = createCache();
    const heard: unknown[] = [];
    cache.on('hit', ({ key }) => heard.push(key));
    const posts = cache.define<string>('post', { load: (key) => key });
    await posts.get('1');
    await posts.get('1');
    expect(heard).toEqual([['post', '1']]);
  });

  test('an event that there isn’t, or a listener that is none, is an error', () => {
    const cache = createCache();
    expect(() => cache.on('hits' as 'hit', () => {})).toThrow(expect.objectContaining({ code: 'bad_option' }));
    expect(() => cache.on('hit', 'log' as unknown as () => void)).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
    expect(() => cache.on('hit', undefined as unknown as () => void)).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
    expect(() => createCache({ on: { hits: () => {} } as object })).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
  });
});
