/** Stores that count what they are asked, and that a test may stop, fail or change at any question. */
import {
  type Head,
  type HeadQuery,
  type KeyValueStore,
  memoryKeyValues,
  memoryOperations,
  type OperationPage,
  type OperationSource,
  type OperationStore,
  type SinceOptions,
} from 'tidemark/documents';

/** Called before each question is answered: may wait, throw, or change something. `count` is 1 for the first. */
export type Hook<Question extends string> = (
  question: Question,
  count: number,
  signal: AbortSignal | undefined,
) => Promise<void> | void;

export type SourceQuestion = 'getSince' | 'getHeads';

/** Operations, watched. Appending isn't counted. */
export class WatchedOperations implements OperationStore {
  inner: OperationStore;
  hook: Hook<SourceQuestion> | undefined;
  calls = { getSince: 0, getHeads: 0 };
  rows = 0;
  /** The stretches that were asked for. */
  asked: { scope: string; after: number; until: number | undefined }[] = [];

  constructor(inner: OperationStore = memoryOperations()) {
    this.inner = inner;
  }

  get count(): number {
    return this.calls.getSince + this.calls.getHeads;
  }

  reset(): void {
    this.calls = { getSince: 0, getHeads: 0 };
    this.rows = 0;
    this.asked = [];
  }

  async getSince(
    documentId: string,
    scope: string,
    branch: string,
    after: number,
    options?: SinceOptions,
  ): Promise<OperationPage> {
    this.calls.getSince++;
    this.asked.push({ scope, after, until: options?.until });
    await this.hook?.('getSince', this.count, options?.signal);
    const page = await this.inner.getSince(documentId, scope, branch, after, options);
    this.rows += page.results.length;
    return page;
  }

  async getHeads(
    documentId: string,
    branch: string,
    streams: readonly HeadQuery[],
    signal?: AbortSignal,
  ): Promise<readonly Head[]> {
    this.calls.getHeads++;
    await this.hook?.('getHeads', this.count, signal);
    return this.inner.getHeads(documentId, branch, streams, signal);
  }

  append(request: Parameters<OperationStore['append']>[0]): Promise<number> {
    return this.inner.append(request);
  }
}

/** What a source shows of another one: streams end where they ended when this was made. */
export async function frozenView(
  source: OperationStore,
  documentId: string,
  scopes: readonly string[],
): Promise<OperationSource> {
  const copy = memoryOperations();
  for (const scope of scopes) {
    const { results } = await source.getSince(documentId, scope, 'main', -1, { limit: 100_000 });
    await copy.append({ documentId, documentType: 'any', scope, branch: 'main', revision: -1, operations: results });
  }
  return copy;
}

export type StoreQuestion = 'get' | 'put' | 'delete' | 'startup' | 'shutdown';

/** A key/value store, watched. */
export class WatchedKeyValues implements KeyValueStore {
  inner: KeyValueStore = memoryKeyValues();
  hook: Hook<StoreQuestion> | undefined;
  calls: Record<StoreQuestion, number> = { get: 0, put: 0, delete: 0, startup: 0, shutdown: 0 };
  /** The keys that there are. */
  readonly keys = new Set<string>();

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    await this.#hear('get', signal);
    return this.inner.get(key, signal);
  }

  async put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#hear('put', signal);
    await this.inner.put(key, value, signal);
    this.keys.add(key);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.#hear('delete', signal);
    await this.inner.delete(key, signal);
    this.keys.delete(key);
  }

  async clear(): Promise<void> {
    await this.inner.clear();
    this.keys.clear();
  }

  async startup(): Promise<void> {
    await this.#hear('startup', undefined);
    await this.inner.startup();
  }

  async shutdown(): Promise<void> {
    await this.#hear('shutdown', undefined);
    await this.inner.shutdown();
  }

  /** The keys of keyframes, the catalogue of them left out; those of one revision, if one is named. */
  keyframes(revision?: number): string[] {
    const all = [...this.keys].filter((key) => key !== this.catalogue);
    return revision === undefined ? all : all.filter((key) => key.endsWith(`/${revision}`));
  }

  /** The key of the catalogue of the one document that there is. */
  get catalogue(): string {
    return [...this.keys].find((key) => key.startsWith('/keyframes/'))!;
  }

  #hear(question: StoreQuestion, signal: AbortSignal | undefined): Promise<void> | void {
    const count = ++this.calls[question];
    return this.hook?.(question, count, signal);
  }
}
