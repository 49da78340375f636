/** Keyframes in an LMDB file: the contract is kept with any codec, in a file of its own and beside a cache. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { createCache } from 'tidemark';
import { lmdbBackend, type LmdbOptions } from 'tidemark/backends/lmdb';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { jsonCodec } from 'tidemark/codecs/json';
import { keyValueSuite } from 'tidemark/testing';
import { storeKeyValues, type StoreKeyValues } from 'tidemark/documents';

const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const folder = mkdtempSync(join(base, 'tidemark-keyframes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const paths = new WeakMap<object, string>();

function open(path: string, options: Partial<LmdbOptions>, prefix?: string): StoreKeyValues {
  const store = storeKeyValues(() => lmdbBackend({ path, ...options }), prefix === undefined ? {} : { prefix });
  paths.set(store, path);
  return store;
}

const kinds: readonly (readonly [string, Partial<LmdbOptions>, string?])[] = [
  ['an LMDB file with the codec for bytes', { codec: bytesCodec }],
  ['an LMDB file as it is', {}],
  ['an LMDB file with JSON, packed', { codec: jsonCodec, compression: true }],
  ['a shared LMDB file', { codec: bytesCodec }, 'keyframes'],
];

for (const [name, options, prefix] of kinds)
  keyValueSuite(
    { describe, it },
    {
      name,
      open: () => open(join(folder, `${++made}`), options, prefix),
      reopen: (closed) => open(paths.get(closed)!, options, prefix),
      another: (first) => open(paths.get(first)!, options, prefix),
      ...(prefix && { beside: (first) => open(paths.get(first)!, options, 'others') }),
    },
  );

test('a cache and keyframes share a file, and each clears its own', async () => {
  const backend = lmdbBackend({ path: join(folder, 'shared') });
  const cache = createCache({ name: 'shop', tiers: [backend] });
  const prices = cache.define<number>('price', {});
  const keyframes = storeKeyValues(backend, { prefix: 'keyframes' });
  await keyframes.startup();
  await keyframes.put('a', Uint8Array.of(1));
  await prices.set('tea', 5);

  await cache.invalidate({ all: true });
  expect(await keyframes.get('a')).toEqual(Uint8Array.of(1));

  await prices.set('tea', 6);
  await keyframes.clear();
  expect(await keyframes.get('a')).toBeUndefined();
  expect(await prices.get('tea')).toBe(6);

  await keyframes.put('a', Uint8Array.of(2)); // the log has moved meanwhile
  await keyframes.shutdown();
  expect(await keyframes.get('a')).toEqual(Uint8Array.of(2)); // the file isn't its own to close
  await cache.close();
});

test('bytes that were read are in memory of their own', async () => {
  const store = open(join(folder, 'own'), { codec: bytesCodec });
  await store.startup();
  await store.put('a', Buffer.from('some bytes'));
  const found = (await store.get('a'))!;
  expect(Object.getPrototypeOf(found)).toBe(Uint8Array.prototype);
  expect(found.buffer.byteLength).toBe(10);
  await store.shutdown();
});
