/** Any store of the engine as a key/value store: refusals, signals, times, who closes what, and what is somebody else's. */
import { describe, expect, it, test } from 'vitest';
import { type Backend, type Call, createCache, type Entry, type Store, type Stored } from 'tidemark';
import { memory } from 'tidemark/stores/memory';
import { keyValueSuite, manualClock, nullStore, sharedBackend, SharedSpace } from 'tidemark/testing';
import { storeKeyValues, type StoreKeyValues } from 'tidemark/documents';

const ONE = Uint8Array.of(1);
const stores = new WeakMap<object, Store>();

function over(store: Store, prefix: string): StoreKeyValues {
  const made = storeKeyValues(store, { prefix });
  stores.set(made, store);
  return made;
}

keyValueSuite(
  { describe, it },
  {
    name: 'a memory tier that is shared',
    open: () => over(memory(), 'keyframes'),
    reopen: (closed) => over(stores.get(closed)!, 'keyframes'),
    another: (first) => over(stores.get(first)!, 'keyframes'),
    beside: (first) => over(stores.get(first)!, 'keyframes of others'),
  },
);

const spaces = new WeakMap<object, SharedSpace>();

function inSpace(space: SharedSpace): StoreKeyValues {
  const made = storeKeyValues(() => sharedBackend({ space }));
  spaces.set(made, space);
  return made;
}

keyValueSuite(
  { describe, it },
  {
    name: 'a backend that takes its time',
    open: () => inSpace(new SharedSpace()),
    reopen: (closed) => inSpace(spaces.get(closed)!),
    another: (first) => inSpace(spaces.get(first)!),
  },
);

/** A backend in memory that counts and can be told what to do. */
class Told implements Backend {
  readonly name = 'told';
  readonly sync = false;
  readonly entries = new Map<string, Entry>();
  readonly asked: string[] = [];
  readonly signals = new Set<AbortSignal>();
  head = 5;
  incarnation = 'first';
  room = true;
  closed = 0;
  readonly log = {
    position: (call: Call) => {
      this.#note('position', call);
      return { head: this.head, incarnation: this.incarnation };
    },
  } as Backend['log'];

  #note(what: string, { signal }: Call): void {
    this.asked.push(what);
    this.signals.add(signal);
  }

  getMany(keys: readonly string[], call: Call): (Entry | undefined)[] {
    this.#note('getMany', call);
    return keys.map((key) => this.entries.get(key));
  }

  setMany(records: readonly Stored[], call: Call): boolean[] {
    this.#note('setMany', call);
    return records.map(({ key, entry }) => {
      const kept = this.room && entry.incarnation === this.incarnation && entry.mark >= this.head;
      if (kept) this.entries.set(key, entry);
      return kept;
    });
  }

  deleteMany(keys: readonly string[], call: Call): void {
    this.#note('deleteMany', call);
    for (const key of keys) this.entries.delete(key);
  }

  clear(call: Call): void {
    this.#note('clear', call);
    this.entries.clear();
  }

  close(): void {
    this.closed++;
  }
}

