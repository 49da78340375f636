/** Keyframes as bytes: how small they get, what that takes, and how they add up beside the operations. */
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';
import {
  byCost,
  type Compression,
  createWriteCache,
  everyNth,
  gzip,
  type KeyframePolicy,
  type KeyValueStore,
  memoryKeyValues,
  memoryOperations,
  noCompression,
} from 'tidemark/documents';
import { median, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { BRANCH, type Ids, operationAt, registry, SCOPE, type Shape, TYPE, write } from './histories.ts';

const NODES = 1000;

const COMPRESSIONS: readonly Compression[] = [
  noCompression,
  gzip,
  { name: 'gzip-1', compress: (bytes) => gzipSync(bytes, { level: 1 }), decompress: (bytes) => gunzipSync(bytes) },
  {
    name: 'brotli-4',
    compress: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
    decompress: (bytes) => brotliDecompressSync(bytes),
  },
];

/** Measure the bytes of one keyframe, and processor time to write it and to begin with it, all of that counted. */
export async function keyframeBytes(ids: Ids): Promise<Table> {
  const operations = memoryOperations();
  const history = Array.from({ length: NODES }, (_, i) => operationAt('framed', 'grow', i, ids));
  await write(operations, 'framed', history);
  const models = registry('plain');
  const json = JSON.stringify(
    (await createWriteCache({ operations, registry: models }).getState('framed', TYPE, SCOPE, BRANCH)).state['global'],
  ).length;
  const seen = COMPRESSIONS.map(() => ({ bytes: 0, write: [] as number[], read: [] as number[] }));
  for (let round = 0; round < 13; round++)
    for (const [i, compression] of COMPRESSIONS.entries()) {
      const keyframes = memoryKeyValues();
      const common = { operations, registry: models, keyframes, compression };
      const writer = createWriteCache(common);
      const document = await createWriteCache({ operations, registry: models }).getState('framed', TYPE, SCOPE, BRANCH);
      await writer.getState('framed', TYPE, SCOPE, BRANCH, 5); // so that the document's life is known
      writer.putState('framed', TYPE, SCOPE, BRANCH, NODES - 1, document);
      const wrote = await processorTime(() => writer.shutdown());
      const reader = createWriteCache(common);
      const read = await processorTime(() => reader.getState('framed', TYPE, SCOPE, BRANCH));
      if (reader.stats().resumed !== 1) throw new Error('the keyframe was not used');
      const { write: writes, read: reads } = seen[i];
      seen[i].bytes = writer.stats().keyframes.bytes;
      if (round < 2) continue;
      writes.push(wrote);
      reads.push(read);
    }
  return {
    title: `One keyframe of ${NODES} nodes, ids as ${ids}, ${json} bytes as JSON; processor time to write it, and to begin with it`,
    rows: seen.map(({ bytes, write: writes, read }, i) => ({
      name: `${COMPRESSIONS[i].name}: write ${time(median(writes))}, read ${time(median(read))}`,
      figure: `${bytes} B`,
      ratios: { 'smaller than JSON': json / bytes },
    })),
  };
}

/** Nanoseconds of processor time, of all threads. */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const begin = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) * 1000;
}

const POLICIES: Readonly<Record<string, KeyframePolicy>> = { 'everyNth(10)': everyNth(10), 'byCost()': byCost() };

/** Add up the bytes of keyframes beside those of operations. */
export async function keyframeTotals(): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const shape of ['grow', 'rename'] as Shape[])
    for (const [name, keyframePolicy] of Object.entries(POLICIES)) {
      const operations = memoryOperations();
      const { store: keyframes, bytes: kept } = weighed(memoryKeyValues());
      const cache = createWriteCache({ operations, registry: registry('plain'), keyframes, keyframePolicy });
      await write(operations, 'd', [operationAt('d', shape, 0)]);
      const model = registry('plain').getModel(TYPE, 1);
      let written = 0;
      for (let index = 1; index < NODES; index++) {
        const operation = operationAt('d', shape, index);
        written += JSON.stringify(operation).length;
        const next = model.reducer(await cache.getState('d', TYPE, SCOPE, BRANCH), operation);
        const stream = { documentId: 'd', documentType: TYPE, scope: SCOPE, branch: BRANCH, revision: index - 1 };
        await operations.append({ ...stream, operations: [operation] });
        next.operations[SCOPE] = [operation];
        cache.putState('d', TYPE, SCOPE, BRANCH, index, next);
        await new Promise((resolve) => setImmediate(resolve));
        while (cache.stats().keyframes.depth > 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const { written: count, bytes } = cache.stats().keyframes;
      rows.push({
        name: `${shape}, ${name}: ${count} written, ${kept()} B kept in the end`,
        figure: `${bytes} B`,
        ratios: { 'bytes of the operations': bytes / written },
        budget: { text: '≤ 2 ×', kept: bytes <= 2 * written },
      });
      await cache.shutdown();
    }
  return { title: `All keyframes written over ${NODES} operations, one after the other, gzip`, rows };
}

/** A store that knows the bytes of the values in it. */
function weighed(store: KeyValueStore): { readonly store: KeyValueStore; readonly bytes: () => number } {
  const sizes = new Map<string, number>();
  return {
    store: {
      get: (key, signal) => store.get(key, signal),
      put: (key, value, signal) => {
        sizes.set(key, value.length);
        return store.put(key, value, signal);
      },
      delete: (key, signal) => {
        sizes.delete(key);
        return store.delete(key, signal);
      },
      clear: () => store.clear(),
      startup: () => store.startup(),
      shutdown: () => store.shutdown(),
    },
    bytes: () => [...sizes.values()].reduce((sum, size) => sum + size, 0),
  };
}
