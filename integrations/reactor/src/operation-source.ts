/** The reactor's operation store as an operation source: bounded pages, and narrow looks at where streams end. */
import type { IOperationStore } from '@powerhousedao/reactor';
import type { Head, Operation, OperationSource } from 'tidemark/documents';
import type { Heads } from './kysely-heads.ts';

/** What is asked of the reactor's store. */
export type ReactorOperations = Pick<IOperationStore, 'getSince' | 'getRevisions'>;

/** How to read a reactor's operations. */
export interface OperationSourceOptions {
  /** A narrower way to the ends of streams than the store has; see {@link kyselyHeads}. */
  readonly heads?: Heads | undefined;
  /** Where streams ended lately, for sources over the same tables to share. It says where to look first, never the answer. */
  readonly ends?: Map<string, number> | undefined;
}

/** Reads a reactor's operations. It sees what the store sees: a transaction's own rows, too. */
export function operationSource(
  store: ReactorOperations,
  { heads, ends: known = new Map() }: OperationSourceOptions = {},
): OperationSource {
  const ends = new Ends(store, known);
  return {
    async getSince(documentId, scope, branch, after, { until = Infinity, cursor, limit = 100, signal } = {}) {
      const from = cursor === undefined ? after : Number(cursor);
      const wanted = Math.min(limit, until - from);
      if (wanted <= 0) return { results: [] };
      const page = await some(store, { documentId, scope, branch }, from, wanted, signal);
      const last = page.results.at(-1)?.index;
      const more = page.more && last !== undefined && last < until;
      return more ? { results: page.results, nextCursor: String(last) } : { results: page.results };
    },

    async getHeads(documentId, branch, streams, signal) {
      if (heads) return heads(documentId, branch, streams);
      let revisions: Promise<Readonly<Record<string, number>>> | undefined;
      /** It looks at every row of the document, so it is asked only when there is no nearer way, and once. */
      const revisionOf = async (scope: string): Promise<number> => {
        revisions ??= store.getRevisions(documentId, branch, signal).then(({ revision }) => revision);
        return ((await revisions)[scope] ?? 0) - 1;
      };
      return Promise.all(
        streams.map(async ({ scope, at }) => {
          const stream = { documentId, scope, branch };
          const end = await ends.of(stream, at, revisionOf, signal);
          if (at === undefined || at === end.revision) return end;
          const { results } = at < 0 || at > end.revision ? NOTHING : await some(store, stream, at - 1, 1, signal);
          return { revision: end.revision, id: results[0]?.id };
        }),
      );
    },
  };
}

interface Stream {
  readonly documentId: string;
  readonly scope: string;
  readonly branch: string;
}

const KNOWN = 10_000; // streams
const LOOK = 8; // operations

/** Finds the ends of streams near where they were before. */
class Ends {
  readonly #store: ReactorOperations;
  readonly #known: Map<string, number>;

  constructor(store: ReactorOperations, known: Map<string, number>) {
    this.#store = store;
    this.#known = known;
  }

  async of(
    stream: Stream,
    at: number | undefined,
    revisionOf: (scope: string) => Promise<number>,
    signal: AbortSignal | undefined,
  ): Promise<Head> {
    const key = JSON.stringify([stream.documentId, stream.scope, stream.branch]);
    const from = Math.max(0, this.#known.get(key) ?? 0, at ?? 0);
    let page = await some(this.#store, stream, from - 1, LOOK, signal);
    if (page.more || (from > 0 && page.results.length === 0)) {
      const revision = await revisionOf(stream.scope);
      page = revision < 0 ? NOTHING : await some(this.#store, stream, revision - 1, LOOK, signal);
    }
    const last = page.results.at(-1);
    this.#known.delete(key);
    if (last) this.#known.set(key, last.index);
    if (this.#known.size > KNOWN) this.#known.delete(this.#known.keys().next().value!);
    return { revision: last?.index ?? -1, id: last?.id };
  }
}

interface Page {
  readonly results: Operation[];
  readonly more: boolean;
}

const NOTHING: Page = { results: [], more: false };

async function some(
  store: ReactorOperations,
  { documentId, scope, branch }: Stream,
  after: number,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Page> {
  const paging = { cursor: '', limit };
  const page = await store.getSince(documentId, scope, branch, after, undefined, paging, signal);
  return { results: page.results, more: page.nextCursor !== undefined };
}
