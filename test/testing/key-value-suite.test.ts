/** The suite of key/value stores passes one that keeps the contract, and notices one that doesn't. */
import { describe, expect, it, test } from 'vitest';
import { keyValueSuite, type KeyValueSuiteOptions } from 'tidemark/testing';
import type { KeyValueStore } from 'tidemark/documents';
import { outcomesOf } from './outcomes.ts';

/** The simplest store that keeps the whole contract, on a map that may be there already, under a prefix. */
class Simple implements KeyValueStore {
  readonly bytes: Map<string, Uint8Array>;
  readonly prefix: string;

  constructor(bytes = new Map<string, Uint8Array>(), prefix = '') {
    this.bytes = bytes;
    this.prefix = prefix;
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    return this.bytes.get(this.prefix + key);
  }

  async put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.bytes.set(this.prefix + key, new Uint8Array(value));
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.bytes.delete(this.prefix + key);
  }

  async clear(): Promise<void> {
    for (const key of this.bytes.keys()) if (key.startsWith(this.prefix)) this.bytes.delete(key);
  }

  async startup(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

const on = (store: KeyValueStore, prefix = 'one|') => new Simple((store as Simple).bytes, prefix);

/** Every test of the suite can be run on it. */
const whole: KeyValueSuiteOptions = {
  name: 'simple',
  open: () => new Simple(undefined, 'one|'),
  reopen: (closed) => on(closed),
  another: (first) => on(first),
  beside: (first) => on(first, 'two|'),
};

keyValueSuite({ describe, it }, whole);

test('what a store was not given for is left out, and the heading says why', async () => {
  const all = await outcomesOf((runner) => keyValueSuite(runner, whole));
  const some = await outcomesOf((runner) => keyValueSuite(runner, { name: 'simple', open: () => new Simple() }));
  expect([...some.failed, ...all.failed]).toEqual([]);
  expect(all.passed.length - some.passed.length).toBe(3);
  const headings: string[] = [];
  const note = (name: string, body: () => void) => (headings.push(name), body());
  keyValueSuite(
    { describe: note, it: Object.assign(() => {}, { skip: () => {} }) },
    { name: 'simple', open: () => new Simple() },
  );
  expect(headings.at(-1)).toContain('no way to reopen it was given');
});

test('each store that was opened is shut down and then closed, also where a test fails', async () => {
  const events: string[] = [];
  const open = () => {
    events.push('open');
    return Object.assign(new Simple(), {
      shutdown: async () => void events.push('shutdown'),
      put: () => Promise.reject(new Error('no')),
    });
  };
  const options = { name: 'noted', open, close: () => void events.push('close') };
  const { failed } = await outcomesOf((runner) => keyValueSuite(runner, options), { only: 'what was put is there' });
  expect(failed.size).toBe(1);
  expect(events).toEqual(['open', 'shutdown', 'close']);
});

test('an eventually consistent store passes when the suite is told how to wait', async () => {
  const places = new Set<{ seen: Map<string, Uint8Array>; written: Map<string, Uint8Array> }>();
  const open = () => {
    const place = { seen: new Map<string, Uint8Array>(), written: new Map<string, Uint8Array>() };
    places.add(place);
    const writer = new Simple(place.written);
    return Object.assign(new Simple(place.seen), {
      put: writer.put.bind(writer),
      delete: writer.delete.bind(writer),
      clear: writer.clear.bind(writer),
    });
  };
  const settle = () => {
    for (const { seen, written } of places) {
      seen.clear();
      for (const [key, bytes] of written) seen.set(key, bytes);
    }
  };
  const name = 'lagging';
  const waiting = await outcomesOf((runner) => keyValueSuite(runner, { name, open, settle }));
  expect([...waiting.failed]).toEqual([]);
  const hasty = await outcomesOf((runner) => keyValueSuite(runner, { name, open }));
  expect(hasty.failed.size).toBeGreaterThan(5);
});

type Spoilt = Partial<KeyValueStore>;
type Broken = readonly [promise: string, noticedBy: string, spoil: (store: Simple) => Spoilt];

/** A store that does something to keys before it uses them. */
const named =
  (name: (key: string) => string) =>
  (store: Simple): Spoilt => ({
    get: (key, signal) => Simple.prototype.get.call(store, name(key), signal),
    put: (key, value, signal) => Simple.prototype.put.call(store, name(key), value, signal),
    delete: (key, signal) => Simple.prototype.delete.call(store, name(key), signal),
  });

/** A store that does something to bytes on their way in. */
const keeping =
  (change: (value: Uint8Array) => Uint8Array) =>
  (store: Simple): Spoilt => ({
    put: async (key, value, signal) => {
      signal?.throwIfAborted();
      store.bytes.set(store.prefix + key, change(value));
    },
  });

/** A store that does something to bytes on their way out. */
const answering =
  (change: (value: Uint8Array | undefined) => unknown) =>
  (store: Simple): Spoilt => ({
    get: async (key, signal) => change(await Simple.prototype.get.call(store, key, signal)) as Uint8Array | undefined,
  });

const utf8 = (value: Uint8Array) => new TextEncoder().encode(new TextDecoder().decode(value));

const broken: readonly Broken[] = [
  ['answers null for what is missing', 'a key that is missing is undefined', answering((found) => found ?? null)],
  [
    'answers no bytes for what is missing',
    'a key that is missing is undefined',
    answering((f) => f ?? new Uint8Array()),
  ],
  [
    'finds what every object has',
    'a key that is missing is undefined',
    (store) => {
      const object: Record<string, Uint8Array> = {};
      return {
        get: async (key) => object[key],
        put: async (key, value) => void (object[key] = new Uint8Array(value)),
        delete: async (key) => void delete object[key],
        clear: async () => store.clear(),
      };
    },
  ],
  ['keeps nothing', 'what was put is there', () => ({ put: async () => {} })],
  [
    'forgets what it has answered',
    'what was put is there',
    (store) => ({
      get: async (key) => {
        const found = store.bytes.get(store.prefix + key);
        store.bytes.delete(store.prefix + key);
        return found;
      },
    }),
  ],
  [
    'answers at once instead of with a promise',
    'operations answer with promises, and those that write with nothing',
    (store) => ({ get: ((key: string) => store.bytes.get(store.prefix + key)) as never }),
  ],
  [
    'tells whether there was something to delete',
    'operations answer with promises, and those that write with nothing',
    (store) => ({ delete: (async (key: string) => store.bytes.delete(store.prefix + key)) as never }),
  ],
  [
    'keeps what was there first',
    'bytes that are put take the place of those before, whatever their lengths',
    (store) => ({
      put: async (key, value) => {
        if (!store.bytes.has(store.prefix + key)) store.bytes.set(store.prefix + key, new Uint8Array(value));
      },
    }),
  ],
  [
    'writes over the beginning of what was there',
    'bytes that are put take the place of those before, whatever their lengths',
    (store) => ({
      put: async (key, value) => {
        const before = store.bytes.get(store.prefix + key) ?? new Uint8Array();
        const after = new Uint8Array(Math.max(before.length, value.length));
        after.set(before);
        after.set(value);
        store.bytes.set(store.prefix + key, after);
      },
    }),
  ],
  [
    'deletes everything that begins so',
    'a deleted key is gone, and no other',
    (store) => ({
      delete: async (key) => {
        for (const each of store.bytes.keys()) if (each.startsWith(store.prefix + key)) store.bytes.delete(each);
      },
    }),
  ],
  ['deletes nothing', 'a deleted key is gone, and no other', () => ({ delete: async () => {} })],
  [
    'fails to delete what is not there',
    'deleting what is not there is no error',
    (store) => ({
      delete: async (key) => {
        if (!store.bytes.delete(store.prefix + key)) throw new Error('no such key');
      },
    }),
  ],
  [
    'never takes a key again that was deleted',
    'a key can be put again after it was deleted',
    (store) => {
      const dead = new Set<string>();
      return {
        delete: async (key) => void (dead.add(key), store.bytes.delete(store.prefix + key)),
        get: async (key) => (dead.has(key) ? undefined : store.bytes.get(store.prefix + key)),
      };
    },
  ],
  ['does not clear', 'clear forgets everything, and the store goes on', () => ({ clear: async () => {} })],
  [
    'takes nothing after it was cleared',
    'clear forgets everything, and the store goes on',
    (store) => {
      let cleared = false;
      return {
        clear: async () => void (cleared = true),
        get: async (key) => (cleared ? undefined : store.bytes.get(store.prefix + key)),
      };
    },
  ],
  ['takes keys of different case for one', 'no two awkward keys are one', named((key) => key.toLowerCase())],
  ['normalizes keys', 'no two awkward keys are one', named((key) => key.normalize())],
  ['cuts long keys', 'no two awkward keys are one', named((key) => key.slice(0, 250))],
  ['trims keys', 'no two awkward keys are one', named((key) => key.trim())],
  ['glues parts of keys', 'no two awkward keys are one', named((key) => key.replaceAll('/', ':'))],
  [
    'writes keys in UTF-8',
    'keys with lone surrogates are keys of their own',
    named((key) => new TextDecoder().decode(new TextEncoder().encode(key))),
  ],
  [
    'lets one caller have the answer of another',
    'two hundred keys at the same time',
    (store) => {
      let asked = '';
      return {
        get: async (key) => {
          asked = key;
          await Promise.resolve();
          return store.bytes.get(store.prefix + asked);
        },
      };
    },
  ],
  [
    'keeps a hundred keys',
    'two hundred keys at the same time',
    (store) => ({
      put: async (key, value) => {
        store.bytes.set(store.prefix + key, new Uint8Array(value));
        if (store.bytes.size > 100) store.bytes.delete([...store.bytes.keys()][0]);
      },
    }),
  ],
  ['takes no bytes for nothing', 'no bytes are not the same as nothing', answering((f) => (f?.length ? f : undefined))],
  ['keeps bytes as text', 'every byte comes back, whatever it would mean as text', keeping(utf8)],
  [
    'ends at the first zero',
    'every byte comes back, whatever it would mean as text',
    keeping((value) => value.slice(0, value.includes(0) ? value.indexOf(0) : value.length)),
  ],
  [
    'pads to words',
    'bytes of every small length come back',
    keeping((value) => Uint8Array.from({ length: (value.length + 3) & ~3 }, (_, i) => value[i] ?? 0)),
  ],
  ['keeps 64 kB at most', 'many bytes come back', keeping((value) => value.slice(0, 65_536))],
  [
    'keeps the whole buffer of a part',
    'of bytes that are a part of larger ones only that part comes back',
    keeping((value) => new Uint8Array(value.buffer.slice(0))),
  ],
  [
    'answers with a class of somebody else',
    'bytes of a class of their own come back as a plain Uint8Array',
    keeping((value) => value),
  ],
  ['answers with a Buffer', 'what was put is there', answering((found) => found && Buffer.from(found))],
  ['answers with numbers', 'what was put is there', answering((found) => found && [...found])],
  [
    'takes the bytes away from whoever gave them',
    'putting changes nothing in the bytes',
    keeping((value) => {
      const kept = new Uint8Array(value);
      value.fill(0);
      return kept;
    }),
  ],
  [
    'answers from memory that it uses again',
    'bytes that were answered stay as they are, whatever is done to the store later',
    (() => {
      const block = new Uint8Array(2_000_000);
      return answering((found) => {
        if (!found) return undefined;
        block.set(found);
        return block.subarray(0, found.length);
      });
    })(),
  ],
  [
    'wipes what it forgets',
    'bytes that were answered stay as they are, whatever is done to the store later',
    (store) => ({ clear: async () => (store.bytes.forEach((bytes) => bytes.fill(0)), store.bytes.clear()) }),
  ],
  [
    'reads as if nobody had given up',
    'a signal that has aborted before is answered with its reason, and nothing is done',
    (store) => ({ get: async (key) => store.bytes.get(store.prefix + key) }),
  ],
  [
    'gives up with an error of its own',
    'a signal that has aborted before is answered with its reason, and nothing is done',
    (store) => ({
      get: async (key, signal) => {
        if (signal?.aborted) throw new Error('Operation aborted');
        return store.bytes.get(store.prefix + key);
      },
    }),
  ],
  [
    'keeps what was given up before',
    'a signal that has aborted before is answered with its reason, and nothing is done',
    (store) => ({
      put: async (key, value, signal) => {
        store.bytes.set(store.prefix + key, new Uint8Array(value));
        signal?.throwIfAborted();
      },
    }),
  ],
  [
    'never works again once somebody gave up',
    'a signal that aborts while something is under way ends that, and the store goes on',
    (store) => {
      let dead = false;
      return {
        get: async (key, signal) => {
          signal?.addEventListener('abort', () => (dead = true));
          await Promise.resolve();
          if (dead) throw new Error('closed');
          return store.bytes.get(store.prefix + key);
        },
      };
    },
  ],
  [
    'forgets what it has put when its signal aborts later',
    'a signal that aborts afterwards changes nothing',
    (store) => ({
      put: async (key, value, signal) => {
        store.bytes.set(store.prefix + key, new Uint8Array(value));
        signal?.addEventListener('abort', () => store.bytes.delete(store.prefix + key));
      },
    }),
  ],
  [
    'begins anew whenever it is started',
    'starting a second time does no harm, and forgets nothing',
    (store) => ({ startup: () => store.clear() }),
  ],
  [
    'fails when it is shut down twice',
    'shutting down a second time does no harm',
    () => {
      let down = 0;
      return { shutdown: async () => failIf(++down > 1) };
    },
  ],
  [
    'stays closed',
    'it can be started again after it was shut down',
    (store) => {
      let closed = false;
      return {
        shutdown: async () => void (closed = true),
        put: async (key, value) => {
          failIf(closed);
          store.bytes.set(store.prefix + key, value);
        },
      };
    },
  ],
];

function failIf(closed: boolean): void {
  if (closed) throw new Error('it is closed');
}

describe('the suite notices a store that', () => {
  test.each(broken)('%s', async (_, noticedBy, spoil) => {
    const open = () => {
      const store = new Simple();
      return Object.assign(store, spoil(store));
    };
    const { failed } = await outcomesOf((runner) => keyValueSuite(runner, { name: 'broken', open }), {
      only: noticedBy,
    });
    expect([...failed.keys()]).toEqual([noticedBy]);
  });

  test.each([
    [
      'loses everything when it is shut down',
      'what was put is there after shutting down and opening again',
      { reopen: () => new Simple() },
    ],
    [
      'has another place for each process',
      'what one has put, deleted and cleared, another sees',
      { another: () => new Simple() },
    ],
    [
      'sees what others do only once',
      'what one has put, deleted and cleared, another sees',
      {
        another: (first: KeyValueStore) => {
          const seen = new Map<string, Uint8Array | undefined>();
          const other = on(first);
          const get = async (key: string) => {
            if (!seen.has(key)) seen.set(key, await Simple.prototype.get.call(other, key));
            return seen.get(key);
          };
          return Object.assign(other, { get });
        },
      },
    ],
    [
      'takes all prefixes for one',
      'stores with another prefix in the same place are kept apart, and clear leaves them as they are',
      { beside: (first: KeyValueStore) => on(first) },
    ],
    [
      'clears the whole place',
      'stores with another prefix in the same place are kept apart, and clear leaves them as they are',
      {
        open: () => {
          const store = new Simple(undefined, 'one|');
          return Object.assign(store, { clear: async () => store.bytes.clear() });
        },
      },
    ],
  ] as const)('%s', async (_, noticedBy, spoilt) => {
    const options: KeyValueSuiteOptions = { ...whole, ...spoilt };
    const { failed } = await outcomesOf((runner) => keyValueSuite(runner, options), { only: noticedBy });
    expect([...failed.keys()]).toEqual([noticedBy]);
  });
});
