/** Bad input is an error of one family whose message names what was wrong, before anything is changed. */
import { describe, expect, test } from 'vitest';
import {
  type CacheOptions,
  type CollectionOptions,
  createCache,
  memory,
  type MemoryOptions,
  TidemarkError,
} from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { MapStore } from '../support/map-store.ts';

/** The error that a call throws or rejects with; a test that gets none fails. */
async function failure(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return 'no error';
}

async function expectBad(call: () => unknown, names: string, code = 'bad_option'): Promise<void> {
  const error = await failure(call);
  expect(error).toBeInstanceOf(TidemarkError);
  expect(error).toMatchObject({ name: 'TidemarkError', code, message: expect.stringContaining(names) as string });
}

const notDurations = [-1, NaN, '5', '5 s', 's', '5w', '1e3s', '-5s', '', null, true, {}, [5]];

describe('createCache', () => {
  const store = new MapStore();
  test.each<[string, unknown, string]>([
    ['no object', null, 'createCache'],
    ['an array', [], 'createCache'],
    ['a misspelt option', { tier: [] }, '"tier"'],
    ['name: empty', { name: '' }, 'name'],
    ['name: a number', { name: 7 }, 'name'],
    ['consistency', { consistency: 'eventual' }, 'consistency'],
    ['tiers: a store', { tiers: store }, 'tiers'],
    ['tiers: null in it', { tiers: [null] }, 'tiers[0]'],
    ['tiers: text in it', { tiers: [memory(), 'redis'] }, 'tiers[1]'],
    ['tiers: an object that is no store', { tiers: [{}] }, 'tiers[0]'],
    ['a tier without a store', { tiers: [{ timeout: 5 }] }, 'tiers[0]'],
    ['a tier with a misspelt option', { tiers: [{ store, timeOut: 5 }] }, '"timeOut"'],
    ['a tier’s timeout', { tiers: [{ store, timeout: 'soon' }] }, 'tiers[0]: timeout'],
    ['a tier’s maxTtl', { tiers: [{ store, maxTtl: -1 }] }, 'tiers[0]: maxTtl'],
    ['a tier’s maxBatch', { tiers: [{ store, maxBatch: 0 }] }, 'tiers[0]: maxBatch'],
    ['a tier’s breaker', { tiers: [{ store, breaker: 5 }] }, 'tiers[0]: breaker'],
    ['a breaker’s failures', { tiers: [{ store, breaker: { failures: 1.5 } }] }, 'breaker.failures'],
    ['a breaker’s pause', { tiers: [{ store, breaker: { pause: '?' } }] }, 'breaker.pause'],
    ['a misspelt option of a breaker', { tiers: [{ store, breaker: { pauses: 1 } }] }, '"pauses"'],
    ['on: a misspelt event', { on: { hits: () => {} } }, '"hits"'],
    ['on: no function', { on: { hit: 'log' } }, 'hit'],
    ['log: no log', { log: {} }, 'log'],
    ['clock: no clock', { clock: Date }, 'clock'],
    ['random: no function', { random: 0.5 }, 'random'],
  ])('%s', (_, options, names) => expectBad(() => createCache(options as CacheOptions), names));
});

describe('define', () => {
  const table: [string, unknown, string][] = [
    ['no object', null, 'define'],
    ['a misspelt option', { tll: '5s' }, '"tll"'],
    ['load', { load: 'db' }, 'load'],
    ['loadMany', { loadMany: {} }, 'loadMany'],
    ['tags', { tags: ['a'] }, 'tags'],
    ['maxBatch', { maxBatch: Infinity }, 'maxBatch'],
    ['jitter: 2', { jitter: 2 }, 'jitter'],
    ['jitter: text', { jitter: '10%' }, 'jitter'],
    ['earlyRefresh', { earlyRefresh: 'yes' }, 'earlyRefresh'],
    ['version: 0', { version: 0 }, 'version'],
    ['version: text', { version: 'v2' }, 'version'],
    ['schema', { schema: { validate: () => true } }, 'schema'],
    ['schema: null', { schema: null }, 'schema'],
    ['values', { values: 'cloned' }, 'values'],
    ['timeout: a duration', { timeout: '5s' }, 'timeout'],
    ['timeout: null', { timeout: null }, 'timeout'],
    ['timeout: a misspelt option', { timeout: { softly: 5 } }, '"softly"'],
    ['timeout.soft', { timeout: { soft: 'soon' } }, 'timeout.soft'],
    ['timeout.hard', { timeout: { hard: -1 } }, 'timeout.hard'],
  ];
  for (const option of ['ttl', 'staleFor', 'graceFor', 'negativeTtl', 'sourceLag'])
    for (const value of notDurations) table.push([`${option}: ${JSON.stringify(value)}`, { [option]: value }, option]);

  test.each(table)('%s', async (_, options, names) => {
    const cache = createCache();
    await expectBad(() => cache.define('post', options as CollectionOptions<unknown>), names);
    expect(cache.stats().collections).toEqual({});
    cache.define('post'); // the name is still free
  });

  test.each(['', 7, null, undefined, ['post']])('a name %j', (name) =>
    expectBad(() => createCache().define(name as string), 'name'),
  );

  test('a name twice', async () => {
    const cache = createCache();
    cache.define('post');
    await expectBad(() => cache.define('post'), "'post'");
  });
});

