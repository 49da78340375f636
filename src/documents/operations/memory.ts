/** Operations in this process's memory: for tests, for demos, and to see what a store has to do. */
import { TidemarkError } from '../../engine/errors.ts';
import { isolate } from '../../engine/values.ts';
import type { Operation } from '../operation.ts';
import type { Head, HeadQuery, OperationPage, SinceOptions } from '../operation-source.ts';
import type { Append, OperationStore } from '../operation-store.ts';
import { conflict, rowsToAppend } from './appending.ts';
import { operationOf } from './operation-text.ts';
import { pageOf, stretchOf } from './stretch.ts';

/** Operations by stream. */
class Streams implements OperationStore {
  readonly #streams = new Map<string, Operation[]>();

  async getSince(
    documentId: string,
    scope: string,
    branch: string,
    after: number,
    options?: SinceOptions,
  ): Promise<OperationPage> {
    const stretch = stretchOf(after, options);
    options?.signal?.throwIfAborted();
    const first = Math.max(stretch.after, -1) + 1;
    const end = Math.min(first + stretch.limit, stretch.until) + 1;
    return pageOf(this.#stream(documentId, scope, branch).slice(first, Math.max(end, first)), stretch);
  }

  async getHeads(
    documentId: string,
    branch: string,
    streams: readonly HeadQuery[],
    signal?: AbortSignal,
  ): Promise<readonly Head[]> {
    signal?.throwIfAborted();
    return streams.map(({ scope, at }) => {
      const stream = this.#stream(documentId, scope, branch);
      const revision = stream.length - 1;
      return { revision, id: stream[at ?? revision]?.id };
    });
  }

  async append(request: Append): Promise<number> {
    const { documentId, scope, branch, revision, transaction, signal } = request;
    const rows = rowsToAppend(request);
    if (transaction !== undefined)
      throw new TidemarkError('bad_option', 'append: memory knows no transactions: leave transaction out');
    signal?.throwIfAborted();
    const stream = this.#stream(documentId, scope, branch);
    const last = revision + rows.length;
    if (rows.every(([index, id]) => stream[index]?.id === id)) return last;
    if (stream.length - 1 !== revision) throw conflict(request, stream.length - 1);
    for (const [, , text] of rows) stream.push(isolate(operationOf(text), 'frozen').value as Operation);
    this.#streams.set(nameOf(documentId, scope, branch), stream);
    return last;
  }

  #stream(documentId: string, scope: string, branch: string): Operation[] {
    return this.#streams.get(nameOf(documentId, scope, branch)) ?? [];
  }
}

/** No two streams have the same. */
function nameOf(...stream: readonly string[]): string {
  return JSON.stringify(stream);
}

/**
 * A store in memory. What it answers with is frozen and shared by all who ask.
 *
 * @example
 * const operations = memoryOperations();
 * await operations.append({ documentId, documentType, scope: 'document', branch: 'main', revision: -1, operations: [create] });
 */
export function memoryOperations(): OperationStore {
  return new Streams();
}
