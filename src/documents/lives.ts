/** What is known of documents' lives: read once, then gone on with by what has been appended since. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { type Boundaries, boundariesOf } from './boundaries.ts';
import type { Heads } from './heads.ts';
import { type Birth, continued, type Lifecycle, uncreated } from './lifecycle.ts';
import type { DocumentModelRegistry } from './model.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import type { OperationSource } from './operation-source.ts';
import type { Where } from './reduce.ts';
import { readAll } from './window.ts';

/** What lives are read with. */
export interface LivesOptions {
  readonly registry: DocumentModelRegistry;
  readonly source: OperationSource;
}

/** Reads lives from a source. */
export class Lives {
  readonly #o: LivesOptions;

  constructor(options: LivesOptions) {
    this.#o = options;
  }

  /**
   * The life of a document as far as its heads say that it goes; `known` is what was known of it before.
   *
   * @throws `not_found`, `bad_history`, `bad_option` for a document of another type.
   */
  async upTo(
    { where, documentType, signal }: { where: Where; documentType: string; signal: AbortSignal | undefined },
    heads: Heads,
    known: Lifecycle | undefined,
  ): Promise<Lifecycle> {
    const lifecycle =
      heads.document.revision < 0
        ? await this.#uncreated(where, heads, documentType, known, signal)
        : await this.#read(where, heads.document.revision, heads.document.id, known, signal);
    if (documentType !== '' && lifecycle.documentType !== documentType)
      throw new TidemarkError(
        'bad_option',
        `document ${describe(where.documentId)} is a ${describe(lifecycle.documentType)}, not a ${describe(documentType)}`,
      );
    return lifecycle;
  }

  /** The life up to an earlier revision of the `document` scope. Throws `not_found` for what was before it. */
  async before(where: Where, revision: number, signal: AbortSignal | undefined): Promise<Lifecycle> {
    if (revision < 0) throw notCreated(where);
    return this.#read(where, revision, undefined, undefined, signal);
  }

  /** Where the upgrades of a document belong in a stream. */
  boundaries(where: Where, lifecycle: Lifecycle, head: number, signal: AbortSignal | undefined): Promise<Boundaries> {
    return boundariesOf(lifecycle, where, head, this.#o.source, signal);
  }

  async #read(
    where: Where,
    revision: number,
    id: string | undefined,
    known: Lifecycle | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Lifecycle> {
    if (known && known.revision === revision && known.operation?.id === id) return known;
    const life = { ...where, scope: DOCUMENT_SCOPE };
    const birth: Birth = { ...where, registry: this.#o.registry };
    if (known && known.revision >= 0 && known.revision < revision) {
      const [last, ...since] = await readAll(this.#o.source, life, known.revision - 1, revision, signal);
      if (last.id === known.operation?.id) return continued(known, since, birth)!;
    }
    return continued(undefined, await readAll(this.#o.source, life, -1, revision, signal), birth)!;
  }

  async #uncreated(
    where: Where,
    heads: Heads,
    documentType: string,
    known: Lifecycle | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Lifecycle> {
    if (known?.revision === -1 && (documentType === '' || known.documentType === documentType)) return known;
    if (heads.scope.revision < 0 || documentType === '') throw notCreated(where);
    const [first] = await readAll(this.#o.source, where, -1, 0, signal);
    return uncreated(documentType, first, { ...where, registry: this.#o.registry });
  }
}

function notCreated({ documentId, branch }: Where): TidemarkError {
  return new TidemarkError('not_found', `document ${describe(documentId)} (${branch}) has not been created`);
}
