/** One stream of a history that is being written: its operations, what each continues from, and the state after each. */
import type { State } from '../../documents/document.ts';
import { counts, type Operation, type Protocol } from '../../documents/operation.ts';

/** What grows with a {@link DocumentHistory}. */
export class HistoryStream {
  readonly operations: Operation[] = [];
  readonly #parents: number[] = [];
  readonly #states: State[] = [];
  #root: State;
  /** Actions that have been undone and may be done again, the newest last. */
  readonly undone: Operation['action'][] = [];

  constructor(root: State) {
    this.#root = root;
  }

  /** The index that the next operation gets. */
  get end(): number {
    return this.operations.length;
  }

  /** The revision that the next operation continues from if it has this skip. */
  parent(skip: number, protocol: Protocol): number {
    let at = this.end - 1;
    if (protocol === 1) return Math.max(-1, at - skip);
    for (let left = skip; left > 0 && at >= 0; at = this.#parents[at]) if (counts(this.operations[at])) left--;
    return at;
  }

  /** The skip of an operation that takes back the newest one that counts, and that one; `undefined` if nothing is left. */
  newest(protocol: Protocol): { readonly operation: Operation; readonly skip: number } | undefined {
    let at = this.end - 1;
    while (at >= 0 && !counts(this.operations[at])) at = this.#parents[at];
    if (at < 0) return undefined;
    // Counted in indices, everything after it has to be skipped, too: what took others back, and what was taken back.
    return { operation: this.operations[at], skip: protocol === 2 ? 1 : this.end - 1 - this.#parents[at] };
  }

  stateAt(revision: number): State {
    return revision < 0 ? this.#root : this.#states[revision];
  }

  push(operation: Operation, parent: number, state: State): void {
    this.operations.push(operation);
    this.#parents.push(parent);
    this.#states.push(state);
  }

  /** The document was upgraded: this is the state just before the next operation. */
  upgraded(state: State): void {
    if (this.end === 0) this.#root = state;
    else this.#states[this.end - 1] = state;
  }
}
