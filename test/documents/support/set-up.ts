/** What most tests of the cache begin with: a history in watched stores, a cache over them, and the oracle beside it. */
import { onTestFinished } from 'vitest';
import type { Document, WriteCache } from 'tidemark/documents';
import {
  createTestWriteCache,
  DocumentHistory,
  drive,
  driveActions,
  type HistoryOptions,
  type TestWriteCache,
  type TestWriteCacheOptions,
} from 'tidemark/testing';
import { comparable, fullReplay, type Replayed } from './full-replay.ts';
import { WatchedKeyValues, WatchedOperations } from './watched.ts';

/** A history of a drive with so many folders. */
export function driveOf(count: number, options: Partial<HistoryOptions> = {}): DocumentHistory {
  const history = new DocumentHistory({ model: drive, ...options });
  for (let i = 0; i < count; i++) history.add(driveActions.addFolder(`${history.documentId}-n${i}`));
  return history;
}

/** A cache, and everything of it that a test may look at or do harm to. */
export interface SetUp extends TestWriteCache {
  readonly source: WatchedOperations;
  readonly store: WatchedKeyValues;
  /** The caller's document at a revision, from a history's main stream. */
  readonly read: (
    history: DocumentHistory,
    target?: number,
    options?: Parameters<WriteCache['getState']>[5],
  ) => Promise<Document>;
}

/** A cache over watched stores, with some histories in them. It is cleaned up when the test ends. */
export async function setUp(
  histories: readonly DocumentHistory[],
  options: Omit<TestWriteCacheOptions, 'operations' | 'keyframes'> & {
    readonly source?: WatchedOperations;
    readonly store?: WatchedKeyValues | 'none';
  } = {},
): Promise<SetUp> {
  const { source = new WatchedOperations(), store = new WatchedKeyValues(), ...rest } = options;
  const made = await createTestWriteCache({ ...rest, operations: source, keyframes: store });
  onTestFinished(async () => {
    await Promise.all([made.cleanup(), made.clock.advanceAsync(60_000)]); // a store that hangs has its deadline
  });
  for (const history of histories) await made.append(history);
  return {
    ...made,
    source,
    store: store === 'none' ? new WatchedKeyValues() : store,
    read: (history, target, readOptions) =>
      made.cache.getState(history.documentId, history.documentType, 'global', history.branch, target, readOptions),
  };
}

/** What a document of a history has to be, by the oracle. */
export function right(
  history: Pick<DocumentHistory, 'documentId' | 'documentType' | 'registry' | 'branch' | 'operations'>,
  target?: number,
  scope = 'global',
): Replayed {
  const { documentId, documentType, registry, branch, operations } = history;
  return fullReplay(operations, registry, { documentId, documentType, scope, branch, target });
}

/** A document as the oracle sees it. */
export function seen(document: Document, scope = 'global'): Replayed {
  return comparable(document, scope);
}

/** What executing the newest operation of a history gives, as an executor makes it of the document that it has read. */
export function executed(history: DocumentHistory, before: Document, scope = 'global'): Document {
  const operation = history.operations[scope].at(-1)!;
  const model = history.registry.getModel(history.documentType, history.version);
  const { state, header } = model.reducer(before, operation);
  return {
    ...before,
    state,
    header: {
      ...header,
      lastModifiedAtUtcIso: operation.timestampUtcMs,
      revision: { ...header.revision, [scope]: operation.index + 1 },
    },
    operations: { ...before.operations, [scope]: [operation] },
  };
}
