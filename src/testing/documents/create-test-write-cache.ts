/** A write cache to test with: over stores in memory, with models that are there already, and a clock moved by hand. */
import type { DocumentModelRegistry } from '../../documents/model.ts';
import type { KeyValueStore } from '../../documents/key-value-store.ts';
import { memoryKeyValues } from '../../documents/key-values/memory.ts';
import { memoryOperations } from '../../documents/operations/memory.ts';
import type { OperationStore } from '../../documents/operation-store.ts';
import type { WriteCacheOptions } from '../../documents/options.ts';
import { createWriteCache } from '../../documents/projection.ts';
import type { WriteCache } from '../../documents/write-cache.ts';
import { turn } from '../../engine/turn.ts';
import { manualClock, type ManualClock } from '../manual-clock.ts';
import type { DocumentHistory } from './history.ts';
import { drive } from './models/drive.ts';
import { forgivingRegistryOf, type SampleModel } from './models/sample-model.ts';
import { textList } from './models/text-list.ts';

/** Options of {@link createTestWriteCache}: its own, and all of `createWriteCache`. */
export interface TestWriteCacheOptions extends Omit<Partial<WriteCacheOptions>, 'operations' | 'keyframes' | 'clock'> {
  /** The sample models that the registry knows, unless a registry is given. Default `drive` and `textList`. */
  readonly models?: readonly SampleModel[] | undefined;
  /** Where operations are. Default a store in memory of its own. */
  readonly operations?: OperationStore | undefined;
  /** Where keyframes are kept; `'none'` for a cache without any. Default a store in memory of its own. */
  readonly keyframes?: KeyValueStore | 'none' | undefined;
  /** Default one of its own. */
  readonly clock?: ManualClock | undefined;
}

/** A write cache with everything that it stands on. */
export interface TestWriteCache extends AsyncDisposable {
  readonly cache: WriteCache;
  readonly operations: OperationStore;
  readonly registry: DocumentModelRegistry;
  /** `undefined` if there are none. */
  readonly keyframes: KeyValueStore | undefined;
  /** Stands still unless it is moved. */
  readonly clock: ManualClock;
  /** Append whatever of a history the store hasn't got yet. Answers with the revision of each of its scopes. */
  readonly append: (history: DocumentHistory) => Promise<Readonly<Record<string, number>>>;
  /** Wait until no keyframe waits to be written any more. Throws if that takes too long, as it does for a store that hangs. */
  readonly keyframesWritten: () => Promise<void>;
  /** Shut the cache down. A second time does no harm. */
  readonly cleanup: () => Promise<void>;
}

const MOST_TURNS = 20_000;

/**
 * A write cache that has been started, and its parts.
 *
 * @throws what `createWriteCache` throws.
 * @example
 * const { cache, append, cleanup } = await createTestWriteCache({ ringBufferSize: 2 });
 * const history = new DocumentHistory({ model: drive });
 * history.add(driveActions.addFolder('a'));
 * await append(history);
 * await cache.getState(history.documentId, '', 'global', 'main');
 * await cleanup();
 */
export async function createTestWriteCache(options: TestWriteCacheOptions = {}): Promise<TestWriteCache> {
  const { models = [drive, textList], clock = manualClock(), operations = memoryOperations(), ...rest } = options;
  const { registry = forgivingRegistryOf(...models), keyframes: wanted = memoryKeyValues() } = rest;
  const keyframes = wanted === 'none' ? undefined : wanted;
  const cache = createWriteCache({ ...rest, operations, registry, keyframes, clock });
  await cache.startup();
  let cleaned: Promise<void> | undefined;
  const cleanup = (): Promise<void> => (cleaned ??= cache.shutdown());
  return {
    cache,
    operations,
    registry,
    keyframes,
    clock,
    append: (history) => appendTo(operations, history),
    async keyframesWritten() {
      for (let turns = 0; cache.stats().keyframes.depth > 0; turns++) {
        if (turns === MOST_TURNS) throw new Error('keyframes are still waiting to be written');
        await turn();
      }
    },
    cleanup,
    [Symbol.asyncDispose]: cleanup,
  };
}

async function appendTo(store: OperationStore, history: DocumentHistory): Promise<Readonly<Record<string, number>>> {
  const { documentId, documentType, branch } = history;
  const revisions: Record<string, number> = {};
  for (const [scope, all] of Object.entries(history.operations)) {
    const [{ revision }] = await store.getHeads(documentId, branch, [{ scope }]);
    const operations = all.slice(revision + 1);
    revisions[scope] = await store.append({ documentId, documentType, scope, branch, revision, operations });
  }
  return revisions;
}
