/** The reactor's `IWriteCache` over a write cache of ours. */
import type { IKeyframeStore, IOperationStore, IWriteCache } from '@powerhousedao/reactor';
import type { PHDocument } from 'document-model';
import {
  createWriteCache,
  type Document,
  type HeldState,
  type States,
  type WriteCache,
  type WriteCacheOptions,
} from 'tidemark/documents';
import { getArguments, type GetArguments, putArguments, type PutArguments } from './arguments.ts';
import type { Heads } from './kysely-heads.ts';
import { operationSource, type ReactorOperations } from './operation-source.ts';
import { phDocument } from './ph-document.ts';
import { modelRegistry, type ReactorModels, type RegistryOptions } from './registry.ts';

/** What the cache is made of. */
export interface ReactorWriteCacheOptions
  extends Omit<WriteCacheOptions, 'operations' | 'registry' | 'check'>, RegistryOptions {
  readonly operations: ReactorOperations;
  readonly registry: ReactorModels;
  /** A narrower way to the ends of streams than the reactor's store has: `kyselyHeads(database)`. */
  readonly heads?: Heads | undefined;
}

/** A write cache for a reactor: `new SimpleJobExecutor(…, reactorWriteCache({ operations, registry }), …)`. */
export function reactorWriteCache(options: ReactorWriteCacheOptions): ReactorWriteCache {
  const { operations, registry, heads, fingerprint, ...rest } = options;
  const ends = new Map<string, number>();
  const cache = createWriteCache({
    ...rest,
    // Executors put what isn't committed yet and never say how it ended: only a read that looks can tell.
    check: 'checked',
    operations: operationSource(operations, { heads, ends }),
    registry: modelRegistry(registry, fingerprint ? { fingerprint } : {}),
  });
  return new ReactorWriteCache(cache, (read) => read(cache), { owed: new Set(), ends });
}

/** What {@link ReactorWriteCache.getStream} answers with. */
export interface StreamView {
  readonly ringBuffer: {
    getAll(): (Omit<HeldState, 'document'> & { readonly document: PHDocument })[];
    readonly length: number;
  };
}

type Reading = (read: (states: States) => Promise<Document>) => Promise<Document>;

/** Documents that an executor may invalidate before it reads one of them. */
const OWED = 10_000;

/** What a cache and those with scoped stores have in common. */
interface Shared {
  /**
   * Documents that were invalidated and not put since. Before an executor undoes something, and after it has reordered
   * something, it invalidates, and counts on the next read for all operations.
   */
  readonly owed: Set<string>;
  readonly ends: Map<string, number>;
}

/** Made by {@link reactorWriteCache}. */
export class ReactorWriteCache implements IWriteCache {
  /** What stands behind it: figures, walks and everything else that the reactor has no word for. */
  readonly cache: WriteCache;
  readonly #reading: Reading;
  readonly #shared: Shared;

  constructor(cache: WriteCache, reading: Reading, shared: Shared) {
    this.cache = cache;
    this.#reading = reading;
    this.#shared = shared;
  }

  /** The reactor's own order of arguments, or that with the type of the document in the second place. */
  async getState(...wanted: GetArguments): Promise<PHDocument> {
    const { documentId, documentType, scope, branch, targetRevision, signal } = getArguments(wanted);
    const history = this.#shared.owed.has(documentId) ? 'all' : undefined;
    const document = await this.#reading((states) =>
      states.getState(documentId, documentType, scope, branch, targetRevision, { signal, history }),
    );
    return phDocument(document);
  }

  /** The reactor's own order of arguments, with or without a position, or that with the type of the document in the second place. */
  putState(...put: PutArguments): void {
    const { documentId, documentType, scope, branch, revision, document, position } = putArguments(put);
    this.#shared.owed.delete(documentId);
    // New documents are put without their operations: nothing would tell them from those of another history.
    if (document.operations[scope]?.at(-1)?.index !== revision) this.cache.invalidate(documentId, scope, branch);
    else this.cache.putState(documentId, documentType, scope, branch, revision, document, { position });
  }

  invalidate(documentId: string, scope?: string, branch?: string): number {
    const { owed } = this.#shared;
    owed.add(documentId);
    if (owed.size > OWED) owed.delete(owed.keys().next().value!);
    return this.cache.invalidate(documentId, scope, branch);
  }

  clear(): void {
    this.cache.clear();
  }

  /** The states of a stream that are in memory, the oldest revision first; `undefined` without any. */
  getStream(documentId: string, scope: string, branch: string): StreamView | undefined {
    const held = this.cache.held(documentId, scope, branch);
    if (held.length === 0) return undefined;
    const all = () => held.map(({ document, ...state }) => ({ ...state, document: phDocument(document) }));
    return { ringBuffer: { getAll: all, length: held.length } };
  }

  startup(): Promise<void> {
    return this.cache.startup();
  }

  shutdown(): Promise<void> {
    return this.cache.shutdown();
  }

  /**
   * The same memory, read within a transaction of the reactor's. What is put there is kept at once, under the id of its
   * operation: while that isn't committed, and when it never is, nobody else's read finds it to be right.
   */
  withScopedStores(operations: IOperationStore, _keyframes: IKeyframeStore): ReactorWriteCache {
    const source = operationSource(operations, { ends: this.#shared.ends });
    return new ReactorWriteCache(
      this.cache,
      (read) => this.cache.withTransaction(read, { operations: source }),
      this.#shared,
    );
  }
}
