/** One stream of a history that is being written: its operations, and what led to the last of them. */
import { Lineage, stepOf } from '../../documents/lineage.ts';
import { counts, isUndo, type Operation, type Protocol } from '../../documents/operation.ts';

/** What grows with a {@link DocumentHistory}. */
export class HistoryStream {
  readonly operations: Operation[] = [];
  /** Actions that have been undone and may be done again, the newest last. */
  readonly undone: Operation['action'][] = [];
  readonly #protocol: Protocol;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** The index that the next operation gets. */
  get end(): number {
    return this.operations.length;
  }

  /** What leads to an operation that would be the next one, without itself. */
  pathBefore(next: Operation): readonly Operation[] {
    return this.#path([...this.operations, next]).filter((operation) => operation !== next);
  }

  /** The operation that an undo would take back, and the skip that says so; `undefined` if nothing is left. */
  newest(): { readonly operation: Operation; readonly skip: number } | undefined {
    const taken = this.#protocol === 1 ? counts : (operation: Operation) => !isUndo(operation);
    const operation = this.#path(this.operations).findLast(taken);
    return operation && { operation, skip: this.#protocol === 1 ? this.end - operation.index : 1 };
  }

  #path(operations: readonly Operation[]): readonly Operation[] {
    const lineage = new Lineage(this.#protocol, -1);
    for (const operation of operations) lineage.add(stepOf(operation));
    return lineage.path()?.indices.map((index) => operations[index]) ?? [];
  }
}
