/** Every store keeps its contract, and the suite notices a store that doesn't. */
import { describe, expect, it, test } from 'vitest';
import { type Entry, type Store, type Stored, TidemarkError } from 'tidemark';
import { memory } from 'tidemark/stores/memory';
import { Disk, diskStore, manualClock, nullStore, storeSuite } from 'tidemark/testing';
import { type BytesStore, bytesStore } from './bytes-store.ts';
import { outcomesOf } from './outcomes.ts';

storeSuite({ describe, it }, { name: 'memory()', make: () => memory(), keeps: 'objects' });

storeSuite(
  { describe, it },
  {
    name: 'memory({ maxBytes, clock })',
    make: () => memory({ maxBytes: '200mb', clock: manualClock() }),
    clock: manualClock(),
    keeps: 'objects',
  },
);

storeSuite(
  { describe, it },
  {
    name: 'a synchronous store of bytes',
    make: () => bytesStore(),
    reopen: (closed) => bytesStore((closed as BytesStore).bytes),
  },
);

storeSuite(
  { describe, it },
  {
    name: 'a store of bytes that takes its time to write',
    make: () => {
      const store = bytesStore();
      return { ...store, setMany: async (records) => store.setMany(records), clear: async () => store.clear() };
    },
  },
);
const disks = new WeakMap<Store, Disk>();
const opened = (disk: Disk, sync: boolean): Store => {
  const store = diskStore({ disk, sync });
  disks.set(store, disk);
  return store;
};
for (const sync of [true, false])
  storeSuite(
    { describe, it },
    {
      name: `diskStore({ sync: ${sync} })`,
      make: () => opened(new Disk(), sync),
      reopen: (closed) => opened(disks.get(closed)!, sync),
      mirror: true,
    },
  );

storeSuite({ describe, it }, { name: 'an asynchronous store of bytes', make: () => asynchronous(bytesStore()) });

describe('an eventually consistent store', () => {
  /** Writes can be read only after they have settled. */
  const lagging = () => {
    const [seen, written] = [bytesStore(), bytesStore()];
    const settle = () => {
      seen.bytes.clear();
      for (const [key, bytes] of written.bytes) seen.bytes.set(key, bytes);
    };
    return { settle, store: asynchronous({ ...written, getMany: seen.getMany }) };
  };

  test('passes when the suite is told how to wait, and fails when it is not', async () => {
    let settle = () => {};
    const make = () => {
      const made = lagging();
      ({ settle } = made);
      return made.store;
    };
    const waiting = await outcomesOf((runner) => storeSuite(runner, { name: 'lagging', make, settle: () => settle() }));
    expect([...waiting.failed]).toEqual([]);
    const hasty = await outcomesOf((runner) => storeSuite(runner, { name: 'lagging', make }));
    expect(hasty.failed.size).toBeGreaterThan(5);
  });
});

function asynchronous(store: BytesStore): Store {
  return {
    name: 'asynchronous bytes',
    sync: false,
    getMany: async (keys) => store.getMany(keys),
    setMany: async (records) => store.setMany(records),
    deleteMany: async (keys) => store.deleteMany(keys),
    clear: async () => store.clear(),
  };
}

