/** A content cache: policies and switches apply to whatever is made in it, and its figures are true. */
import { describe, expect, test } from 'vitest';
import { createCache } from 'tidemark';
import {
  contentEnvironment,
  type ContentOptions,
  contentSwitches,
  createContent,
  entityPolicies,
  memorySource,
  type Source,
} from 'tidemark/content';
import { hostileStore, sharedBackend, SharedSpace } from 'tidemark/testing';
import { gatedLoads, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';
import { timedCache, type TimedOptions } from '../support/timed-cache.ts';

interface Post {
  readonly id: string;
  readonly title: string;
}

/** A source that counts what it is asked. */
function counting() {
  const source = memorySource<Post>();
  const asked = { reads: 0 };
  const count = <A extends unknown[], R>(read: (...given: A) => R) => {
    return (...given: A): R => {
      asked.reads++;
      return read(...given);
    };
  };
  const counted: Source<Post> = {
    create: (...given) => source.create(...given),
    update: (...given) => source.update(...given),
    delete: (...given) => source.delete(...given),
    findByIds: count((...given) => source.findByIds(...given)),
    findMany: count((...given) => source.findMany(...given)),
    count: count((...given) => source.count(...given)),
  };
  return { source: counted, asked };
}

function begin(options: Partial<ContentOptions> = {}, timed: TimedOptions = {}) {
  const { cache, clock } = timedCache(timed);
  const content = createContent({ cache, clock, ...options });
  return { cache, clock, content, ...counting() };
}

const bad = (named: string) =>
  expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(named) as string }) as Error;

describe('policies apply', () => {
  test('to repositories: times of the kind, of the collection, and what is given', async () => {
    const policies = entityPolicies({ content: { overrides: { news: { ttl: '1m', negativeTtl: '1s' } } } });
    const { content, clock, source, asked } = begin({ policies });
    const make = (name: string, more = {}) => content.repository<Post>({ name, source, ...more });
    const repositories = [make('post'), make('news'), make('own', { ttl: '2m' })];
    await source.create([{ id: '1', title: 'x' }]);
    const readAll = async () => {
      const before = asked.reads;
      for (const repository of repositories) await repository.findById('1');
      return asked.reads - before;
    };
    expect(await readAll()).toBe(3);
    expect(await readAll()).toBe(0);
    await clock.advanceAsync(60_001);
    expect(await readAll()).toBe(1); // news
    await clock.advanceAsync(60_001);
    expect(await readAll()).toBe(2); // news, and the one with its own
    await clock.advanceAsync(60 * 60_000);
    expect(await readAll()).toBe(3);
    const news = repositories[1];
    await news.findById('nobody');
    const before = asked.reads;
    await clock.advanceAsync(1001);
    await news.findById('nobody');
    expect(asked.reads).toBe(before + 1);
  });

  test('what is given about one time says nothing about another', async () => {
    const policies = entityPolicies({ content: { negativeTtl: '1s' } });
    const { content, clock, source, asked } = begin({ policies });
    const posts = content.repository<Post>({ name: 'post', source, ttl: '5m' });
    for (const [wait, reads] of [
      [0, 1],
      [999, 1],
      [2, 2],
    ]) {
      await clock.advanceAsync(wait);
      expect(await posts.findById('nobody')).toBeUndefined();
      expect(asked.reads).toBe(reads);
    }
  });

  test('to collections with loaders of their own', async () => {
    const { content, clock } = begin();
    let loads = 0;
    const menus = content.define('menu', { policy: 'api', load: () => ++loads, staleFor: 0 });
    await menus.getMany(['a', 'b']);
    await clock.advanceAsync(5 * 60_000 - 1);
    await menus.get('a');
    expect(loads).toBe(2);
    await clock.advanceAsync(2);
    await menus.get('a');
    expect(loads).toBe(3);
    await menus.invalidate('a');
    expect([menus.peek('a'), loads]).toEqual([undefined, 3]);
    expect(content.log.count).toBe(1);
  });

  test('sessions are kept in memory alone', async () => {
    const store = new MapStore();
    const { content } = begin({}, { behind: [store] });
    await content.define('session', { policy: 'session', load: (key) => key }).get('s1');
    await content.define('page', { policy: 'content', load: (key) => key }).get('p1');
    await idle();
    expect([...store.entries.keys()].filter((key) => key.includes('session'))).toEqual([]);
    expect([...store.entries.keys()].filter((key) => key.includes('page'))).toHaveLength(1);
  });

  test('nothing is kept in Workers KV where the environment says so', async () => {
    const kv = Object.assign(new MapStore(), { name: 'workers-kv' });
    const environment = contentEnvironment({ CACHE_KV_ENABLED: 'false' });
    const { content, asked, source } = begin({ environment }, { behind: [kv] });
    const posts = content.repository<Post>({ name: 'post', source });
    await posts.findById('1');
    await posts.findById('1');
    await idle();
    expect([asked.reads, kv.entries.size]).toEqual([1, 0]);
  });

  test("kinds without a TTL take the environment's", async () => {
    const environment = contentEnvironment({ CACHE_DEFAULT_TTL: '60' });
    expect(begin({ environment }).content.policies.of('plugin').ttl).toBe(60_000);
  });

  test('a kind that nobody knows is refused', () => {
    const { content, source } = begin();
    expect(() => content.repository<Post>({ policy: 'page', name: 'page', source })).toThrow(bad('"page"'));
    expect(() => content.define('x', { policy: 'page', load: () => 1 })).toThrow(bad('"page"'));
    expect(() => content.define('x', { policy: 'api' } as never)).toThrow(bad('load'));
  });
});

