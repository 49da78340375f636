/** What a loader says about the value that it loads - tags, other keys, an etag, "not modified" - holds for that value. */
import { describe, expect, test } from 'vitest';
import { createCache, type Collection, memory, type Previous } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

describe('ctx.tag', () => {
  test('adds to the tags of the collection, for this value alone', async () => {
    const cache = createCache();
    const loads: string[] = [];
    const posts = cache.define<string>('post', {
      tags: () => ['all'],
      load: (key, ctx) => {
        loads.push(key);
        ctx.tag(`author:${key}`, 'odd');
        return key;
      },
    });
    await posts.getMany(['1', '2']);
    await cache.invalidate({ tags: ['author:1'] });
    await posts.getMany(['1', '2']);
    expect(loads).toEqual(['1', '2', '1']);
    await cache.invalidate({ tags: ['odd'] });
    await posts.getMany(['1', '2']);
    expect(loads).toHaveLength(5);
    await cache.invalidate({ tags: ['all'] });
    await posts.getMany(['1', '2']);
    expect(loads).toHaveLength(7);
  });

  test('what the first load said does not bind the second', async () => {
    const cache = createCache();
    let loads = 0;
    const posts = cache.define<number>('post', { load: (_key, ctx) => (ctx.tag(`load ${++loads}`), loads) });
    await posts.get('1');
    await posts.invalidate('1');
    await posts.get('1');
    await cache.invalidate({ tags: ['load 1'] });
    expect(await posts.get('1')).toBe(2);
    await cache.invalidate({ tags: ['load 2'] });
    expect(await posts.get('1')).toBe(3);
  });

  test('a bad tag fails the load', async () => {
    const posts = createCache().define<string>('post', { load: (key, ctx) => (ctx.tag(''), key) });
    await expect(posts.get('1')).rejects.toMatchObject({ code: 'bad_key' });
  });
});

describe('ctx.dependsOn', () => {
  test('a value is wrong when a key that it was made from is', async () => {
    const cache = createCache();
    const users = cache.define<string>('user');
    let loads = 0;
    const posts = cache.define<number>('post', {
      load: (_key, ctx) => {
        ctx.dependsOn(['user', '7'], ['user', 8]);
        return ++loads;
      },
    });
    const changes = [
      () => users.set('7', 'Ada'),
      () => users.delete('8'),
      () => users.invalidate(),
      () => cache.invalidate({ key: ['user', '7'] }),
      () => cache.invalidate({ pattern: 'user:*' }),
      () => cache.invalidate({ pattern: ['**', 8] }),
    ];
    for (const [i, change] of changes.entries()) {
      expect(await posts.get('1')).toBe(i + 1);
      expect(await posts.get('1')).toBe(i + 1);
      await change();
    }
    expect(await posts.get('1')).toBe(changes.length + 1);
    await users.set('9', 'Bob');
    await cache.invalidate({ pattern: 'user:*:*' });
    expect(await posts.get('1')).toBe(changes.length + 1);
  });

  test('in a tier that another cache reads', async () => {
    const backend = new MapBackend();
    const make = (value: string) =>
      createCache({ tiers: [memory(), backend] }).define<string>('post', {
        load: (_key, ctx) => (ctx.dependsOn(['user', '7']), value),
      });
    const [one, two] = [make('one'), make('two')];
    await one.get('1');
    await idle();
    expect(await two.get('1')).toBe('one');
    await createCache({ tiers: [backend] }).invalidate({ key: ['user', '7'] });
    await idle();
    expect(await two.get('1')).toBe('two');
  });
});

describe('etag and notModified', () => {
  function versioned(behind: readonly MapStore[] = []) {
    const { cache, clock } = timedCache({ behind });
    const source = { etag: 'v1', value: { text: 'one' } };
    const seen: (Previous<{ text: string }> | undefined)[] = [];
    const posts: Collection<{ text: string }> = cache.define<{ text: string }>('post', {
      ttl: 1000,
      graceFor: 60_000,
      load: (_key, ctx) => {
        seen.push(ctx.previous);
        if (ctx.previous?.etag === source.etag) return ctx.notModified();
        ctx.etag(source.etag);
        ctx.tag(`etag ${source.etag}`);
        return { ...source.value };
      },
    });
    return { cache, clock, posts, source, seen };
  }

  test('"not modified" keeps the previous value, its etag and its tags for another TTL', async () => {
    const { cache, clock, posts, seen } = versioned();
    const first = await posts.get('1');
    for (let round = 0; round < 3; round++) {
      await clock.advanceAsync(1001);
      expect(await posts.get('1')).toBe(first);
      await clock.advanceAsync(999);
      expect(posts.peek('1')).toBe(first);
    }
    expect(seen.map((previous) => previous?.etag)).toEqual([undefined, 'v1', 'v1', 'v1']);
    await cache.invalidate({ tags: ['etag v1'] });
    expect(posts.peek('1')).toBeUndefined();
  });

  test('a new version replaces it, and its tags', async () => {
    const { cache, clock, posts, source } = versioned();
    await posts.get('1');
    Object.assign(source, { etag: 'v2', value: { text: 'two' } });
    await clock.advanceAsync(1001);
    expect(await posts.get('1')).toEqual({ text: 'two' });
    await cache.invalidate({ tags: ['etag v1'] });
    expect(posts.peek('1')).toEqual({ text: 'two' });
  });

  test('an entry that an invalidation made wrong may still be found unmodified, and is right from then on', async () => {
    const store = new MapStore({ sync: true });
    const { posts, seen, cache } = versioned([store]);
    await posts.get('1');
    await posts.invalidate('1');
    expect(await posts.get('1')).toEqual({ text: 'one' });
    expect(seen[1]).toEqual({ value: { text: 'one' }, etag: 'v1' });
    expect(posts.peek('1')).toEqual({ text: 'one' });
    await cache.invalidate({ tags: ['etag v1'] });
    expect(posts.peek('1')).toBeUndefined();
  });

  test('without a previous value there is nothing to be unmodified', async () => {
    const posts = createCache().define<string>('post', { load: (_key, ctx) => ctx.notModified() });
    await expect(posts.get('1')).rejects.toThrow(TypeError);
  });

  test('in a batch, by position', async () => {
    const { cache, clock } = timedCache();
    const posts = cache.define<string>('post', {
      ttl: 1000,
      graceFor: 60_000,
      loadMany: (keys, ctx) =>
        keys.map((key, i) => {
          const one = ctx.at(i);
          if (key === 'same' && one.previous) return one.notModified();
          return `${key} ${one.previous ? 'again' : 'first'}`;
        }),
    });
    expect(await posts.getMany(['same', 'other'])).toEqual(['same first', 'other first']);
    await clock.advanceAsync(1001);
    expect(await posts.getMany(['same', 'other'])).toEqual(['same first', 'other again']);
  });
});

test('what a loader says too late is not heard', async () => {
  const cache = createCache();
  let say: ((tag: string) => void) | undefined;
  const posts = cache.define<string>('post', {
    load: (key, ctx) => {
      say = (tag) => ctx.tag(tag);
      return key;
    },
  });
  await posts.get('1');
  say?.('late');
  await cache.invalidate({ tags: ['late'] });
  expect(posts.peek('1')).toBe('1');
});
