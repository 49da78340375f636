/** Where operations and keyframes are, and what is asked there. */
import { PGlite } from '@electric-sql/pglite';
import { sqlBackend } from 'tidemark/backends/sql';
import { bytesCodec } from 'tidemark/codecs/bytes';
import {
  type KeyValueStore,
  memoryKeyValues,
  memoryOperations,
  type OperationSource,
  type OperationStore,
  storeKeyValues,
} from 'tidemark/documents';
import { sqlOperations } from 'tidemark/documents/sql';

/** A place for both. */
export interface Place {
  readonly name: 'memory' | 'PGlite';
  readonly operations: OperationStore;
  readonly keyframes: () => KeyValueStore;
  readonly close: () => Promise<void>;
}

/** In this process's memory. */
export function inMemory(): Place {
  return { name: 'memory', operations: memoryOperations(), keyframes: () => memoryKeyValues(), close: async () => {} };
}

/** In a Postgres in this process, itself in memory. */
export async function inPGlite(): Promise<Place> {
  const database = await PGlite.create();
  const query = (sql: string, params: readonly unknown[]) => database.query(sql, [...params]) as never;
  let made = 0;
  return {
    name: 'PGlite',
    operations: sqlOperations({ dialect: 'postgres', query }),
    keyframes: () => {
      const tables = `keyframes${++made}`;
      return storeKeyValues(() => sqlBackend({ dialect: 'postgres', query, tables, codec: bytesCodec }));
    },
    close: () => database.close(),
  };
}

/** A source that counts what is asked of it. */
export interface Counted extends OperationSource {
  calls: number;
  rows: number;
}

/** The same source, counting. */
export function counted(source: OperationSource): Counted {
  const counting: Counted = {
    calls: 0,
    rows: 0,
    async getSince(...question) {
      const page = await source.getSince(...question);
      counting.calls++;
      counting.rows += page.results.length;
      return page;
    },
    getHeads(...question) {
      counting.calls++;
      return source.getHeads(...question);
    },
  };
  return counting;
}
