/** Sixteen defects that cache services of this kind are known to have. Each of them is shown not to be here. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { type ContentItem, contentRepository, contentSwitches, createContent, memorySource } from 'tidemark/content';
import { httpCache } from 'tidemark/content/http';
import {
  createCachePattern,
  createCacheServices,
  getCacheConfig,
  generateCacheKey,
  hashQueryParams,
  parseCacheKey,
} from 'tidemark/content/service';
import { deferred } from '../../support/deferred.ts';
import { alone, world } from './isolates.ts';

interface Post {
  readonly id: string;
  readonly title: string;
}

const entry = (id: string): ContentItem => ({
  id,
  collectionId: 'posts',
  slug: id,
  title: 'first',
  status: 'published',
  data: null,
  authorId: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  publishedAt: null,
});

describe('1: a pattern that leaves the namespace out, and a write that forgets a cache', () => {
  test('the pattern reaches the keys of the service all the same', async () => {
    const api = alone().services.get('api');
    await api.set('api:content-list:{"limit":20}', ['old']);
    await api.invalidate('content-list:*');
    expect(await api.get('api:content-list:{"limit":20}')).toBeNull();
  });

  test('a pattern of another namespace reaches that namespace', async () => {
    const { services } = alone();
    await services.get('api').set('api:posts:1:v1', 'old');
    await services.get('content').invalidate('api:*');
    expect(await services.get('api').get('api:posts:1:v1')).toBeNull();
  });

  test('a save through a repository drops what the API has cached, without a line about it', async () => {
    const { cache, services, clock } = alone();
    const content = createContent({ cache, clock });
    const posts = content.repository<Post>({ name: 'posts', source: memorySource<Post>() });
    await posts.create({ id: '1', title: 'first' });
    const api = services.get('api');
    await api.set('api:content-list:all', await posts.findMany());
    await posts.update('1', { title: 'second' });
    expect(await api.get('api:content-list:all')).toBeNull();
  });

  test('so it does for what is kept beside it under its own name, with the namespace in the key or without', async () => {
    const { cache, services, clock } = alone();
    const content = createContent({ cache, clock });
    const service = services.get('content');
    const source = memorySource<ContentItem>();
    const entries = contentRepository({ source }, (options) => content.repository({ policy: 'content', ...options }));
    expect(entries.name).toBe('content');
    await entries.create(entry('1'));
    const keys = ['content:post:1:v1', 'content:1', 'post:1', '1', 'content:list:all:v1'];
    for (const key of keys) await service.set(key, await entries.findById('1'));
    await service.set('content:post:2:v1', 'another');
    await entries.update('1', { title: 'second' });
    for (const key of keys) expect([key, await service.get(key)]).toEqual([key, null]);
    expect(await service.get('content:post:2:v1')).toBe('another');
    expect((await entries.findById('1'))?.title).toBe('second');
  });
});

describe('2: more than a thousand keys in KV', () => {
  test('an invalidation reaches all 1,500 for every isolate, and asks nothing of KV', { timeout: 60_000 }, async () => {
    const { isolate, kv, changes } = world({ operations: 10_000 });
    const [one, other] = [isolate(), isolate()];
    const keys = Array.from({ length: 1500 }, (_, i) => `content:post:${i}:v1`);
    for (const key of keys) await one.services.get('content').set(key, 'old');
    await one.settle();
    expect((await other.services.get('content').getMany(keys)).size).toBe(1500);

    const [before, said] = [{ ...kv.calls }, changes()];
    await one.services.get('content').invalidate('content:*');
    expect(changes() - said).toBe(1);
    expect(kv.calls).toEqual(before);
    const newcomer = isolate();
    for (const { services } of [one, other, newcomer])
      expect((await services.get('content').getMany(keys)).size).toBe(0);
  });
});

describe('3: clear', () => {
  test('what KV has is not served after it, here or in another isolate', async () => {
    const { isolate } = world();
    const [one, other] = [isolate(), isolate()];
    await one.services.get('content').set('content:post:1:v1', 'old');
    await one.settle();
    await one.services.get('content').clear();
    expect(await one.services.get('content').get('content:post:1:v1')).toBeNull();
    expect(await other.services.get('content').get('content:post:1:v1')).toBeNull();
  });

  test('one change, whatever there is', async () => {
    const { isolate, changes } = world();
    const content = isolate().services.get('content');
    for (let i = 0; i < 20; i++) await content.set(`content:post:${i}:v1`, i);
    const said = changes();
    await content.clear();
    expect(changes() - said).toBe(1);
  });

  test('3b: an event that is emitted is heard', async () => {
    const { cache, services, clock } = alone();
    const content = createContent({ cache, clock });
    await services.get('content').set('content:post:123:v1', 'old');
    await services.get('config').set('config:plugins:active:v1', 'old');
    await content.events.emit('content.publish', { id: '123' });
    await content.events.emit('plugin.activate', { id: 'seo' });
    expect(await services.get('content').get('content:post:123:v1')).toBeNull();
    expect(await services.get('config').get('config:plugins:active:v1')).toBeNull();
  });
});

describe('4: an old value comes back', () => {
  test('not when a delete overtakes a read of KV', async () => {
    const { isolate, kv } = world();
    const [one, other] = [isolate(), isolate()];
    await one.services.get('content').set('content:post:1:v1', 'old');
    await one.settle();
    const asked = kv.calls.get;
    const reading = other.services.get('content').get('content:post:1:v1');
    await expect.poll(() => kv.calls.get).toBe(asked + 1);
    await other.services.get('content').delete('content:post:1:v1');
    await reading;
    expect(other.services.get('content').getFromMemory('content:post:1:v1')).toBeNull();
    expect(await other.services.get('content').get('content:post:1:v1')).toBeNull();
  });

  test('not when a load began before a write and ends after its invalidation', async () => {
    const content = alone().services.get('content');
    const load = deferred<string>();
    const reading = content.getOrSet('content:post:1:v1', () => load.promise);
    await content.invalidate('content:*:1:*');
    load.resolve('old');
    expect(await reading).toBe('old'); // asked before the change
    expect(await content.get('content:post:1:v1')).toBeNull();
  });

  test('not when a program gets nothing, loads, and sets after the invalidation', async () => {
    const { isolate } = world();
    const [reader, writer] = [isolate(), isolate()];
    const content = reader.services.get('content');
    expect(await content.get('content:post:1:v1')).toBeNull();
    const loaded = 'old'; // from the database, before the other one writes
    await writer.services.get('content').delete('content:post:1:v1');
    await content.set('content:post:1:v1', loaded);
    expect(await content.get('content:post:1:v1')).toBeNull();
  });

  test('not when of two that got nothing the slower one sets last', async () => {
    const content = alone().services.get('content');
    await content.get('content:post:1:v1'); // loads the old value
    await content.invalidate('content:*');
    await content.get('content:post:1:v1'); // loads the new one
    await content.set('content:post:1:v1', 'new');
    await content.set('content:post:1:v1', 'old');
    expect(await content.get('content:post:1:v1')).toBeNull();
  });

  test('not when a writer that drops and sets comes between', async () => {
    const content = alone().services.get('content');
    await content.get('content:post:1:v1'); // loads the old value
    await content.delete('content:post:1:v1');
    await content.set('content:post:1:v1', 'new');
    await content.set('content:post:1:v1', 'old');
    expect(await content.get('content:post:1:v1')).toBeNull();
  });
});

describe('5: a value found in KV lives on', () => {
  test('only for the time that it has left', async () => {
    const { isolate, clock } = world();
    const [one, other] = [isolate(), isolate()];
    await one.services.get('content').set('content:post:1:v1', 'value', { ttl: 60 });
    await one.settle();
    clock.advance(59_000);
    const found = await other.services.get('content').getWithSource('content:post:1:v1');
    expect(found).toMatchObject({ source: 'kv', data: 'value' });
    expect(found.ttl).toBeCloseTo(1, 1);
    expect((await other.services.get('content').getWithSource('content:post:1:v1')).source).toBe('memory');
    clock.advance(1001);
    expect(await other.services.get('content').get('content:post:1:v1')).toBeNull();
    expect(await other.services.get('content').getFromKV('content:post:1:v1')).toBeNull();
  });
});

describe('6: a stampede', () => {
  test('100 that ask at once make one load', async () => {
    const content = alone().services.get('content');
    let loads = 0;
    const load = deferred<string>();
    const all = Array.from({ length: 100 }, () =>
      content.getOrSet('content:post:1:v1', () => {
        loads++;
        return load.promise;
      }),
    );
    load.resolve('value');
    expect(new Set(await Promise.all(all))).toEqual(new Set(['value']));
    expect(loads).toBe(1);
  });

  test('what is not there is remembered for as long as is said', async () => {
    const { services, clock } = alone();
    const content = services.get({ ...getCacheConfig('content'), negativeTtl: 30 });
    let loads = 0;
    const ask = () => content.getOrSet('content:post:9:v1', () => (loads++, null));
    for (let i = 0; i < 5; i++) expect(await ask()).toBeNull();
    expect(loads).toBe(1);
    clock.advance(30_001);
    await ask();
    expect(loads).toBe(2);
  });
});

describe('7: a caller changes what it got or gave', () => {
  test.each(['copied', 'frozen'] as const)('and the cache is as it was: %s', async (values) => {
    const content = alone({ values }).services.get('content');
    const given = { tags: ['a'] };
    await content.set('content:post:1:v1', given);
    const push = (to: { tags: string[] }) => {
      try {
        to.tags.push('b');
      } catch (error) {
        expect(values).toBe('frozen');
        expect(error).toBeInstanceOf(TypeError);
      }
    };
    push(given);
    push((await content.get<typeof given>('content:post:1:v1'))!);
    push((await content.getWithSource<typeof given>('content:post:1:v1')).data!);
    push((await content.getEntry<typeof given>('content:post:1:v1'))!.data);
    push(content.getFromMemory<typeof given>('content:post:1:v1')!);
    push(await content.getOrSet('content:post:1:v1', () => given));
    expect(await content.get('content:post:1:v1')).toEqual({ tags: ['a'] });
  });

  test('and the bytes that memory counts are those that it holds', async () => {
    const cache = createCache({ tiers: [memory({ maxBytes: '1mb' })] });
    const content = createCacheServices({ cache }).get('content');
    const given = { text: 'a' };
    await content.set('content:post:1:v1', given);
    given.text = 'a'.repeat(1000);
    await content.delete('content:post:1:v1');
    expect(content.getStats()).toMatchObject({ memorySize: 0, entryCount: 0 });
  });
});

describe('8: eviction', () => {
  test('a key that is read stays, those that are not leave', async () => {
    const cache = createCache({ tiers: [memory({ maxEntries: 100 })] });
    const content = createCacheServices({ cache }).get('content');
    await content.set('content:post:hot:v1', 'hot');
    for (let i = 0; i < 500; i++) {
      await content.set(`content:post:${i}:v1`, i);
      await content.get('content:post:hot:v1');
    }
    expect(await content.get('content:post:hot:v1')).toBe('hot');
    expect(await content.get('content:post:0:v1')).toBeNull();
  });
});

describe('9: patterns', () => {
  test.each(['a+b', '(', '[a-z', 'a.c', '\\', 'x|y', '{"q":"(a+)+$"}', 'a/b~c', '$&', '^'])(
    'a key with %s in it is dropped by its own name and by a pattern, and nothing beside it',
    async (id) => {
      const content = alone().services.get('content');
      const [own, beside] = [`content:post:${id}:v1`, 'content:post:abc:v1'];
      for (const pattern of [own, `content:*:${id}:*`]) {
        await content.set(own, 1);
        await content.set(beside, 2);
        await content.invalidate(pattern);
        expect(await content.get(own)).toBeNull();
        expect(await content.get(beside)).toBe(2);
      }
    },
  );

  test('a pattern made to be slow costs one change and no scan of 100,000 keys', async () => {
    const cache = createCache({ tiers: [memory({ maxEntries: 100_000 })] });
    const content = createCacheServices({ cache, values: 'frozen' }).get('content');
    await content.setMany(
      Array.from({ length: 100_000 }, (_, i) => ({ key: `content:${'a'.repeat(30)}:${i}`, value: 1 })),
    );
    const before = cache.stats();
    await content.invalidate('content:' + '*a'.repeat(40) + 'b');
    await content.invalidate('*:a'.repeat(1000) + ':b');
    const after = cache.stats();
    expect(after.log.known - before.log.known).toBe(2);
    expect(after.tiers[0].reads).toBe(before.tiers[0].reads);
    expect(after.tiers[0].usage?.entries).toBe(100_000); // what was not read was not looked at
  }, 60_000);
});

describe('10: settings and switches', () => {
  test('a new configuration of a namespace holds from then on', async () => {
    const { services, clock } = alone();
    services.get('content');
    const content = services.get({ ...getCacheConfig('content'), ttl: 10 });
    await content.set('content:post:1:v1', 'value');
    expect(services.get('content').config.ttl).toBe(10);
    clock.advance(10_001);
    expect(await content.get('content:post:1:v1')).toBeNull();
  });

  test('a switch is heard at the next read, and again when it is turned back', async () => {
    const switches = contentSwitches();
    const content = alone({ switches }).services.get('content');
    await content.set('content:post:1:v1', 'value');
    switches.off('to see');
    expect(await content.get('content:post:1:v1')).toBeNull();
    switches.on();
    expect(await content.get('content:post:1:v1')).toBe('value');
  });
});

describe('11: keys of queries', () => {
  test('nested filters that differ have keys that differ, in any order of names', () => {
    const one = { where: { status: 'published', tags: { in: ['a', 'b'] } }, limit: 20 };
    expect(hashQueryParams(one)).not.toBe(hashQueryParams({ ...one, where: { status: 'draft' } }));
    expect(hashQueryParams({ limit: 20, where: { tags: { in: ['a', 'b'] }, status: 'published' } })).toBe(
      hashQueryParams(one),
    );
    const alike = [{ a: 1 }, { a: '1' }, { a: 1n }, { a: [1] }, { a: { b: 1 } }, { 'a=1': '' }, { a: null }, {}];
    expect(new Set(alike.map(hashQueryParams)).size).toBe(alike.length);
  });
});

describe('12: figures', () => {
  test('one read is one outcome', async () => {
    const { isolate } = world();
    const [one, other] = [isolate(), isolate()];
    await one.services.get('content').set('content:post:1:v1', 'value');
    await one.settle();
    const content = other.services.get('content');
    await content.get('content:post:1:v1'); // KV
    await content.get('content:post:1:v1'); // memory
    await content.get('content:post:2:v1'); // nowhere
    await content.getOrSet('content:post:3:v1', () => 'loaded');
    expect(content.getStats()).toMatchObject({
      memoryHits: 1,
      memoryMisses: 3,
      kvHits: 1,
      kvMisses: 2,
      dbHits: 1,
      misses: 1,
      totalRequests: 4,
      hitRate: 50,
    });
  });

  test('looking is no read', async () => {
    const { isolate } = world();
    const content = isolate().services.get('content');
    await content.set('content:post:1:v1', 'value');
    const before = { ...content.getStats() };
    expect(await content.has('content:post:1:v1')).toBe(true);
    expect(await content.has('content:post:2:v1')).toBe(false);
    expect(await content.listKeys()).toHaveLength(1);
    await content.getEntry('content:post:1:v1');
    content.getFromMemory('content:post:1:v1');
    await content.getFromKV('content:post:1:v1');
    await content.warmCache([{ key: 'content:post:1:v1', fetcher: () => 'other' }]);
    expect(content.getStats()).toEqual(before);
  });
});

describe('13: stale while revalidate', () => {
  test('what a write has made wrong is not served, not once, least of all to the writer', async () => {
    const { services } = alone();
    const content = services.get({ ...getCacheConfig('content'), staleFor: 3600 });
    await content.set('content:list:all', ['old']);
    await content.invalidate('content:list:*');
    expect(await content.get('content:list:all')).toBeNull();
    expect(await content.getOrSet('content:list:all', () => ['new'])).toEqual(['new']);
  });

  test('what is old by time is served while one refresh runs, and then no more', async () => {
    const { services, clock } = alone();
    const content = services.get({ ...getCacheConfig('content'), ttl: 60, staleFor: 3600 });
    let loads = 0;
    const ask = () => content.getOrSet('content:list:all', async () => ++loads);
    expect(await ask()).toBe(1);
    clock.advance(60_001);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    await expect.poll(ask).toBe(2);
    expect(loads).toBe(2);
    expect(content.getStats().staleHits).toBeGreaterThanOrEqual(3);
  });
});

describe('14: looking into the cache', () => {
  test('an entry that this isolate has not read is found in KV', async () => {
    const { isolate } = world();
    const [one, other] = [isolate(), isolate()];
    await one.services.get('content').set('content:post:1:v1', { title: 'first' });
    await one.settle();
    expect(await other.services.get('content').getEntry('content:post:1:v1')).toMatchObject({
      data: { title: 'first' },
    });
    expect(await other.services.get('content').has('content:post:1:v1')).toBe(true);
  });

  test('keys of any shape are listed, page by page, and taken apart', async () => {
    const content = alone().services.get('content');
    const keys = [
      'content',
      'content:',
      'content:a',
      'content::',
      'other:key',
      '',
      ':',
      'content:list:{"a":{"b":"c:d"}}:v1',
    ];
    keys.push('content:' + 'x:'.repeat(50), 'content:media:file:789:metadata:v1');
    for (const key of keys) await content.set(key, key);
    const listed: string[] = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const page = await content.listKeys({ limit: 3, ...(after !== undefined && { after }) });
      expect(page.length).toBeLessThanOrEqual(3);
      listed.push(...page.map(({ key }) => key));
      after = page.next;
    }
    expect(listed.toSorted()).toEqual(keys.toSorted());
    for (const key of keys) expect(await content.get(key)).toBe(key);
    expect(parseCacheKey('media:file:789:metadata:v1')).toEqual({
      namespace: 'media',
      type: 'file',
      identifier: '789:metadata',
      version: 'v1',
    });
    expect(parseCacheKey('content:featured:v1')).toMatchObject({ type: 'featured', identifier: '', version: 'v1' });
    expect(parseCacheKey('api:content-list')).toMatchObject({ type: 'content-list', identifier: '', version: '' });
    expect(parseCacheKey('content')).toBeNull();
  });
});

describe('15: keys that are too long for KV', () => {
  test('are kept there, and told apart', async () => {
    const { isolate } = world();
    const [one, other] = [isolate(), isolate()];
    const [long, alike] = ['x', 'y'].map((end) => generateCacheKey('api', 'list', 'select '.repeat(100) + end));
    await one.services.get('api').set(long, 'long');
    await one.settle();
    expect(await other.services.get('api').getWithSource(long)).toMatchObject({ source: 'kv', data: 'long' });
    expect(await other.services.get('api').get(alike)).toBeNull();
    await other.services.get('api').invalidate(createCachePattern('api', 'list'));
    expect(await one.services.get('api').get(long)).toBeNull();
  });
});

describe('16: a stranger sends Cache-Control: no-cache', () => {
  test('and is answered from the cache, as all others are', async () => {
    let asked = 0;
    const cache = httpCache({
      fetch: async () => new Response(`${++asked}`, { headers: { 'cache-control': 'max-age=60' } }),
      trusted: () => false,
    });
    const ask = async (directive?: string) =>
      (
        await cache(new Request('https://site.test/', directive ? { headers: { 'cache-control': directive } } : {}))
      ).text();
    expect(await ask()).toBe('1');
    for (const directive of ['no-cache', 'no-store', 'max-age=0', 'No-Cache, max-age=0'])
      expect(await ask(directive)).toBe('1');
    expect(await ask()).toBe('1');
  });
});
