/** What the stores for Keyv promise beyond Keyv's own suite: times, namespaces, steps, and who closes what. */
import { existsSync, writeFileSync } from 'node:fs';
import { Keyv } from 'keyv';
import { describe, expect, test } from 'vitest';
import { TidemarkError } from 'tidemark';
import type { CacheOptions } from 'tidemark/embedded';
import { keyv6Store, keyvStore, type KeyvStoreOptions } from 'tidemark/embedded/keyv';
import { freshPath, listed, opened } from './opened.ts';

const unkeepable = () => {};

describe('a store for Keyv 5', () => {
  test('keeps a value for its time to live, and for ever without one', async () => {
    const { cache, clock } = await opened();
    const store = keyvStore(cache);
    expect(await store.set('brief', 1, 1000)).toBe(true);
    await store.set('long', 2);
    await store.setMany([
      { key: 'one', value: 3, ttl: 1000 },
      { key: 'two', value: 4 },
    ]);
    clock.advance(999);
    expect(await store.getMany(['brief', 'long', 'one', 'two', 'none'])).toEqual([1, 2, 3, 4, undefined]);
    clock.advance(1);
    expect(await store.getMany(['brief', 'long', 'one', 'two'])).toEqual([undefined, 2, undefined, 4]);
    expect(await store.has('brief')).toBe(false);
    expect(await store.delete('brief')).toBe(false);
    expect(await store.delete('long')).toBe(true);
  });

  test('leaves the default time to live to the cache', async () => {
    const { cache, clock } = await opened({ defaultTtlMs: 1000 });
    const store = keyvStore(cache);
    await store.set('default', 1);
    await store.set('longer', 2, 5000);
    clock.advance(1000);
    expect(await store.getMany(['default', 'longer'])).toEqual([undefined, 2]);
  });

  test('stores many in one step or not at all, and removes many in one', async () => {
    const { cache } = await opened();
    const store = keyvStore(cache);
    const many = [
      { key: 'a', value: 1 },
      { key: 'b', value: unkeepable },
    ];
    await expect(store.setMany(many)).rejects.toMatchObject({ code: 'bad_value' });
    expect(await store.has('a')).toBe(false);
    const keyv = new Keyv(store, { useKeyPrefix: false });
    expect(await keyv.setMany([many[0], { key: 'c', value: 3 }])).toEqual([true, true]);
    expect(await store.deleteMany(['a', 'none'])).toBe(false);
    expect(await store.has('a')).toBe(false);
    expect(await store.deleteMany(['c'])).toBe(true);
  });

  test('clears the namespace of its Keyv and nothing else, however much there is', async () => {
    const { cache } = await opened();
    const [one, two] = ['one', 'two'].map((namespace) => new Keyv({ store: keyvStore(cache), namespace }));
    await one.setMany(Array.from({ length: 1201 }, (_, i) => ({ key: `k${i}`, value: i })));
    await two.set('k0', 'kept');
    await cache.set('one', 'of the cache itself');
    await one.clear();
    expect(await listed(cache.entries())).toEqual([
      ['one', 'of the cache itself'],
      ['two:k0', '{"value":"kept"}'],
    ]);
    expect(await two.get('k0')).toBe('kept');
  });

  test('clears everything where Keyv has no namespace, or puts none before its keys', async () => {
    const { cache } = await opened();
    await cache.set('other', 1);
    const bare = new Keyv(keyvStore(cache), { namespace: undefined as unknown as string });
    await bare.set('k', 1);
    await bare.clear();
    expect(await listed(cache.entries())).toEqual([]);

    const view = cache.withNamespace('view');
    await cache.set('other', 1);
    const unprefixed = new Keyv(keyvStore(view, { useKeyPrefix: false }), { useKeyPrefix: false });
    await unprefixed.set('k', 1);
    expect(await view.has('k')).toBe(true);
    await unprefixed.clear();
    expect(await listed(view.entries())).toEqual([]);
    expect(await cache.get('other')).toBe(1);
  });

  test('iterates over a namespace, for a Keyv that is given an iterator; a bare one has none', async () => {
    const { cache } = await opened();
    const store = keyvStore(cache);
    const keyv = new Keyv({ store, namespace: 'a' });
    expect(keyv.iterator).toBeUndefined();
    await keyv.set('x:y', 1);
    await new Keyv({ store: keyvStore(cache), namespace: 'b' }).set('z', 2);
    keyv.iterator = keyv.generateIterator((namespace: string | undefined) => store.iterator(namespace));
    expect(await listed(keyv.iterator(undefined))).toEqual([['x:y', 1]]);
  });

  test('keeps what Keyv gives it unserialized, too', async () => {
    const { cache } = await opened();
    const keyv = new Keyv({ store: keyvStore(cache) });
    keyv.serialize = undefined;
    keyv.deserialize = undefined;
    const value = { when: new Date(5), parts: new Set([1n]) };
    await keyv.set('k', value);
    expect(await keyv.get('k')).toEqual(value);
  });

  test('tells a failure once, through Keyv', async () => {
    const { cache } = await opened();
    const keyv = new Keyv({ store: keyvStore(cache) });
    const errors: unknown[] = [];
    keyv.on('error', (error: unknown) => void errors.push(error));
    await cache.close();
    expect(await keyv.set('k', 1)).toBe(false);
    expect(errors).toMatchObject([{ code: 'closed' }]);
  });
});

