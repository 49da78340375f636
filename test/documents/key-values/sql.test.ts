/** Keyframes in tables: the contract is kept in PGlite and SQLite, in tables of their own and in shared ones. */
import { describe, expect, it, test, vi } from 'vitest';
import { sqlBackend } from 'tidemark/backends/sql';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { keyValueSuite } from 'tidemark/testing';
import { storeKeyValues, type StoreKeyValues } from 'tidemark/documents';
import { type Place, places } from '../../backends/sql/places.ts';

vi.setConfig({ testTimeout: 60_000 });

let made = 0;
const tables = new WeakMap<object, string>();

function open({ dialect, query }: Place, into: string, prefix?: string): StoreKeyValues {
  const backend = () => sqlBackend({ dialect, query, tables: into, codec: bytesCodec });
  const store = storeKeyValues(backend, prefix === undefined ? {} : { prefix });
  tables.set(store, into);
  return store;
}

for (const place of places()) {
  for (const prefix of [undefined, 'keyframes'])
    keyValueSuite(
      { describe, it },
      {
        name: `${place.name}, ${prefix ? 'shared tables' : 'tables of its own'}`,
        open: () => open(place, `keyframes${++made}`, prefix),
        reopen: (closed) => open(place, tables.get(closed)!, prefix),
        another: (first) => open(place, tables.get(first)!, prefix),
        ...(prefix && { beside: (first) => open(place, tables.get(first)!, 'others') }),
      },
    );

  test(`in ${place.name} a put that meets a log that has begun anew is kept`, async () => {
    const backend = sqlBackend({ dialect: place.dialect, query: place.query, tables: `anew${++made}` });
    const store = storeKeyValues(backend);
    await store.put('a', Uint8Array.of(1));
    await backend.newIncarnation();
    await store.put('b', Uint8Array.of(2));
    expect(store.refused).toBe(0);
    expect(await store.get('b')).toEqual(Uint8Array.of(2));
  });
}
