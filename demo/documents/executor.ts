/** Executes actions: reduces them, appends them as operations, and puts the state that they make. */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Action, Document, Operation, OperationStore, ReadOptions, WriteCache } from 'tidemark/documents';
import { DOCUMENT_TYPE, repositoryModel, type RepositoryState, type Tree, type TreeAction } from './tree.ts';

const DOCUMENT = 'repository';
const BRANCH = 'main';
const SCOPE = 'global';

type Draft = { readonly type: string; readonly input: unknown };

/** The tree as a cache has it: at a revision, or at the head. */
export async function readTree(cache: WriteCache, revision?: number, options?: ReadOptions): Promise<Tree> {
  return treeOf(await cache.getState(DOCUMENT, DOCUMENT_TYPE, SCOPE, BRANCH, revision, options));
}

/** The trees of a stretch of revisions, one after the other. */
export async function* walkTrees(
  cache: WriteCache,
  from: number,
  to: number,
): AsyncGenerator<{ readonly revision: number; readonly tree: Tree }> {
  for await (const { revision, document } of cache.walk(DOCUMENT, DOCUMENT_TYPE, SCOPE, BRANCH, from, to))
    yield { revision, tree: treeOf(document) };
}

/** Who works on the document. */
export class Executor {
  /** Of the last operation. */
  revision = -1;
  readonly #operations: OperationStore;
  readonly #cache: WriteCache;

  constructor(operations: OperationStore, cache: WriteCache) {
    this.#operations = operations;
    this.#cache = cache;
  }

  /** Make the document. */
  async create(at: string): Promise<void> {
    const input = { documentId: DOCUMENT, model: DOCUMENT_TYPE, version: 1, protocolVersions: { 'base-reducer': 2 } };
    await this.#append('document', -1, [operationOf({ type: 'CREATE_DOCUMENT', input }, 'document', 0, at)]);
  }

  /** Do something. Resolves to the revision that it leads to. */
  async execute(actions: readonly TreeAction[], at: string): Promise<number> {
    const before = await this.#cache.getState(DOCUMENT, DOCUMENT_TYPE, SCOPE, BRANCH);
    const { revision } = this;
    const operations = actions.map((action, i) => operationOf(action, SCOPE, revision + 1 + i, at));
    let after = before;
    for (const operation of operations) after = repositoryModel.reducer(after, operation);
    await this.#append(SCOPE, revision, operations);
    this.revision += operations.length;
    await setImmediate(); // PGlite works in this thread and lets nobody else have a turn, as a server would
    // Only now, since it is there for everybody only now.
    const last = { ...before.operations, [SCOPE]: operations.slice(-1) };
    this.#cache.putState(DOCUMENT, DOCUMENT_TYPE, SCOPE, BRANCH, this.revision, { ...after, operations: last });
    return this.revision;
  }

  /** Take back the newest actions: one operation for each, which changes nothing by itself. Resolves to the revision. */
  async undo(actions: number, at: string): Promise<number> {
    const undos = Array.from({ length: actions }, (_, i) =>
      operationOf({ type: 'NOOP', input: {} }, SCOPE, this.revision + 1 + i, at, 1),
    );
    await this.#append(SCOPE, this.revision, undos);
    return (this.revision += actions);
  }

  async #append(scope: string, revision: number, operations: readonly Operation[]): Promise<void> {
    const stream = { documentId: DOCUMENT, documentType: DOCUMENT_TYPE, scope, branch: BRANCH };
    await this.#operations.append({ ...stream, revision, operations });
  }
}

function operationOf({ type, input }: Draft, scope: string, index: number, at: string, skip = 0): Operation {
  const action: Action = { id: randomUUID(), type, scope, timestampUtcMs: at, input };
  return { id: randomUUID(), index, skip, timestampUtcMs: at, hash: '', action };
}

function treeOf({ state }: Document): Tree {
  return (state as RepositoryState).global;
}