describe('memory', () => {
  test.each<[string, unknown, string]>([
    ['no object', 5, 'memory'],
    ['a misspelt option', { max: 5 }, '"max"'],
    ['maxEntries: 0', { maxEntries: 0 }, 'maxEntries'],
    ['maxEntries: a fraction', { maxEntries: 1.5 }, 'maxEntries'],
    ['maxEntries: text', { maxEntries: '5' }, 'maxEntries'],
    ['maxBytes: 0', { maxBytes: 0 }, 'maxBytes'],
    ['maxBytes: no unit', { maxBytes: '50' }, 'maxBytes'],
    ['maxBytes: a unit that there isn’t', { maxBytes: '50mib' }, 'maxBytes'],
    ['maxBytes: null', { maxBytes: null }, 'maxBytes'],
    ['policy', { policy: 'fifo' }, 'policy'],
    ['weigh', { weigh: 5 }, 'weigh'],
    ['name', { name: '' }, 'name'],
  ])('%s', (_, options, names) => expectBad(() => memory(options as MemoryOptions), names));
});

describe('localLog', () => {
  test.each<[string, unknown, string]>([
    ['no object', 'log', 'localLog'],
    ['a misspelt option', { keeps: 5 }, '"keeps"'],
    ['keep', { keep: 0 }, 'keep'],
    ['stamps', { stamps: -1 }, 'stamps'],
  ])('%s', (_, options, names) => expectBad(() => localLog(options as { keep: number }), names));
});

describe('operations', () => {
  const begin = () => {
    const cache = createCache();
    return { cache, posts: cache.define<string>('post', { load: () => 'x' }) };
  };
  type Made = ReturnType<typeof begin>;
  const as = (value: unknown) => value as never;

  test.each<[string, (made: Made) => unknown, string, string?]>([
    ['invalidate: nothing', ({ cache }) => cache.invalidate({}), 'invalidate'],
    ['invalidate: no object', ({ cache }) => cache.invalidate(as('post')), 'invalidate'],
    ['invalidate: a misspelt option', ({ cache }) => cache.invalidate(as({ tag: 'a' })), '"tag"'],
    [
      'invalidate: a misspelt second option',
      ({ cache }) => cache.invalidate({ all: true }, as({ softly: true })),
      '"softly"',
    ],
    [
      'invalidate: soft that is no boolean',
      ({ cache }) => cache.invalidate({ all: true }, as({ soft: 'yes' })),
      'soft',
    ],
    ['invalidate: all that is not true', ({ cache }) => cache.invalidate(as({ all: false })), 'invalidate'],
    ['invalidate: tags as one text', ({ cache }) => cache.invalidate(as({ tags: 'author:7' })), 'tags'],
    ['invalidate: keys as one text', ({ cache }) => cache.invalidate(as({ keys: 'post' })), 'keys'],
    [
      'invalidate: a pattern that is none',
      ({ cache }) => cache.invalidate(as({ pattern: 7 })),
      'pattern',
      'bad_pattern',
    ],
    ['invalidate: an empty pattern', ({ cache }) => cache.invalidate({ pattern: '' }), 'pattern', 'bad_pattern'],
    ['invalidate: a star within', ({ cache }) => cache.invalidate({ pattern: 'post:a*' }), 'star', 'bad_pattern'],
    ['invalidate: a bad prefix', ({ cache }) => cache.invalidate(as({ prefix: [null] })), 'null', 'bad_key'],
    [
      'collection.invalidate: a misspelt option',
      ({ posts }) => posts.invalidate('1', as({ softly: true })),
      '"softly"',
    ],
    ['set: a misspelt option', ({ posts }) => posts.set('1', 'x', as({ tag: 'a' })), '"tag"'],
    ['set: a bad ttl', ({ posts }) => posts.set('1', 'x', as({ ttl: 'soon' })), 'ttl'],
    ['set: tags as one text', ({ posts }) => posts.set('1', 'x', as({ tags: 'author:7' })), 'tags'],
    ['getOrLoad: no object', ({ cache }) => cache.getOrLoad(as(null)), 'getOrLoad'],
    ['getOrLoad: no loader', ({ cache }) => cache.getOrLoad(as({ key: 'a' })), 'load'],
    ['getOrLoad: a misspelt option', ({ cache }) => cache.getOrLoad(as({ key: 'a', load: () => 1, tll: 5 })), '"tll"'],
    ['getOrLoad: a bad ttl', ({ cache }) => cache.getOrLoad(as({ key: 'a', load: () => 1, ttl: 'soon' })), 'ttl'],
    [
      'getOrLoad: tags as one text',
      ({ cache }) => cache.getOrLoad(as({ key: 'a', load: () => 1, tags: 'author:7' })),
      'tags',
    ],
    ['getOrLoad: no key', ({ cache }) => cache.getOrLoad(as({ load: () => 1 })), 'segment', 'bad_key'],
    ['warm: no array', ({ cache }) => cache.warm(as(null)), 'warm'],
    ['warm: a misspelt option', ({ cache }) => cache.warm([], as({ concurrent: 5 })), '"concurrent"'],
    ['warm: concurrency', ({ cache }) => cache.warm([], { concurrency: 0 }), 'concurrency'],
    ['warm: onProgress', ({ cache }) => cache.warm([], as({ onProgress: 5 })), 'onProgress'],
    ['getMany: one text', ({ posts }) => posts.getMany(as('123')), 'getMany'],
  ])('%s', async (_, call, names, code) => {
    const made = begin();
    await expectBad(() => call(made), names, code);
    expect(made.cache.stats().log.known).toBe(0);
  });

  test('a tags function that answers with one text instead of a list fails the load: its letters are no tags', async () => {
    const posts = createCache().define<string>('post', { load: () => 'x', tags: as(() => 'author:7') });
    await expectBad(() => posts.get('1'), 'tags');
    await expectBad(() => posts.set('1', 'x'), 'tags');
  });

  test('an error shows what it got, shortly', async () => {
    const error = await failure(() => createCache({ consistency: 'x'.repeat(1000) as 'strong' }));
    expect((error as Error).message.length).toBeLessThan(200);
  });
});
