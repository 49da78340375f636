/** The newest part of a stream's history that a read has looked at: it grows backwards until a base is found. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { Lineage, type Path, type Step, stepOf } from './lineage.ts';
import { type Operation, type Protocol } from './operation.ts';
import { type OperationSource, PAGE } from './operation-source.ts';
import type { Where } from './reduce.ts';

const HELD = 1000; // operations; of a longer history only steps are held, and what leads to the end is read again

/** Operations up to a revision. */
export class HistoryWindow {
  readonly #source: OperationSource;
  readonly #where: Where;
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;
  #after: number;
  #steps: Step[] = [];
  /** `undefined` if they are too many. */
  #operations: Operation[] | undefined = [];
  #last: Operation | undefined;

  /** `end` is the last operation that is looked at. */
  constructor(source: OperationSource, where: Where, end: number, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#where = where;
    this.#end = this.#after = end;
    this.#signal = signal;
  }

  /** The operation at an index; all after it are looked at, too. Throws `bad_history` if there is none. */
  async reach(index: number): Promise<Operation> {
    await this.#reach(index);
    if (index === this.#end && this.#last) return this.#last;
    if (this.#operations) return this.#operations[index - this.#after - 1];
    const [operation] = await readAll(this.#source, this.#where, index - 1, index, this.#signal);
    return operation;
  }

  /** What leads from a revision to the end; `undefined` if it isn't on the way. */
  async pathFrom(base: number, protocol: Protocol): Promise<Path | undefined> {
    await this.#reach(base + 1);
    const lineage = new Lineage(protocol, base);
    for (const step of this.#steps.slice(base - this.#after)) lineage.add(step);
    return lineage.path();
  }

  /** The operations of a path, some at a time. */
  async *along({ indices }: Path): AsyncGenerator<readonly Operation[]> {
    if (indices.length === 0) return;
    if (this.#operations) {
      yield indices.map((index) => this.#operations![index - this.#after - 1]);
      return;
    }
    const wanted = new Set(indices);
    for await (const page of this.#pages(indices[0] - 1, this.#end))
      yield page.filter(({ index }) => wanted.has(index));
  }

  async #reach(index: number): Promise<void> {
    if (index > this.#after) return;
    const [steps, operations]: [Step[], Operation[]] = [[], []];
    if (this.#end - index >= HELD) this.#operations = undefined;
    for await (const page of this.#pages(index - 1, this.#after)) {
      steps.push(...page.map(stepOf));
      if (this.#operations) operations.push(...page);
      this.#last ??= page.find((operation) => operation.index === this.#end);
    }
    this.#steps = [...steps, ...this.#steps];
    this.#operations &&= [...operations, ...this.#operations];
    this.#after = index - 1;
  }

  #pages(after: number, until: number): AsyncGenerator<readonly Operation[]> {
    return pagesOf(this.#source, this.#where, after, until, this.#signal);
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
