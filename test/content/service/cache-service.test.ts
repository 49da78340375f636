/** The service answers as its users expect, with the engine's promises behind it. */
import { afterEach, describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { contentSwitches, entityPolicies } from 'tidemark/content';
import {
  CACHE_CONFIGS,
  type CacheConfig,
  CacheService,
  clearAllCaches,
  createCachePattern,
  createCacheServices,
  generateCacheKey,
  getAllCacheStats,
  getCacheConfig,
  getCacheService,
  hashQueryParams,
  parseCacheKey,
  useCacheServices,
} from 'tidemark/content/service';
import { deferred } from '../../support/deferred.ts';
import { alone, world } from './isolates.ts';

const KEY = 'content:post:1:v1';

describe('reading and keeping', () => {
  test('null for what is not there, the value for what is', async () => {
    const content = alone().services.get('content');
    expect(content).toBeInstanceOf(CacheService);
    expect(await content.get(KEY)).toBeNull();
    expect(await content.set(KEY, { id: '1' })).toBeUndefined();
    expect(await content.get<{ id: string }>(KEY)).toEqual({ id: '1' });
    expect(await content.delete(KEY)).toBeUndefined();
    expect(await content.get(KEY)).toBeNull();
  });

  test('times are seconds: of the configuration, of the call, as a number or a part of a configuration', async () => {
    const { services, clock } = alone();
    const content = services.get({ ...getCacheConfig('content'), ttl: 100 });
    await content.set('content:a', 1);
    await content.set('content:b', 2, 10);
    await content.set('content:c', 3, { ttl: 20 });
    await content.getOrSet('content:d', () => 4, { ttl: 30 });
    const left = async () =>
      Promise.all(['a', 'b', 'c', 'd'].map(async (id) => (await content.getWithSource(`content:${id}`)).ttl));
    expect(await left()).toEqual([100, 10, 20, 30]);
    clock.advance(15_000);
    expect(await left()).toEqual([85, undefined, 5, 15]);
  });

  test('source, age and time left come with a value, from memory and from KV', async () => {
    const { isolate, clock } = world();
    const [one, other] = [isolate(), isolate()];
    const before = clock.now();
    await one.services.get('content').set(KEY, 'value');
    await one.settle();
    const content = other.services.get('content');
    expect(await content.getWithSource(KEY)).toMatchObject({
      data: 'value',
      source: 'kv',
      hit: true,
      timestamp: before,
    });
    expect(await content.getWithSource(KEY)).toMatchObject({ data: 'value', source: 'memory', hit: true });
    expect(await content.getWithSource('content:post:2:v1')).toEqual({ data: null, source: 'miss', hit: false });
    expect(await content.getFromKV(KEY)).toBe('value');
  });

  test('a list of 20 items is not copied, and not written out, where values are frozen', async () => {
    const content = alone({ values: 'frozen' }).services.get('content');
    const list = Array.from({ length: 20 }, (_, id) => ({ id, toJSON: undefined }));
    await content.set('content:list:all', list);
    expect((await content.getWithSource('content:list:all')).data).toBe(list);
  });

  test('many keys are one read of KV', async () => {
    const { isolate, kv } = world();
    const [one, other] = [isolate(), isolate({ consistency: 'bounded' })];
    const keys = Array.from({ length: 50 }, (_, i) => `content:page:${i}:v1`);
    await one.services.get('content').setMany(keys.map((key, value) => ({ key, value })));
    await one.settle();
    await other.services.get('content').get(KEY); // it knows the log now
    const asked = kv.calls.get;
    const found = await other.services.get('content').getMany<number>([...keys, 'content:post:x:v1', keys[0]]);
    expect([...found]).toEqual(keys.map((key, value) => [key, value]));
    expect(kv.calls.get - asked).toBe(1);
  });

  test('many deletes are one change', async () => {
    const { isolate, changes } = world();
    const content = isolate().services.get('content');
    const keys = Array.from({ length: 50 }, (_, i) => `content:post:${i}:v1`);
    await content.setMany(keys.map((key) => ({ key, value: 1 })));
    const said = changes();
    await content.deleteMany(keys);
    expect(changes() - said).toBe(1);
    expect((await content.getMany(keys)).size).toBe(0);
  });

  test('a fetcher that fails fails for all who asked, and keeps nothing', async () => {
    const content = alone().services.get('content');
    const fail = async () => Promise.reject(new Error('down'));
    await expect(Promise.all([content.getOrSet(KEY, fail), content.getOrSet(KEY, fail)])).rejects.toThrow('down');
    expect(await content.getOrSet(KEY, () => 'up')).toBe('up');
    expect(content.getStats()).toMatchObject({ failed: 2, dbHits: 1, totalRequests: 3 });
  });

  test('null and undefined are not kept unless a time for them is given', async () => {
    const content = alone().services.get('content');
    expect(await content.getOrSet<null | string>(KEY, () => null)).toBeNull();
    expect(await content.getOrSet<undefined | string>(KEY, () => undefined)).toBeUndefined();
    await content.set(KEY, null);
    expect(await content.getOrSet(KEY, () => 'there')).toBe('there');
    await content.delete(KEY);
    await content.getOrSet(KEY, () => null, { negativeTtl: 5 });
    expect(await content.getOrSet<null | string>(KEY, () => 'there')).toBeNull();
    expect(await content.has(KEY)).toBe(false);
  });
});

describe('what a set means', () => {
  test('after a read that found nothing it says no change', async () => {
    const { isolate, changes } = world();
    const content = isolate().services.get('content');
    await content.get(KEY);
    const said = changes();
    await content.set(KEY, 'loaded');
    expect(changes()).toBe(said);
    expect(await content.get(KEY)).toBe('loaded');
  });

  test('otherwise it is a change: what other isolates hold gives way', async () => {
    const { isolate } = world();
    const [one, other] = [isolate(), isolate()];
    await one.services.get('content').set(KEY, 'first');
    await one.settle();
    expect(await other.services.get('content').get(KEY)).toBe('first');
    await one.services.get('content').set(KEY, 'second');
    await one.settle();
    expect(await other.services.get('content').get(KEY)).toBe('second');
  });

  test('a read that found nothing too long ago is forgotten', async () => {
    const { isolate, changes, clock } = world();
    const content = isolate({ fillWithin: 5 }).services.get('content');
    await content.get(KEY);
    clock.advance(5001);
    const said = changes();
    await content.set(KEY, 'value');
    expect(changes() - said).toBe(1);
    expect(await content.get(KEY)).toBe('value');
  });

  test('where a read that found nothing had to be forgotten for its room, it is a change that brings nothing', async () => {
    const { services, clock } = alone();
    const content = services.get('content');
    for (let i = 0; i <= 10_000; i++) await content.get(`content:post:${i}:v1`);
    await content.set('content:post:0:v1', 'perhaps old');
    expect(await content.get('content:post:0:v1')).toBeNull();
    await content.set('content:post:9:v1', 'loaded');
    await content.set('content:post:x:v1', 'nobody has asked for it');
    expect((await content.getMany(['content:post:9:v1', 'content:post:x:v1'])).size).toBe(2);
    clock.advance(120_001);
    await content.set('content:post:0:v1', 'value');
    expect(await content.get('content:post:0:v1')).toBe('value');
  });

  test('of a thousand that asked for one key in vain each is judged as what it may have loaded', async () => {
    const content = alone().services.get('content');
    for (let i = 0; i < 1000; i++) await content.get(KEY);
    await content.delete(KEY);
    for (let i = 0; i < 1000; i++) await content.set(KEY, 'old');
    expect(await content.get(KEY)).toBeNull();
  });
});

describe('warming', () => {
  test('fetches what is missing, and is overtaken by a change', async () => {
    const content = alone().services.get('content');
    await content.set('content:a', 'there');
    const load = deferred<string>();
    const warming = content.warmCache([
      { key: 'content:b', fetcher: () => load.promise },
      { key: 'content:a', fetcher: () => 'not asked for' },
      { key: 'content:c', value: 'given' },
    ]);
    await content.invalidate('content:b');
    load.resolve('old');
    await warming;
    expect(await content.getMany(['content:a', 'content:b', 'content:c'])).toEqual(
      new Map([
        ['content:a', 'there'],
        ['content:c', 'given'],
      ]),
    );
  });
});

describe('tiers', () => {
  test('sessions stay in memory, as their configuration says', async () => {
    const { isolate, kv } = world();
    const one = isolate();
    await one.services.get('session').set('session:1', 'secret');
    await one.settle();
    expect(kv.calls.put).toBe(0);
    expect(await one.services.get('session').get('session:1')).toBe('secret');
  });

  test('what is not to be in memory is in KV alone', async () => {
    const { isolate } = world();
    const one = isolate();
    const media = one.services.get({ ...getCacheConfig('media'), memoryEnabled: false });
    await media.set('media:file:1:v1', 'value');
    await one.settle();
    expect((await media.getWithSource('media:file:1:v1')).source).toBe('kv');
    expect((await media.getWithSource('media:file:1:v1')).source).toBe('kv');
  });

  test('a call that asks for other tiers than its service is refused', async () => {
    const content = alone().services.get('content');
    await expect(content.set(KEY, 'secret', { kvEnabled: false })).rejects.toMatchObject({ code: 'bad_option' });
    expect(await content.get(KEY)).toBeNull();
  });
});

describe('versions', () => {
  test('two deploys work side by side, and a change of either reaches both', async () => {
    const { isolate } = world();
    const [before, after] = [isolate({ version: '41' }), isolate({ version: '42' })];
    const [old, young] = [before.services.get('content'), after.services.get('content')];
    await old.getOrSet(KEY, () => 'shape of 41');
    await before.settle();
    expect(await young.getOrSet(KEY, () => 'shape of 42')).toBe('shape of 42');
    await after.settle();
    expect(await old.get(KEY)).toBe('shape of 41');
    await old.invalidate('content:*:1:*');
    expect(await old.get(KEY)).toBeNull();
    expect(await young.get(KEY)).toBeNull();
  });

  test('the version of a configuration ends its keys', () => {
    const { services } = alone();
    expect(services.get('content').generateKey('post', '1')).toBe('content:post:1:v1');
    expect(services.get({ ...getCacheConfig('content'), version: 'v2' }).generateKey('post', '1')).toBe(
      'content:post:1:v2',
    );
    expect(services.get('content').generateKey('featured')).toBe('content:featured:v2');
  });
});

describe('switches', () => {
  test('off: a read is a miss, a fetcher is asked, nothing is kept, and a change is said', async () => {
    const switches = contentSwitches();
    const { isolate } = world();
    const [one, other] = [isolate({ switches }), isolate()];
    const content = one.services.get('content');
    await content.set(KEY, 'old');
    await one.settle();
    switches.off('to see', { namespace: 'content' });
    expect(await content.getWithSource(KEY)).toMatchObject({ hit: false, source: 'miss' });
    expect([await content.has(KEY), await content.getFromKV(KEY), await content.getEntry(KEY)]).toEqual([
      false,
      null,
      null,
    ]);
    expect(await content.getOrSet(KEY, () => 'loaded')).toBe('loaded');
    await content.delete(KEY);
    switches.on({ namespace: 'content' });
    expect(await content.get(KEY)).toBeNull();
    expect(await other.services.get('content').get(KEY)).toBeNull();
    expect(content.getStats()).toMatchObject({ dbHits: 1, misses: 2, totalRequests: 3 });
  });

  test('off: what was loaded for a miss is not kept, and says no change', async () => {
    const { isolate, changes } = world();
    const content = isolate({ switches: { allows: () => false } }).services.get('content');
    await content.get(KEY);
    const said = changes();
    await content.set(KEY, 'loaded');
    expect(changes()).toBe(said);
    await content.set(KEY, 'written');
    expect(changes() - said).toBe(1);
  });
});

describe('the services of a program', () => {
  afterEach(() => useCacheServices(alone().services));

  test('are found from anywhere, cleared and counted together', async () => {
    const { services } = alone();
    useCacheServices(services);
    const content = getCacheService(CACHE_CONFIGS['content']);
    expect(getCacheService('content')).toBe(content);
    expect(getCacheService(getCacheConfig('content'))).toBe(content);
    await content.set(KEY, 'value');
    await getCacheService('user').set('user:profile:1:v1', 'value');
    await content.get(KEY);
    expect(getAllCacheStats()).toMatchObject({ content: { memoryHits: 1, entryCount: 1 }, user: { entryCount: 1 } });
    await clearAllCaches();
    expect(await content.get(KEY)).toBeNull();
    expect(await getCacheService('user').get('user:profile:1:v1')).toBeNull();
    expect(getAllCacheStats()['content']).toMatchObject({ memoryHits: 0, entryCount: 0, totalRequests: 1 });
  });

  test('take no KV namespace: it is a tier', () => {
    expect(() => getCacheService(CACHE_CONFIGS['content'], {} as never)).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
  });
});

describe('configurations', () => {
  test('are those of the planned policies', () => {
    expect(Object.entries(CACHE_CONFIGS).map(([name, { ttl, kvEnabled }]) => [name, ttl, kvEnabled])).toEqual([
      ['content', 3600, true],
      ['user', 900, true],
      ['config', 7200, true],
      ['media', 3600, true],
      ['api', 300, true],
      ['session', 1800, false],
      ['plugin', 3600, true],
      ['collection', 3600, true],
    ]);
    expect(getCacheConfig('menu')).toMatchObject({ namespace: 'menu', ttl: 3600, version: 'v1' });
    expect(getCacheConfig('toString').namespace).toBe('toString');
  });

  test('come from policies where they are given', async () => {
    const policies = entityPolicies({ menu: { ttl: '1m', negativeTtl: '5s', tiers: ['memory'] } });
    const { services } = alone({ policies });
    expect(services.get('menu').config).toMatchObject({ ttl: 60, negativeTtl: 5, kvEnabled: false });
    expect(services.get('other').config.ttl).toBe(3600);
  });

  test.each<[string, Partial<Record<keyof CacheConfig | 'other', unknown>>]>([
    ['namespace', { namespace: '' }],
    ['colon', { namespace: 'a:b' }],
    ['ttl', { ttl: -1 }],
    ['ttl', { ttl: Number.NaN }],
    ['negativeTtl', { negativeTtl: '1m' }],
    ['kvEnabled', { kvEnabled: 'yes' }],
    ['invalidateOn', { invalidateOn: 'content.update' }],
    ['version', { version: '' }],
    ['other', { other: 1 }],
  ])('a bad %s is named before anything is changed', (name, bad) => {
    const { services } = alone();
    const config = { ...getCacheConfig('content'), ...bad } as CacheConfig;
    expect(() => services.get(config)).toThrow(expect.objectContaining({ code: 'bad_option' }));
    expect(() => services.get(config)).toThrow(name);
    expect(services.namespaces).toEqual([]);
  });

  test('tiers and times beyond the TTL are those that a namespace began with', () => {
    const { services } = alone();
    services.get('content');
    for (const other of [{ memoryEnabled: false }, { staleFor: 1 }, { graceFor: 1 }])
      expect(() => services.get({ ...getCacheConfig('content'), ...other })).toThrow(
        expect.objectContaining({ code: 'bad_option' }),
      );
  });

  test('bad options and keys are named', async () => {
    const cache = createCache({ tiers: [memory()] });
    const bad = [
      {},
      { cache: {} },
      { cache, values: 'shared' },
      { cache, version: '' },
      { cache, switches: {} },
      { cache, ttl: 1 },
    ];
    for (const options of bad)
      expect(() => createCacheServices(options as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
    const content = createCacheServices({ cache }).get('content');
    await expect(content.get(7 as never)).rejects.toMatchObject({ code: 'bad_key' });
    await expect(content.invalidate(undefined as never)).rejects.toMatchObject({ code: 'bad_pattern' });
    await expect(content.set(KEY, () => 1)).rejects.toMatchObject({ code: 'bad_value' });
    await expect(content.getOrSet(KEY, 'x' as never)).rejects.toMatchObject({ code: 'bad_option' });
    await expect(content.set(KEY, 1, -1)).rejects.toMatchObject({ code: 'bad_option' });
  });
});

describe('keys', () => {
  test('are made and taken apart', () => {
    expect(generateCacheKey('content', 'post', '123')).toBe('content:post:123:v1');
    expect(generateCacheKey('content', 'post', '123', 'v2')).toBe('content:post:123:v2');
    expect(parseCacheKey('content:post:123:v2')).toEqual({
      namespace: 'content',
      type: 'post',
      identifier: '123',
      version: 'v2',
    });
    expect(createCachePattern('content')).toBe('content:*');
    expect(createCachePattern('content', 'post', '1')).toBe('content:post:1:*');
  });

  test('of a query are one segment without a wildcard', () => {
    const text = hashQueryParams({ q: 'a:b*c?d', at: new Date(0), not: undefined, lone: '\ud800', all: new Set([1]) });
    expect(text).not.toMatch(/[:*?]/);
    expect(() => hashQueryParams({ f: () => 1 })).toThrow(expect.objectContaining({ code: 'bad_value' }));
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    expect(() => hashQueryParams(loop)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });
});
