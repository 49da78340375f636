/** Reading many keys is one batch for each tier and one `loadMany` for what is missing, by position. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const bad = (code: string) => expect.objectContaining({ name: 'TidemarkError', code }) as unknown;

function begin(tiers = [memory(), new MapStore({ name: 'near' }), new MapStore({ name: 'far' })] as const) {
  const batches: (readonly string[])[] = [];
  const cache = createCache({ tiers });
  const posts = cache.define<string>('post', {
    loadMany: async (keys) => {
      batches.push(keys);
      await idle();
      return keys.map((key) => `value ${key}`);
    },
  });
  return { cache, posts, batches, near: tiers[1], far: tiers[2] };
}

describe('getMany', () => {
  test('asks each tier once and the loader once, and answers by position', async () => {
    const { posts, batches, near, far } = begin();
    expect(await posts.getMany(['3', '1', '2'])).toEqual(['value 3', 'value 1', 'value 2']);
    expect(batches).toEqual([['3', '1', '2']]);
    expect([near.made('getMany'), far.made('getMany')]).toEqual([[stored('3', '1', '2')], [stored('3', '1', '2')]]);
    await idle();
    expect([near.made('setMany'), far.made('setMany')]).toEqual([[stored('3', '1', '2')], [stored('3', '1', '2')]]);
  });

  test('asks only for what a faster tier does not have', async () => {
    const { posts, batches, near, far } = begin();
    await posts.getMany(['1', '2']);
    await idle();
    near.calls.length = far.calls.length = 0;
    expect(await posts.getMany(['1', '2', '3', '4'])).toEqual(['value 1', 'value 2', 'value 3', 'value 4']);
    expect(near.made('getMany')).toEqual([stored('3', '4')]);
    expect(far.made('getMany')).toEqual([stored('3', '4')]);
    expect(batches.slice(1)).toEqual([['3', '4']]);
  });

  test('a key that occurs twice is asked for once', async () => {
    const { posts, batches, near } = begin();
    expect(await posts.getMany(['1', '1', '2', '1'])).toEqual(['value 1', 'value 1', 'value 2', 'value 1']);
    expect(batches).toEqual([['1', '2']]);
    expect(near.made('getMany')).toEqual([stored('1', '2')]);
  });

  test('nothing is asked for nothing', async () => {
    const { posts, batches, near } = begin();
    expect(await posts.getMany([])).toEqual([]);
    expect([batches, near.calls]).toEqual([[], []]);
  });

  test('with load: false it answers undefined where no tier has a value', async () => {
    const { posts, batches } = begin();
    await posts.set('2', 'set');
    expect(await posts.getMany(['1', '2', '3'], { load: false })).toEqual([undefined, 'set', undefined]);
    expect(batches).toEqual([]);
  });

  test('single reads of one tick are one batch too', async () => {
    const { posts, batches, near } = begin();
    expect(await Promise.all([posts.get('1'), posts.get('2'), posts.getMany(['3'])])).toEqual([
      'value 1',
      'value 2',
      ['value 3'],
    ]);
    expect(batches).toEqual([['1', '2', '3']]);
    expect(near.made('getMany')).toHaveLength(1);
  });

  test('joins what is being loaded already', async () => {
    const { posts, batches } = begin();
    const first = posts.get('1');
    await idle();
    expect(await posts.getMany(['1', '2'])).toEqual(['value 1', 'value 2']);
    expect(await first).toBe('value 1');
    expect(batches).toEqual([['1'], ['2']]);
  });

  test('with load alone it loads key by key, all at once', async () => {
    let running = 0;
    let most = 0;
    const posts = createCache().define<string>('post', {
      load: async (k) => {
        most = Math.max(most, ++running);
        await idle();
        running--;
        return k;
      },
    });
    expect(await posts.getMany(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    expect(most).toBe(3);
  });
});

describe('loadMany', () => {
  test('an Error at a position fails that key alone', async () => {
    const posts = createCache().define<string>('post', {
      loadMany: (keys) => keys.map((k) => (k === 'bad' ? new RangeError('no such post') : k)),
    });
    const reads = ['a', 'bad', 'b'].map((k) => posts.get(k).catch((error: unknown) => error));
    expect(await Promise.all(reads)).toEqual(['a', new RangeError('no such post'), 'b']);
    await expect(posts.getMany(['a', 'bad'])).rejects.toThrow('no such post');
    expect(await posts.getMany(['a', 'b'], { load: false })).toEqual(['a', 'b']);
  });

  test('a batch that fails fails for all its keys, and each may be tried again', async () => {
    let fails = true;
    const posts = createCache().define<string>('post', {
      loadMany: async (keys) => {
        if (fails) throw new Error('down');
        return keys;
      },
    });
    const reads = ['a', 'b'].map((k) => posts.get(k).catch((error: unknown) => (error as Error).message));
    expect(await Promise.all(reads)).toEqual(['down', 'down']);
    fails = false;
    expect(await posts.getMany(['a', 'b'])).toEqual(['a', 'b']);
  });

  test.each([
    ['too few', () => ['a']],
    ['too many', () => ['a', 'b', 'c']],
    ['none', () => []],
    ['nothing', () => undefined],
    ['an object', () => ({ length: 2 })],
  ])('%s is an error for all, and nothing is kept', async (_, answer) => {
    const posts = createCache().define<string>('post', { loadMany: answer as unknown as () => string[] });
    const reads = ['a', 'b'].map((k) => posts.get(k).catch((error: unknown) => error));
    expect(await Promise.all(reads)).toEqual([bad('batch_size'), bad('batch_size')]);
    expect(await posts.getMany(['a', 'b'], { load: false })).toEqual([undefined, undefined]);
  });

  test('a value of a batch is tagged, timed and invalidated for itself', async () => {
    const cache = createCache();
    const asked: (readonly string[])[] = [];
    const posts = cache.define<string>('post', {
      tags: (value) => [`is:${value}`],
      loadMany: (keys, ctx) => {
        asked.push(keys);
        keys.forEach((k, i) => ctx.at(i).tag(`at:${k}`));
        return keys;
      },
    });
    await posts.getMany(['a', 'b', 'c']);
    await cache.invalidate({ tags: ['is:a', 'at:c'] });
    await posts.getMany(['a', 'b', 'c']);
    expect(asked).toEqual([
      ['a', 'b', 'c'],
      ['a', 'c'],
    ]);
  });

  test('one key that changes during the batch is not kept; the others are', async () => {
    const asked: (readonly string[])[] = [];
    const posts = createCache().define<string>('post', {
      loadMany: async (keys) => {
        asked.push(keys);
        if (asked.length === 1) await posts.delete('b');
        return keys;
      },
    });
    await posts.getMany(['a', 'b', 'c']);
    expect(await posts.getMany(['a', 'b', 'c'], { load: false })).toEqual(['a', undefined, 'c']);
  });

  test('maxBatch parts large batches; a tier has its own', async () => {
    const store = new MapStore();
    const sizes: number[] = [];
    const cache = createCache({ tiers: [memory(), { store, maxBatch: 4 }] });
    const posts = cache.define<string>('post', {
      maxBatch: 3,
      loadMany: (keys) => {
        sizes.push(keys.length);
        return keys;
      },
    });
    const keys = Array.from({ length: 10 }, (_, i) => String(i));
    expect(await posts.getMany(keys)).toEqual(keys);
    expect(sizes).toEqual([3, 3, 3, 1]);
    expect(store.made('getMany').map((batch) => batch.length)).toEqual([4, 4, 2]);
  });

  test('a single key goes to load, where there is one', async () => {
    const posts = createCache().define<string>('post', {
      load: (k) => `one ${k}`,
      loadMany: (keys) => keys.map((k) => `many ${k}`),
    });
    expect(await posts.get('a')).toBe('one a');
    expect(await posts.getMany(['b', 'c'])).toEqual(['many b', 'many c']);
  });
});

/** Under which keys a store keeps them. */
function stored(...keys: readonly string[]): readonly string[] {
  return keys.map((key) => `/cache/post/${key}~v1`);
}