test('another deploy version has entries of its own, and is right about what the other one writes', async () => {
  const space = new SharedSpace();
  const truth = memorySource<Post>();
  const [old, next] = ['v1', 'v2'].map((version) => {
    const backend = sharedBackend({ space, sync: true });
    const cache = createCache({ tiers: [backend] });
    const content = createContent({ cache, environment: contentEnvironment({ CACHE_VERSION: version }) });
    return { cache, posts: content.repository<Post>({ name: 'post', source: truth }) };
  });
  await old.posts.create({ id: '1', title: 'first' });
  await old.posts.findById('1');
  await idle();
  await next.posts.findById('1');
  expect(next.cache.stats()).toMatchObject({ loads: 1, hits: 0 }); // it doesn't look at what the other has stored
  await old.posts.update('1', { title: 'second' });
  await idle();
  expect((await next.posts.findById('1'))?.title).toBe('second');
  await Promise.all([old.cache.close(), next.cache.close()]);
});

describe('what the switches do not allow', () => {
  test('is read from the source each time, and nothing of it is kept', async () => {
    const store = new MapStore();
    const switches = contentSwitches({ enabled: false });
    const { cache, content, source, asked } = begin({ switches }, { behind: [store] });
    const posts = content.repository<Post>({ name: 'post', source });
    let loads = 0;
    const menus = content.define('menu', { policy: 'api', load: (key) => `${key}${++loads}`, tags: () => ['m'] });
    await posts.create({ id: '1', title: 'x' });
    for (let i = 0; i < 3; i++) {
      await posts.findById('1');
      await posts.findMany();
      await menus.get('a');
    }
    expect(menus.peek('a')).toBeUndefined();
    await idle();
    expect([asked.reads, loads]).toEqual([6, 3]);
    expect(cache.held().entries).toEqual([]);
    expect(store.entries.size).toBe(0);
    expect(content.stats()).toMatchObject({ reads: 0, bypassed: 9 }); // a look with peek is no read
  });

  test('is loaded once for all who ask at the same time', async () => {
    const { content } = begin({ switches: contentSwitches({ enabled: false }) });
    let loads = 0;
    const menus = content.define('menu', { policy: 'api', load: async () => ++loads });
    expect(await menus.getMany(['a', 'a', 'b'])).toEqual([1, 1, 2]);
  });

  const changes = [{ key: ['menu', 'a'] }, { prefix: 'menu' }, { pattern: 'menu:*' }, { all: true }] as const;
  test.each(
    changes.flatMap((change) => [
      [change, 'load'],
      [change, 'loadMany'],
    ]),
  )('is not joined by who asks after a change of %j (%s)', async (selector, way) => {
    const { content } = begin({ switches: contentSwitches({ enabled: false }) });
    const { calls, load } = gatedLoads<string>();
    const loadMany = (keys: readonly string[]) => Promise.all(keys.map(load));
    const menus = content.define('menu', { policy: 'api', load, ...(way === 'loadMany' && { loadMany }) });
    const before = menus.get('a');
    await idle();
    await content.invalidate(selector);
    const after = menus.get('a');
    await idle();
    calls[0].resolve('old');
    await idle();
    calls[1]?.resolve('new');
    expect([await before, await after]).toEqual(['old', 'new']);
  });

  test('says what it writes all the same: what was kept before is right afterwards', async () => {
    const { content, source } = begin();
    const posts = content.repository<Post>({ name: 'post', source });
    await posts.create({ id: '1', title: 'before' });
    await posts.findById('1');
    await posts.findMany();
    content.switches.off('for a while');
    await posts.update('1', { title: 'after' });
    content.switches.on();
    expect((await posts.findById('1'))?.title).toBe('after');
    expect((await posts.findMany())[0].title).toBe('after');
  });

  test('is a share of the keys, or a namespace', async () => {
    const { content, source, asked } = begin({ environment: contentEnvironment({ CACHE_ROLLOUT: '50' }) });
    const posts = content.repository<Post>({ name: 'post', source });
    const ids = Array.from({ length: 200 }, (_, i) => `${i}`);
    for (const id of [...ids, ...ids]) await posts.findById(id);
    expect(asked.reads).toBeGreaterThan(250);
    expect(asked.reads).toBeLessThan(350);
    expect(content.stats().bypassed).toBe(2 * (asked.reads - 200));
    content.switches.off('x', { namespace: 'content' });
    const before = asked.reads;
    for (const id of ids) await posts.findById(id);
    expect(asked.reads).toBe(before + 200);
  });

  test('is everything while tiers keep failing; reads are answered all the time', async () => {
    const store = hostileStore({ store: new MapStore(), fault: 'throw' });
    const { content, source, asked } = begin({}, { behind: [{ store, breaker: { failures: 1000 } }] });
    const posts = content.repository<Post>({ name: 'post', source });
    for (let i = 0; i < 60; i++) expect(await posts.findById(`${i}`)).toBeUndefined();
    expect(content.switches.state).toMatchObject({ kills: 1, killedFor: 30_000 });
    const calls = store.calls.getMany;
    const before = asked.reads;
    for (let i = 0; i < 10; i++) await posts.findById('1');
    expect([store.calls.getMany - calls, asked.reads - before]).toEqual([0, 10]);
    expect(content.health()).toMatchObject({ ok: false, reasons: [expect.stringContaining('tiers kept failing')] });
  });
});

