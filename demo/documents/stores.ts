/** Where the demo keeps things: operations in a Postgres, keyframes in an LMDB file, both in one folder. */
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { bytesCodec } from 'tidemark/codecs/bytes';
import { createWriteCache, everyNth, type KeyValueStore, storeKeyValues, type WriteCache } from 'tidemark/documents';
import { sqlOperations } from 'tidemark/documents/sql';
import { CountedOperations } from './counted-operations.ts';
import { repositoryRegistry } from './tree.ts';

const INTERVAL = 50; // revisions: a commit has some twenty

/** The stores, open. */
export interface Stores {
  readonly operations: CountedOperations;
  readonly keyframes: KeyValueStore;
  /** A second time does no harm. */
  close(): Promise<void>;
}

/** Open the stores in a folder, or make them: that takes Postgres some seconds. */
export async function openStores(folder: string): Promise<Stores> {
  const database = await PGlite.create(join(folder, 'postgres'));
  const backend = lmdbBackend({ path: join(folder, 'keyframes'), codec: bytesCodec });
  const operations = sqlOperations({
    dialect: 'postgres',
    query: (sql, params) => database.query(sql, [...params]),
  });
  await operations.migrate();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await backend.close?.();
    await database.close();
  };
  return {
    operations: new CountedOperations(operations),
    keyframes: storeKeyValues(backend), // open until it is closed here, however many caches come and go
    close: () => (closing ??= close()),
  };
}

/** A cache with nothing in memory. One of them writes keyframes; if all did, measuring would change what is measured. */
export async function openCache(
  { operations, keyframes: store }: Pick<Stores, 'operations' | 'keyframes'>,
  { keyframes = 'read' }: { readonly keyframes?: 'written' | 'read' | 'none' } = {},
): Promise<WriteCache> {
  const cache = createWriteCache({
    operations,
    registry: repositoryRegistry,
    keyframes: keyframes === 'none' ? undefined : store,
    keyframePolicy: keyframes === 'written' ? everyNth(INTERVAL) : () => false,
    retention: { sparsity: 0 }, // all are kept: who scrubs reads what is old, too
  });
  await cache.startup();
  return cache;
}
