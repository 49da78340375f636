/** The newest part of a stream's history that a read has looked at: it grows backwards until a base is found. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { Lineage, type Path } from './lineage.ts';
import { type Operation, type Protocol } from './operation.ts';
import { type OperationSource, PAGE } from './operation-source.ts';
import type { Where } from './reduce.ts';

/** Operations up to a revision. Each is read once. */
export class HistoryWindow {
  readonly #source: OperationSource;
  readonly #where: Where;
  readonly #signal: AbortSignal | undefined;
  #operations: Operation[] = [];
  #after: number;

  /** `end` is the last operation that is looked at. */
  constructor(source: OperationSource, where: Where, end: number, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#where = where;
    this.#after = end;
    this.#signal = signal;
  }

  /** The operation at an index, with all after it. Throws `bad_history` if there is none. */
  async reach(index: number): Promise<Operation> {
    if (index <= this.#after) {
      this.#operations = [
        ...(await readAll(this.#source, this.#where, index - 1, this.#after, this.#signal)),
        ...this.#operations,
      ];
      this.#after = index - 1;
    }
    return this.#operations[index - this.#after - 1];
  }

  /** The operations that lead from a revision to the end; `undefined` if it isn't on the way. */
  async pathFrom(base: number, protocol: Protocol): Promise<Path | undefined> {
    if (base < this.#after) await this.reach(base + 1);
    const lineage = new Lineage(protocol, base);
    for (const operation of this.#operations.slice(base - this.#after)) lineage.add(operation);
    return lineage.path();
  }
}

/** The operations after an index up to another one. Throws `bad_history` where one is missing. */
export async function readAll(
  source: OperationSource,
  where: Where,
  after: number,
  until: number,
  signal?: AbortSignal,
): Promise<Operation[]> {
  const operations: Operation[] = [];
  for await (const page of pagesOf(source, where, after, until, signal)) operations.push(...page);
  return operations;
}

/** The same, a page at a time. */
export async function* pagesOf(
  source: OperationSource,
  where: Where,
  after: number,
  until: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly Operation[]> {
  const { documentId, scope, branch } = where;
  let cursor: string | undefined;
  for (let last = after; last < until;) {
    signal?.throwIfAborted();
    const page = await source.getSince(documentId, scope, branch, after, { until, cursor, limit: PAGE, signal });
    for (const { index } of page.results) if (index !== ++last) throw missing(where, last);
    yield page.results;
    cursor = page.nextCursor;
    if (cursor === undefined && last < until) throw missing(where, last + 1);
  }
}

function missing({ documentId, scope, branch }: Where, index: number): TidemarkError {
  return new TidemarkError(
    'bad_history',
    `document ${describe(documentId)} (${scope}, ${branch}): operation ${index} is missing`,
  );
}
