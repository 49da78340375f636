/** How many operations one request may ask of KV, and how many it has asked. */
import { positiveInteger } from '../../engine/options.ts';

/** What counts as an operation. A read of up to 100 keys is one. */
export type KvOperation = 'reads' | 'writes' | 'deletes' | 'lists';

/** How often each was asked, and what wasn't asked since there was no room for it. */
export interface KvOperations extends Readonly<Record<KvOperation, number>> {
  /** Reads (of up to 100 keys), writes and deletes that weren't asked. */
  readonly dropped: number;
}

/** What one request may ask of KV: an object for each request. */
export interface KvBudget {
  readonly operations: KvOperations;
  /** How many more it may ask. */
  readonly left: number;
  /** Count one, if there is room for it; otherwise count it as dropped, and answer false. */
  take(operation: KvOperation): boolean;
}

/**
 * A budget of so many operations. Workers allow 1,000 in a request, those of your own code included: the default leaves
 * half of them to you.
 *
 * @throws `bad_option` if `most` is no whole number from 1 up.
 * @example
 * const budget = kvBudget(200);
 */
export function kvBudget(most = 500): KvBudget {
  return new Counted(positiveInteger('kvBudget', most));
}

/** Counts of operations, with or without an end. */
export class Counted implements KvBudget {
  readonly operations: Record<keyof KvOperations, number> = { reads: 0, writes: 0, deletes: 0, lists: 0, dropped: 0 };
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  get left(): number {
    return this.#left;
  }

  take(operation: KvOperation): boolean {
    const taken = this.#left > 0;
    if (taken) this.#left--;
    this.operations[taken ? operation : 'dropped']++;
    return taken;
  }
}