describe('a backend that refuses', () => {
  test('is asked where its log stands once, not with every put', async () => {
    const backend = new Told();
    const store = storeKeyValues(backend);
    for (const key of ['a', 'b', 'c']) await store.put(key, ONE);
    expect(backend.asked).toEqual(['position', 'setMany', 'setMany', 'setMany']);
  });

  test.for([
    ['its log has gone on', { head: 9 }],
    ['its log is another one', { head: 0, incarnation: 'second' }],
  ] as const)('is asked anew and once more when %s', async ([, now]) => {
    const backend = new Told();
    const store = storeKeyValues(backend);
    await store.put('a', ONE);
    Object.assign(backend, now);
    backend.asked.length = 0;
    await store.put('b', ONE);
    expect(backend.asked).toEqual(['setMany', 'position', 'setMany']);
    expect(store.refused).toBe(0);
    expect(await store.get('a')).toEqual(ONE); // every keyframe is checked by whoever reads it: the log has no say
    expect(await store.get('b')).toEqual(ONE);
  });

  test('for want of room is no failure, is not asked again for nothing, and is counted', async () => {
    const backend = Object.assign(new Told(), { room: false });
    const store = storeKeyValues(backend);
    await store.put('a', ONE);
    expect(store.refused).toBe(1);
    expect(backend.asked).toEqual(['position', 'setMany', 'position']);
    expect(await store.get('a')).toBeUndefined();
  });

  test('cannot be cleared beside others without room to note it, and says so', async () => {
    const store = storeKeyValues(Object.assign(new Told(), { room: false }), { prefix: 'keyframes' });
    await expect(store.clear()).rejects.toThrow(expect.objectContaining({ code: 'store_failed' }));
  });
});

describe('signals', () => {
  test('are handed on with every question', async () => {
    const backend = new Told();
    const store = storeKeyValues(backend, { prefix: 'keyframes' });
    const { signal } = new AbortController();
    await store.put('a', ONE, signal);
    await store.get('a', signal);
    await store.delete('a', signal);
    expect(backend.asked).toEqual(['getMany', 'position', 'setMany', 'getMany', 'deleteMany']);
    expect([...backend.signals]).toEqual([signal]);
  });

  test('end a wait for a store that never answers', async () => {
    const never = () => new Promise<never>(() => {});
    const stuck = { ...nullStore(), getMany: never, setMany: never, deleteMany: never };
    const store = storeKeyValues(stuck);
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [store.get('a', signal), store.put('a', ONE, signal), store.delete('a', signal)];
    controller.abort(new Error('over'));
    const ends = await Promise.allSettled(waits);
    expect(ends.map((end) => end.status === 'rejected' && (end.reason as Error).message)).toEqual(
      Array(3).fill('over'),
    );
  });
});

describe('times', () => {
  test('bytes are answered until their ttl is over, whatever the store thinks', async () => {
    const clock = manualClock();
    const store = storeKeyValues(new Told(), { ttl: '1m', clock });
    await store.put('a', ONE);
    clock.advance(59_999);
    expect(await store.get('a')).toEqual(ONE);
    clock.advance(1);
    expect(await store.get('a')).toBeUndefined();
  });

  test('a store is told when bytes are not wanted any more; without a ttl never', async () => {
    const [backend, clock] = [new Told(), manualClock()];
    await storeKeyValues(backend, { ttl: 1000, clock }).put('a', ONE);
    await storeKeyValues(backend, { clock }).put('b', ONE);
    const ends = [...backend.entries.values()].map(({ keptUntil }) => keptUntil);
    expect(ends).toEqual([clock.now() + 1000, Infinity]);
  });
});

describe('who closes what', () => {
  test('a store that was handed in stays open', async () => {
    const backend = new Told();
    const store = storeKeyValues(backend);
    await store.startup();
    await store.shutdown();
    await store.shutdown();
    expect(backend.closed).toBe(0);
    expect(backend.asked).toEqual([]); // starting asks for nothing: a server that is away keeps nobody from starting
  });

  test('a store that it opened itself is closed, once, and opened anew when it is started again', async () => {
    const opened: Told[] = [];
    const store = storeKeyValues(() => {
      opened.push(new Told());
      return opened.at(-1)!;
    });
    expect(opened).toEqual([]);
    await Promise.all([store.startup(), store.startup()]);
    await store.startup();
    await Promise.all([store.shutdown(), store.shutdown()]);
    await store.shutdown();
    await store.startup();
    await store.put('a', ONE);
    expect(opened.map(({ closed }) => closed)).toEqual([1, 0]);
    expect(opened[1].asked).toEqual(['position', 'setMany']);
  });

  test('it is opened again only when the one before is closed', async () => {
    const events: string[] = [];
    let letGo = () => {};
    const close = () =>
      new Promise<void>((resolve) => {
        letGo = () => {
          events.push('closed');
          resolve();
        };
      });
    const store = storeKeyValues(() => (events.push('opened'), { ...nullStore(), close }));
    await store.startup();
    const ends = [store.shutdown(), store.startup()];
    letGo();
    await Promise.all(ends);
    expect(events).toEqual(['opened', 'closed', 'opened']);
  });

  test('what is asked of it while it is not open fails with closed', async () => {
    const store = storeKeyValues(() => memory());
    const closed = expect.objectContaining({ code: 'closed' }) as Error;
    await expect(store.get('a')).rejects.toThrow(closed);
    await store.startup();
    await store.put('a', ONE);
    await store.shutdown();
    await expect(store.put('a', ONE)).rejects.toThrow(closed);
    await expect(store.clear()).rejects.toThrow(closed);
  });
});