describe('figures', () => {
  test('of namespaces add up to those of the cache: one read is one outcome', async () => {
    const { cache, content, source } = begin();
    const posts = content.repository<Post>({ name: 'my.post', source });
    const menus = content.define('menu', { policy: 'api', load: (key) => key });
    await cache.define('api', { load: (key: string) => key }).get('1'); // as a drop-in does, named after its namespace
    await cache.define('other', { load: (key: string) => key }).get('1');
    await cache.define('menu.other', { load: (key: string) => key }).get('1');
    for (let i = 0; i < 4; i++) await posts.findById('1');
    for (let i = 0; i < 3; i++) await posts.count();
    await menus.getMany(['a', 'a', 'b']);
    content.switches.off('x', { namespace: 'api' });
    await menus.get('a');
    const stats = content.stats();
    expect(stats.namespaces).toMatchObject({
      content: { reads: 7, hits: 5, loaded: 2, bypassed: 0, hitRatio: 5 / 7 },
      api: { reads: 4, loaded: 3, joined: 1, bypassed: 1, collections: ['menu', 'api'] },
      other: { reads: 1, loaded: 1, bypassed: 0, collections: ['other'] },
      'menu.other': { reads: 1, collections: ['menu.other'] },
    });
    const own = stats.namespaces['content'].collections;
    expect(own).toEqual(expect.arrayContaining(['my.post.item', 'my.post.count']));
    expect(own.every((name) => name.startsWith('my.post.'))).toBe(true);
    expect(
      Object.values(stats.namespaces)
        .flatMap(({ collections }) => collections)
        .toSorted(),
    ).toEqual(Object.keys(stats.collections).toSorted());
    expect(stats).toMatchObject({ reads: 13, hits: 5, loads: 7, bypassed: 1, hitRatio: 5 / 13 });
    expect(Object.keys(stats.collections).filter((name) => name.includes('~'))).toEqual([]);
    expect(cache.stats().reads).toBe(14);
  });

  test('of tiers say how much they found', async () => {
    const { content, source } = begin({}, { behind: [new MapStore()], memory: { maxEntries: 1 } });
    const posts = content.repository<Post>({ name: 'post', source });
    for (const id of ['1', '2', '1']) {
      await posts.findById(id);
      await idle();
    }
    expect(content.stats().tiers[1]).toMatchObject({ name: 'map', reads: 3, found: 1, foundRatio: 1 / 3 });
  });

  test('of a cache that was never read are zero', () => {
    const { content, source } = begin();
    content.repository<Post>({ name: 'post', source });
    expect(content.stats()).toMatchObject({
      reads: 0,
      hitRatio: 0,
      namespaces: { content: { reads: 0, hitRatio: 0 } },
    });
  });
});

