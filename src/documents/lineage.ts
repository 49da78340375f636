/**
 * A history is a tree. An operation continues from an earlier revision, its *parent*: the one before it, or, if it takes
 * operations back, the one before those. The state at a revision is what the operations on the path from the root to it make of the
 * initial state, one after the other, so
 *
 * - a state at an earlier revision is of use exactly if that revision lies on the path (replaying from any other gives a
 *   state with operations in it that have been taken back, or without some that count);
 * - the state at every revision on the path is that revision's own state, whatever came later.
 */
import { TidemarkError } from '../engine/errors.ts';
import { counts, isVoid, type Operation, type Protocol } from './operation.ts';

/** The part of a history after a base revision, with the parents of its operations as far as they can be told from it. */
export class Lineage {
  readonly #protocol: Protocol;
  readonly #base: number;
  readonly #operations: Operation[] = [];
  /** By place after the base; `undefined` for a parent that lies somewhere below the base. */
  readonly #parents: (number | undefined)[] = [];

  /** `base` is the revision after which operations are going to be added; -1 for the root. */
  constructor(protocol: Protocol, base: number) {
    this.#protocol = protocol;
    this.#base = base;
  }

  /** The revision of the last operation that was added. */
  get end(): number {
    return this.#base + this.#operations.length;
  }

  /** How many operations have been added. */
  get length(): number {
    return this.#operations.length;
  }

  /**
   * Add the next operation and answer with its parent, if that can be told.
   *
   * @throws `bad_history` if it isn't the next one.
   */
  add(operation: Operation): number | undefined {
    if (operation.index !== this.end + 1)
      throw new TidemarkError('bad_history', `operation ${operation.index} follows operation ${this.end}`);
    const parent = this.#parentOf(operation);
    this.#operations.push(operation);
    this.#parents.push(parent);
    return parent;
  }

  /** The operations that lead from the base to the end, in order; `undefined` if the base isn't on the way. */
  path(): readonly Operation[] | undefined {
    const path: Operation[] = [];
    let at: number | undefined = this.end;
    while (at !== undefined && at > this.#base) {
      path.push(this.#operations[at - this.#base - 1]);
      at = this.#parents[at - this.#base - 1];
    }
    return at === this.#base ? path.toReversed() : undefined;
  }

  #parentOf(operation: Operation): number | undefined {
    const before = operation.index - 1;
    if (operation.skip === 0 || isVoid(operation)) return before;
    return this.#protocol === 1 ? Math.max(-1, before - operation.skip) : this.#back(before, operation.skip);
  }

  /** The revision that is left when the newest `skip` operations that count are taken back. */
  #back(from: number, skip: number): number | undefined {
    let at: number | undefined = from;
    for (let left = skip; left > 0;) {
      if (at === undefined || at <= this.#base) return this.#base === -1 ? -1 : undefined;
      if (counts(this.#operations[at - this.#base - 1])) left--;
      at = this.#parents[at - this.#base - 1];
    }
    return at;
  }
}
