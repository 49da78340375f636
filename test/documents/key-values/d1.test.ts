/** Keyframes in Cloudflare D1, as Miniflare runs it. */
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { type D1, d1Backend } from 'tidemark/backends/d1';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { keyValueSuite } from 'tidemark/testing';
import { storeKeyValues, type StoreKeyValues } from 'tidemark/documents';
import { openD1 } from '../../support/d1.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 }); // each statement goes through another process

let opened: Awaited<ReturnType<typeof openD1>>;
let database: D1;
let made = 0;
const tables = new WeakMap<object, string>();

beforeAll(async () => {
  opened = await openD1();
  database = opened.database;
});
afterAll(() => opened.close());

function open(into: string): StoreKeyValues {
  const store = storeKeyValues(() => d1Backend({ database, tables: into, codec: bytesCodec }));
  tables.set(store, into);
  return store;
}

keyValueSuite(
  { describe, it },
  {
    name: 'D1',
    open: () => open(`keyframes${++made}`),
    reopen: (closed) => open(tables.get(closed)!),
    another: (first) => open(tables.get(first)!),
  },
);

test('what is too large for a row of D1 is not kept, and counted', async () => {
  const store = open('large');
  await store.startup();
  await store.put('a', new Uint8Array(2_000_000));
  expect(store.refused).toBe(1);
  expect(await store.get('a')).toBeUndefined();
  await store.shutdown();
});
