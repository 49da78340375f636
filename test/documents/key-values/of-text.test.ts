/** Keyframes in a store of texts that somebody has written: the contract is kept, and texts of others are no bytes. */
import { describe, expect, it, test } from 'vitest';
import { keyValueSuite } from 'tidemark/testing';
import { type TextStore, textKeyValues } from 'tidemark/documents';

/** What such a store looks like at its simplest: it knows nothing of signals. */
class TextMap implements TextStore {
  readonly texts = new Map<string, string>();
  async get(key: string): Promise<string | undefined> {
    return this.texts.get(key);
  }
  async put(key: string, value: string): Promise<void> {
    this.texts.set(key, value);
  }
  async delete(key: string): Promise<void> {
    this.texts.delete(key);
  }
  async clear(): Promise<void> {
    this.texts.clear();
  }
  async startup(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

const maps = new WeakMap<object, TextMap>();

function over(map: TextMap) {
  const store = textKeyValues(map);
  maps.set(store, map);
  return store;
}

keyValueSuite(
  { describe, it },
  {
    name: 'textKeyValues()',
    open: () => over(new TextMap()),
    reopen: (closed) => over(maps.get(closed)!),
    another: (first) => over(maps.get(first)!),
  },
);

test('what is kept is plain ASCII, a third larger than the bytes', async () => {
  const map = new TextMap();
  await textKeyValues(map).put(
    'a',
    Uint8Array.from({ length: 3000 }, (_, i) => i),
  );
  expect(map.texts.get('a')).toMatch(/^[\x20-\x7e]{4000,4040}$/);
});

test.for(['', 'hello', 'aGVsbG8=', '{}', '{"header":{"id":"7"}}', 'null', '{"$tidemark":"Uint8Array","v":"%"}'])(
  'a text that others wrote is no bytes: %s',
  async (text) => {
    const map = new TextMap();
    map.texts.set('a', text);
    expect(await textKeyValues(map).get('a')).toBeUndefined();
  },
);

test('null from a client that answers so is nothing', async () => {
  const map = Object.assign(new TextMap(), { get: async () => null });
  expect(await textKeyValues(map).get('a')).toBeUndefined();
});

test('a wait ends when its signal aborts, though the store never answers, and the store is told of the signal', async () => {
  const signals: unknown[] = [];
  const never = (...args: unknown[]) => {
    signals.push(args.at(-1));
    return new Promise<never>(() => {});
  };
  const store = textKeyValues(Object.assign(new TextMap(), { get: never, put: never, delete: never }));
  const { signal, abort } = ended();
  const waits = [store.get('a', signal), store.put('a', Uint8Array.of(1), signal), store.delete('a', signal)];
  abort();
  const settled = await Promise.allSettled(waits);
  expect(settled.map((one) => one.status === 'rejected' && (one.reason as Error).message)).toEqual(
    Array(3).fill('over'),
  );
  expect(signals).toEqual([signal, signal, signal]);
});

function ended() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('over')) };
}

test('what is no store of texts is refused, and what is no key or no bytes', async () => {
  const bad = (code: string) => expect.objectContaining({ code }) as Error;
  expect(() => textKeyValues({} as TextStore)).toThrow(bad('bad_option'));
  expect(() => textKeyValues(undefined as never)).toThrow(bad('bad_option'));
  const store = textKeyValues(new TextMap());
  await expect(store.get(7 as never)).rejects.toThrow(bad('bad_key'));
  await expect(store.put('a', 'text' as never)).rejects.toThrow(bad('bad_value'));
});