describe('a store that is shared', () => {
  test('no key of a cache is one of ours, also where the names are alike', async () => {
    const tier = memory();
    const keyframes = storeKeyValues(tier);
    const shared = storeKeyValues(tier, { prefix: 'keyframes' });
    const cache = createCache({ name: 'keyframes', tiers: [tier] });
    await cache.define<Uint8Array>('a', { values: 'shared' }).set('b', ONE);
    for (const key of ['a', 'b', 'a/b', '/a/b', 'keyframes', '/keyframes/a/b', '']) {
      expect(await keyframes.get(key)).toBeUndefined();
      expect(await shared.get(key)).toBeUndefined();
    }
    await cache.close();
  });

  test('after a clear the store may lose its note of it, and nothing that was put since is lost with it', async () => {
    const backend = new Told();
    const store = storeKeyValues(backend, { prefix: 'keyframes' });
    await store.clear();
    const [note] = backend.entries.keys();
    await store.put('a', ONE);
    backend.entries.delete(note);
    expect(await store.get('a')).toEqual(ONE);
  });
});

test.for([
  ['a Buffer', Buffer.from([1, 2]), Uint8Array.of(1, 2)],
  ['a text', 'text', undefined],
  ['null', null, undefined],
] as const)('a store that answers with %s is read as bytes or nothing', async ([, value, due]) => {
  const backend = new Told();
  const store = storeKeyValues(backend);
  await store.put('a', ONE);
  for (const [key, entry] of backend.entries) backend.entries.set(key, { ...entry, value });
  const found = await store.get('a');
  expect(found).toEqual(due);
  expect(Buffer.isBuffer(found)).toBe(false);
});

test('what the store throws is thrown on, and the next question is asked as ever', async () => {
  const backend = new Told();
  const store = storeKeyValues({ ...nullStore(), getMany: () => Promise.reject(new Error('no connection')) });
  await expect(store.get('a')).rejects.toThrow('no connection');
  await expect(storeKeyValues(backend).get('a')).resolves.toBeUndefined();
});

test('bad input gets a clear error before anything is changed', async () => {
  const bad = (code: string) => expect.objectContaining({ code }) as Error;
  for (const store of [undefined, null, {}, 'redis'])
    expect(() => storeKeyValues(store as never)).toThrow(bad('bad_option'));
  for (const options of [{ ttl: 'soon' }, { prefix: '' }, { prefx: 'a' }, { ttl: -1 }])
    expect(() => storeKeyValues(memory(), options as object)).toThrow(bad('bad_option'));
  const backend = new Told();
  const store = storeKeyValues(backend);
  for (const value of ['text', [1], new Uint16Array(2), undefined])
    await expect(store.put('a', value as never)).rejects.toThrow(bad('bad_value'));
  for (const key of [undefined, 7, ['a']]) await expect(store.get(key as never)).rejects.toThrow(bad('bad_key'));
  expect(backend.asked).toEqual([]);
});
