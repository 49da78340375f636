/** Where streams end: asked before each checked read, and once for all who ask within a tick. */
import type { Head, OperationSource } from './operation-source.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import type { Where } from './reduce.ts';
import { SharedWork } from './shared-work.ts';

/** Where a stream and that of the document's life end. */
export interface Heads {
  readonly scope: Head;
  readonly document: Head;
}

/** Asks a source. */
export class HeadLookups {
  readonly #source: OperationSource;
  /** Questions that haven't been sent yet: who joins one gets an answer that is younger than his own question. */
  readonly #unsent = new SharedWork<Heads>();

  constructor(source: OperationSource) {
    this.#source = source;
  }

  /** The ends of a stream, with the id of its operation at an index, or of its last one. */
  ask(where: Where, at: number | undefined, signal: AbortSignal | undefined): Promise<Heads> {
    const { documentId, scope, branch } = where;
    const key = JSON.stringify([documentId, branch, scope, at ?? null]);
    return this.#unsent.join(key, signal, async (aborted) => {
      await Promise.resolve(); // until then all who ask in the same run share the question
      this.#unsent.detach((other) => other === key);
      const own = scope === DOCUMENT_SCOPE;
      const streams = own ? [{ scope, at }] : [{ scope, at }, { scope: DOCUMENT_SCOPE }];
      const heads = await this.#source.getHeads(documentId, branch, streams, aborted);
      return { scope: heads[0], document: own ? heads[0] : heads[1] };
    });
  }
}