describe('health', () => {
  test('is good, also when somebody has switched things off', () => {
    const { content } = begin();
    expect(content.health()).toMatchObject({ ok: true, reasons: [], notes: [], log: { silent: false, unsaid: 0 } });
    content.switches.off('a test');
    content.switches.off('another', { namespace: 'api' });
    content.switches.rollOut(10);
    const { ok, notes } = content.health();
    expect([ok, notes]).toEqual([
      true,
      ['everything is off: a test', 'namespace api is off: another', '10 % of the keys are cached'],
    ]);
  });

  test('is bad while a tier fails or changes wait to be said', async () => {
    const store = hostileStore({ store: new MapStore(), fault: 'throw' });
    const { content } = begin({}, { behind: [{ store, breaker: { failures: 1 } }] });
    await content.define('menu', { policy: 'api', load: (key) => key }).get('a');
    expect(content.health()).toMatchObject({ ok: false, reasons: [expect.stringMatching(/^tier .*: breaker open$/)] });

    const backend = sharedBackend({ space: new SharedSpace() });
    const { cache, clock, content: other } = begin({}, { behind: [backend] });
    await other.invalidate({ tags: ['a'] });
    backend.cut();
    await other.invalidate({ tags: ['b'] });
    expect(other.health().reasons).toEqual(expect.arrayContaining([expect.stringContaining('wait to be said')]));
    backend.mend();
    await clock.advanceAsync(60_000);
    expect(other.health()).toMatchObject({ ok: true, reasons: [] });
    await cache.close();
  });
});

test('clear is one change, and nothing that was kept is served again', async () => {
  const { cache, content, source, asked } = begin({}, { behind: [new MapStore()] });
  const posts = content.repository<Post>({ name: 'post', source });
  const menus = content.define('menu', { policy: 'api', load: (key) => ({ key }) });
  const [list, menu] = [await posts.findMany(), await menus.get('a')];
  await idle();
  const { mark } = await content.clear({ actor: 'ops' });
  expect(mark).toBe(cache.stats().log.known);
  const before = asked.reads;
  expect(await posts.findMany()).not.toBe(list);
  expect(await menus.get('a')).not.toBe(menu);
  expect(asked.reads).toBe(before + 1);
  expect(content.log.list().invalidations.map(({ actor, mark: at }) => [actor, at])).toEqual([['ops', mark]]);
});

describe('debug lines', () => {
  test('tell of misses, loads and changes by their keys, and of no values', async () => {
    const lines: string[] = [];
    const { content } = begin({ debug: (line) => lines.push(line) });
    const menus = content.define<string>('menu', {
      policy: 'api',
      load: (key) => {
        if (key === 'bad') throw new TypeError('a secret');
        return 'a secret';
      },
    });
    await menus.get('a\nb');
    await menus.get('a\nb');
    await expect(menus.get('bad')).rejects.toThrow('a secret');
    await content.invalidate({ tags: ['1', '2', '3', '4', '5', '6'] });
    expect(lines).toEqual([
      'miss "menu/a\\nb"',
      'load "menu/a\\nb" 0 ms',
      'miss "menu/bad"',
      'load "menu/bad" failed: "TypeError"',
      'change 1 everywhere "#/cache/1" "#/cache/2" "#/cache/3" "#/cache/4" "#/cache/5" and 1 more',
    ]);
    content.close();
    await menus.get('c');
    expect(lines).toHaveLength(5);
  });

  test('come only where the environment asks for them, if there is one', async () => {
    for (const [vars, count] of [
      [{}, 0],
      [{ CACHE_DEBUG: 'true' }, 2],
    ] as const) {
      const lines: string[] = [];
      const { content } = begin({ environment: contentEnvironment(vars), debug: (line) => lines.push(line) });
      await content.define('menu', { policy: 'api', load: (key) => key }).get('a');
      expect(lines).toHaveLength(count);
    }
  });
});

test.each([
  [{ cache: {} }, 'cache'],
  [{ rule: [] }, 'rule'],
  [{ logSize: -1 }, 'size'],
  [{ countUpTo: 'x' }, 'countUpTo'],
  [{ debug: true }, 'debug'],
])('the option %j is refused', (options, named) => {
  expect(() => createContent({ cache: createCache(), ...options } as never)).toThrow(bad(named));
});