describe('a store for Keyv 6', () => {
  const open = async () => {
    const { cache, clock } = await opened();
    const store = () => keyv6Store(cache, { clock });
    return { cache, clock, store };
  };

  test('says that it takes absolute times, and keeps a value until then', async () => {
    const { clock, store } = await open();
    const one = store();
    expect(one.capabilities).toEqual({ compatible: true, store: 'keyvStorage', expires: true });
    const expires = clock.now() + 1000;
    expect(await one.set('brief', 1, expires)).toBe(true);
    await one.set('long', 2);
    const many = [
      { key: 'one', value: 3, expires },
      { key: 'two', value: 4 },
    ];
    expect(await one.setMany(many)).toEqual([true, true]);
    clock.advance(999);
    expect(await one.getMany(['brief', 'long', 'one', 'two', 'none'])).toEqual([1, 2, 3, 4, undefined]);
    clock.advance(1);
    expect(await one.getMany(['brief', 'long', 'one', 'two'])).toEqual([undefined, 2, undefined, 4]);
    expect(await one.hasMany(['brief', 'long'])).toEqual([false, true]);
    expect(await listed(one.iterator())).toEqual([
      ['long', 2],
      ['two', 4],
    ]);
  });

  test('takes a value that has ended already, and keeps none of it', async () => {
    const { clock, store } = await open();
    const one = store();
    await one.set('k', 'before');
    for (const expires of [clock.now(), clock.now() - 5000, 0]) {
      expect(await one.set('k', 'ended', expires)).toBe(true);
      expect(await one.get('k')).toBeUndefined();
    }
  });

  test('keeps namespaces apart, whatever they and the keys are called', async () => {
    const { store } = await open();
    const names = [undefined, '', 'a', 'a/b', 'a::b', 'a:'];
    const stores = names.map((namespace) => Object.assign(store(), { namespace }));
    for (const [i, one] of stores.entries()) {
      await one.set('b::k', i);
      await one.set('k', i);
    }
    const kept = () => Promise.all(stores.slice(1).map((one) => one.get('k')));
    expect(await kept()).toEqual([1, 2, 3, 4, 5]); // no namespace is one, however it is said
    expect(await listed(stores[2].iterator())).toEqual([
      ['b::k', 2],
      ['k', 2],
    ]);
    await stores[2].clear();
    expect(await kept()).toEqual([1, undefined, 3, 4, 5]);
    await stores[0].clear();
    expect(await kept()).toEqual([undefined, undefined, 3, 4, 5]);
    stores[3].namespace = 'a:';
    expect(await stores[3].get('k')).toBe(5);
  });

  test('removes many in one step, and tells which were there', async () => {
    const { store } = await open();
    const one = store();
    await one.set('a', 1);
    expect(await one.deleteMany(['a', 'none'])).toEqual([true, false]);
    expect(await one.hasMany(['a'])).toEqual([false]);
    const many = [
      { key: 'a', value: 1 },
      { key: 'b', value: unkeepable },
    ];
    await expect(one.setMany(many)).rejects.toMatchObject({ code: 'bad_value' });
    expect(await one.get('a')).toBeUndefined();
  });

  test('has all that Keyv looks for before it uses a store as it is, in asynchronous methods', async () => {
    const { store } = await open();
    const one = store();
    for (const name of ['get', 'getMany', 'has', 'hasMany', 'set', 'setMany', 'delete', 'deleteMany', 'clear'] as const)
      expect(one[name].constructor.name, name).toBe('AsyncFunction');
  });
});

describe('who opens a cache closes it', () => {
  test('Keyv, where the store was given options: it is opened when it is needed', async () => {
    const path = freshPath();
    const keyv = new Keyv({ store: keyvStore({ path }) });
    await keyv.disconnect();
    expect(existsSync(path)).toBe(false);
    await keyv.set('k', 1);
    expect(existsSync(path)).toBe(true);
    await keyv.disconnect();
    const again = new Keyv({ store: keyvStore({ path }) });
    expect(await again.get('k')).toBe(1);
    await again.disconnect();
    expect(await again.set('k', 2)).toBe(false);
  });

  test('the program, where the store was given a cache', async () => {
    const { cache } = await opened();
    for (const store of [keyvStore(cache), keyv6Store(cache.withNamespace('v'))]) await store.disconnect();
    await cache.set('k', 1);
    expect(await cache.get('k')).toBe(1);
  });

  test('a directory that can not be used fails the calls that need it', async () => {
    const path = freshPath();
    writeFileSync(path, 'a file');
    const store = keyvStore({ path });
    await expect(store.get('k')).rejects.toBeInstanceOf(TidemarkError);
    await expect(store.set('k', 1)).rejects.toBeInstanceOf(TidemarkError);
    await store.disconnect();
  });
});

test('options that can not be are refused', async () => {
  const { cache } = await opened();
  const bad = { code: 'bad_option' };
  const options = { useKeyPrefix: 'no' as unknown as boolean };
  expect(() => keyvStore(cache, options)).toThrow(expect.objectContaining(bad));
  expect(() => keyvStore(cache, { keyPrefix: true } as KeyvStoreOptions)).toThrow(expect.objectContaining(bad));
  expect(() => keyvStore(undefined as unknown as CacheOptions)).toThrow(expect.objectContaining(bad));
  await expect(keyvStore({ path: '' }).get('k')).rejects.toMatchObject(bad);
});
