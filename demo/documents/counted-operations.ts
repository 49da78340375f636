/** An operation store that counts what is read of it. */
import type { Append, Head, HeadQuery, OperationPage, OperationStore, SinceOptions } from 'tidemark/documents';

/** Counts rows, and hands everything on. */
export class CountedOperations implements OperationStore {
  /** Operations that were read, but for those of the document's own life. */
  rows = 0;
  /** Bytes of the operations that were appended, as JSON. */
  bytes = 0;
  readonly #store: OperationStore;

  constructor(store: OperationStore) {
    this.#store = store;
  }

  async getSince(
    documentId: string,
    scope: string,
    branch: string,
    after: number,
    options?: SinceOptions,
  ): Promise<OperationPage> {
    const page = await this.#store.getSince(documentId, scope, branch, after, options);
    if (scope !== 'document') this.rows += page.results.length;
    return page;
  }

  getHeads(
    documentId: string,
    branch: string,
    streams: readonly HeadQuery[],
    signal?: AbortSignal,
  ): Promise<readonly Head[]> {
    return this.#store.getHeads(documentId, branch, streams, signal);
  }

  async append(request: Append): Promise<number> {
    const revision = await this.#store.append(request);
    for (const operation of request.operations) this.bytes += Buffer.byteLength(JSON.stringify(operation));
    return revision;
  }
}
