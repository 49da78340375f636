/**
 * A history is a tree. An operation continues from an earlier revision, its *parent*: the one before it, or, if it takes
 * operations back, the one before those. The state at a revision is what the operations on the path from the root to it make of the
 * initial state, one after the other, so
 *
 * - a state at an earlier revision is of use exactly if that revision lies on the path (replaying from any other gives a
 *   state with operations in it that have been taken back, or without some that count);
 * - the state at every revision on the path is that revision's own state, whatever came later.
 *
 * One kind of operation is no part of a tree: what reorders (see `reordered.ts`). Behind one, only what comes later is a base.
 */
import { TidemarkError } from '../engine/errors.ts';
import { isUndo, type Operation, type Protocol, skipOf } from './operation.ts';
import { whatCounts } from './reordered.ts';

/** What must be known of an operation to tell what it continues from. A history of them is a small part of the history. */
export interface Step {
  readonly index: number;
  /** 0 of what was denied or failed. */
  readonly skip: number;
  readonly undo: boolean;
}

/** What an operation is as a step. */
export function stepOf(operation: Operation): Step {
  return { index: operation.index, skip: skipOf(operation), undo: isUndo(operation) };
}

/** What leads to a revision. */
export interface Path {
  /** The indices of its operations, in order. What does nothing may be among them. */
  readonly indices: readonly number[];
  /** From this revision on, the state at each operation of the path is that revision's own. */
  readonly sureFrom: number;
}

/** The part of a history after a base revision, with the parents of its operations as far as they can be told from it. */
export class Lineage {
  readonly #protocol: Protocol;
  readonly #base: number;
  readonly #steps: Step[] = [];
  /** By place after the base; `undefined` for a parent that lies somewhere below the base, or doesn't exist. */
  readonly #parents: (number | undefined)[] = [];
  #reorderedAt: number | undefined;

  /** `base` is the revision after which operations are going to be added; -1 for the root. */
  constructor(protocol: Protocol, base: number) {
    this.#protocol = protocol;
    this.#base = base;
  }

  /** The revision of the last operation that was added. */
  get end(): number {
    return this.#base + this.#steps.length;
  }

  /**
   * Add the next operation and answer with its parent, if that can be told.
   *
   * @throws `bad_history` if it isn't the next one.
   */
  add(step: Step): number | undefined {
    if (step.index !== this.end + 1)
      throw new TidemarkError('bad_history', `operation ${step.index} follows operation ${this.end}`);
    const parent = this.#parentOf(step);
    this.#steps.push(step);
    this.#parents.push(parent);
    return parent;
  }

  /** What leads from the base to the end; `undefined` if the base isn't on the way. */
  path(): Path | undefined {
    if (this.#reorderedAt !== undefined)
      return this.#base === -1 ? { indices: whatCounts(this.#steps), sureFrom: this.#reorderedAt } : undefined;
    const indices: number[] = [];
    let at: number | undefined = this.end;
    while (at !== undefined && at > this.#base) {
      indices.push(at);
      at = this.#parents[at - this.#base - 1];
    }
    return at === this.#base ? { indices: indices.toReversed(), sureFrom: this.#base } : undefined;
  }

  #parentOf({ index, skip, undo }: Step): number | undefined {
    const before = index - 1;
    if (skip === 0) return before;
    if (this.#protocol === 1) return this.#before(index - skip, before);
    if (undo) return this.#undone(before);
    this.#reorderedAt = index;
    return undefined;
  }

  /** The newest revision on the way back that lies before an index. */
  #before(index: number, from: number): number | undefined {
    let at: number | undefined = from;
    while (at !== undefined && at >= Math.max(index, 0)) at = this.#parent(at);
    return at;
  }

  /** The revision from which the newest operation on the way back continued that is no undo. */
  #undone(from: number): number | undefined {
    let at: number | undefined = from;
    while (at !== undefined && at > this.#base && this.#at(at).undo) at = this.#parent(at);
    return at === undefined ? undefined : this.#parent(at);
  }

  /** From what a revision continues; the root from nothing else, the base nobody knows. */
  #parent(revision: number): number | undefined {
    if (revision > this.#base) return this.#parents[revision - this.#base - 1];
    return this.#base === -1 ? -1 : undefined;
  }

  #at(revision: number): Step {
    return this.#steps[revision - this.#base - 1];
  }
}