/** Stores with one broken promise each, and the test that must notice. */
const broken: readonly (readonly [promise: string, noticedBy: string, spoil: (store: BytesStore) => Partial<Store>])[] =
  [
    [
      'leaves out what is missing instead of keeping its position',
      'a key that is missing is undefined at its position',
      ({ getMany }) => ({ getMany: (keys) => getMany(keys).filter((entry) => entry !== undefined) }),
    ],
    [
      'answers null for what is missing',
      'a key that is missing is undefined at its position',
      ({ getMany }) => ({ getMany: (keys) => getMany(keys).map((entry) => entry ?? (null as unknown as undefined)) }),
    ],
    [
      'answers in the order of its keys',
      'entries are answered by the position of their keys, whatever the order',
      ({ getMany }) => ({ getMany: (keys) => getMany(keys.toSorted()) }),
    ],
    [
      'answers a key that is asked for twice once',
      'entries are answered by the position of their keys, whatever the order',
      ({ getMany }) => ({ getMany: (keys) => getMany([...new Set(keys)]) }),
    ],
    [
      'keeps nothing and says that it does',
      'entries are answered by the position of their keys, whatever the order',
      () => ({ setMany: (records) => records.map(() => true) }),
    ],
    [
      'says nothing of what it keeps',
      'entries are answered by the position of their keys, whatever the order',
      ({ setMany }) => ({ setMany: (records) => (setMany(records), []) }),
    ],
    ['raises marks', 'each entry keeps a mark of its own', changing((entry) => ({ ...entry, mark: entry.mark + 1 }))],
    [
      'forgets dependencies',
      'mark, incarnation, dependencies, times, etag and cost come back untouched',
      changing((entry) => ({ ...entry, dependencies: [] })),
    ],
    [
      'makes for ever a long time',
      'mark, incarnation, dependencies, times, etag and cost come back untouched',
      changing((entry) => ({ ...entry, keptUntil: Math.min(entry.keptUntil, 8.64e15) })),
    ],
    [
      'rounds times to seconds',
      'mark, incarnation, dependencies, times, etag and cost come back untouched',
      changing((entry) => ({ ...entry, freshUntil: Math.floor(entry.freshUntil / 7000) * 7000 })),
    ],
    [
      'loses the etag',
      'mark, incarnation, dependencies, times, etag and cost come back untouched',
      changing((entry) => ({ ...entry, etag: undefined })),
    ],
    [
      'keeps parts of the entry that was replaced',
      'a later entry replaces the whole of an earlier one',
      ({ setMany, getMany }) => ({
        setMany: (records) =>
          setMany(
            records.map(({ key, entry }) => ({
              key,
              entry: { ...entry, etag: entry.etag ?? getMany([key])[0]?.etag },
            })),
          ),
      }),
    ],
    [
      'keeps the first of two entries for a key',
      'of two entries for one key in one call the last one stays',
      ({ setMany }) => ({ setMany: (records) => setMany(records.toReversed()) }),
    ],
    [
      'fails to delete what is not there',
      'deleting what is not there is no error',
      ({ bytes, deleteMany }) => ({
        deleteMany: (keys) => {
          if (keys.some((key) => !bytes.has(key))) throw new Error('no such key');
          deleteMany(keys);
        },
      }),
    ],
    [
      'deletes the first key only',
      'what is deleted is gone, and nothing else',
      ({ deleteMany }) => ({ deleteMany: (keys) => deleteMany(keys.slice(0, 1)) }),
    ],
    ['does not clear', 'clear forgets everything and the store goes on', () => ({ clear: () => {} })],
    ['takes keys of different case for one', 'no two awkward keys are one', naming((key) => key.toLowerCase())],
    ['normalizes keys', 'no two awkward keys are one', naming((key) => key.normalize())],
    ['cuts long keys', 'no two awkward keys are one', naming((key) => key.slice(0, 250))],
    ['trims keys', 'no two awkward keys are one', naming((key) => key.replace(/ /g, ''))],
    [
      'takes versions for one',
      'versions of a collection, and entries without one, are kept apart',
      naming((key) => key.slice(0, key.lastIndexOf('~'))),
    ],
    [
      'finds things in an object by names that every object has',
      'an awkward key that was never set is missing',
      ({ getMany }) => ({
        getMany: (keys) => getMany(keys.map((key) => (key.includes('__proto__') ? '/suite/a~v1' : key))),
      }),
    ],
    [
      'keeps a hundred entries',
      'a thousand entries in one call',
      ({ bytes, setMany }) => ({
        setMany: (records) => {
          const kept = setMany(records);
          for (const key of [...bytes.keys()].slice(0, -100)) bytes.delete(key);
          return kept;
        },
      }),
    ],
    [
      'writes plain JSON',
      'every other value comes back equal, or is refused with bad_value',
      changing((entry) => ({ ...entry, value: JSON.parse(JSON.stringify(entry.value) ?? 'null') as unknown })),
    ],
    [
      'refuses with an error of its own',
      'every other value comes back equal, or is refused with bad_value',
      ({ setMany }) => ({
        setMany: (records) => {
          try {
            return setMany(records);
          } catch {
            throw new TypeError('cannot be cloned');
          }
        },
      }),
    ],
    [
      'refuses plain data',
      'plain data comes back equal',
      ({ setMany }) => ({
        setMany: (records) => {
          if (records.some(({ entry }) => entry.value === null)) throw new TidemarkError('bad_value', 'null');
          return setMany(records);
        },
      }),
    ],
    [
      'stores what comes before the value that it refuses',
      'when one value is refused, nothing of its call is stored',
      ({ setMany }) => ({ setMany: (records) => records.flatMap((record) => setMany([record])) }),
    ],
    [
      'keeps the objects that it is given',
      'a later change of what was given changes nothing that is stored',
      keepingObjects,
    ],
    [
      'answers with the objects that it keeps',
      'a change of what was answered changes nothing that is stored',
      keepingObjects,
    ],
    [
      'answers reads with a promise though it is synchronous',
      'a synchronous store never answers a read with a promise',
      ({ getMany }) => ({ getMany: async (keys) => getMany(keys) }),
    ],
    ['has no name', 'it has a name', () => ({ name: '' })],
    [
      'lets one caller have the answer of another',
      'operations at the same time each get their own answer',
      ({ getMany }) => {
        let asked: readonly string[] = [];
        return {
          sync: false,
          getMany: async (keys) => {
            asked = keys;
            await Promise.resolve();
            return getMany(asked);
          },
        };
      },
    ],
    [
      'never works again after an abort',
      'a call that was aborted before it began does no harm to later ones',
      ({ getMany }) => {
        let dead = false;
        return {
          getMany: (keys, { signal }) => {
            dead ||= signal.aborted;
            if (dead) throw new Error('closed');
            return getMany(keys);
          },
        };
      },
    ],
  ];

