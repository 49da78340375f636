/** The program of the restart: a process that has nothing but the stores, and says what it reads from them. */
import type { WriteCacheStats } from 'tidemark/documents';
import { readTree } from './executor.ts';
import { openCache, openStores } from './stores.ts';
import { treeId } from './tree-id.ts';

/** What the process is told. */
export interface Order {
  /** Where the stores are. */
  readonly folder: string;
  /** What it shall read, in this order. */
  readonly revisions: readonly number[];
}

/** What it answers. */
export type Answer =
  | { readonly trouble: string }
  | {
      /** Milliseconds until the stores were open, and those of the first read. */
      readonly openMs: number;
      readonly firstMs: number;
      /** What it read: the ids of the trees, and of the commits that they say they are of. */
      readonly found: readonly { readonly tree: string; readonly commit: string | undefined }[];
      readonly stats: WriteCacheStats;
    };

process.on('SIGINT', () => {}); // Ctrl-C reaches every process of a terminal: the one that started this one decides
process.once('disconnect', () => process.exit());
process.once('message', (order: Order) => void begin(order));

async function begin(order: Order): Promise<void> {
  let answer: Answer;
  try {
    answer = await read(order);
  } catch (error) {
    answer = { trouble: error instanceof Error ? error.message : String(error) };
  }
  if (process.connected) process.send!(answer);
}

async function read({ folder, revisions }: Order): Promise<Answer> {
  const began = performance.now();
  const stores = await openStores(folder);
  try {
    const cache = await openCache(stores);
    const openMs = performance.now() - began;
    const found: { tree: string; commit: string | undefined }[] = [];
    let firstMs = NaN;
    for (const revision of revisions) {
      const before = performance.now();
      const { root, commit } = await readTree(cache, revision);
      if (found.length === 0) firstMs = performance.now() - before;
      found.push({ tree: treeId(root), commit: commit?.id });
    }
    const stats = cache.stats();
    await cache.shutdown();
    return { openMs, firstMs, found, stats };
  } finally {
    await stores.close();
  }
}