function changing(change: (entry: Entry) => Entry): (store: BytesStore) => Partial<Store> {
  return ({ setMany }) => ({
    setMany: (records) => setMany(records.map(({ key, entry }) => ({ key, entry: change(entry) }))),
  });
}

function naming(name: (key: string) => string): (store: BytesStore) => Partial<Store> {
  return ({ getMany, setMany, deleteMany }) => ({
    getMany: (keys) => getMany(keys.map(name)),
    setMany: (records) => setMany(records.map(({ key, entry }) => ({ key: name(key), entry }))),
    deleteMany: (keys) => deleteMany(keys.map(name)),
  });
}

function keepingObjects(): Partial<Store> {
  const entries = new Map<string, Entry>();
  return {
    getMany: (keys) => keys.map((key) => entries.get(key)),
    setMany: (records: readonly Stored[]) => records.map(({ key, entry }) => (entries.set(key, entry), true)),
    deleteMany: (keys) => keys.forEach((key) => entries.delete(key)),
    clear: () => entries.clear(),
  };
}

describe('the suite notices a store that', () => {
  test.each(broken)('%s', async (_, noticedBy, spoil) => {
    const make = () => {
      const store = bytesStore();
      return { ...store, ...spoil(store) };
    };
    const { failed } = await outcomesOf((runner) => storeSuite(runner, { name: 'broken', make }), { only: noticedBy });
    expect([...failed.keys()]).toEqual([noticedBy]);
  });

  test('loses everything when it is closed', async () => {
    const options = { name: 'forgetful', make: () => bytesStore(), reopen: () => bytesStore() };
    const { failed } = await outcomesOf((runner) => storeSuite(runner, options));
    expect([...failed.keys()]).toEqual(['what was kept is there after closing and opening again']);
  });

  test('keeps nothing at all', async () => {
    const { failed } = await outcomesOf((runner) => storeSuite(runner, { name: 'null', make: nullStore }));
    expect(failed.size).toBeGreaterThan(10);
  });
});
