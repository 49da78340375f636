/**
 * The contract of an eviction policy: who leaves when a tier is full.
 *
 * Implementing one: a tier numbers its entries with small integers, *slots*, and tells the policy what happens to each.
 * Keep whatever order you need in typed arrays by slot. The tier asks for a victim as often as it must to get within
 * its limit; the answer may be the newest entry itself, which then isn't admitted. A slot is reused after `remove`.
 */

/** Who leaves when a tier is full. All methods are synchronous and never throw. */
export interface Policy {
  /** What it is called in explanations: `lru`, `s3fifo`, … */
  readonly name: string;
  /** Slots `0` to `capacity - 1` may be used from now on. Called before the first slot and whenever a tier grows. */
  grow(capacity: number): void;
  /** A new entry in a slot that held none. `key` is what it is looked up by, `weight` 1 or its size in bytes. */
  insert(slot: number, key: string, weight: number): void;
  /** The entry in a slot was read, or replaced by a newer value of `weight`. */
  touch(slot: number, weight?: number): void;
  /** The entry in a slot is gone. */
  remove(slot: number): void;
  /** The slot whose entry should leave next, the same until something changes; -1 if there is none. The tier then calls `remove` for it. */
  victim(): number;
}

/** Makes a policy for one tier. `limit` is what the tier may hold, in entries or, if it weighs them, in bytes. */
export type PolicyFactory = (limit: { readonly entries?: number; readonly bytes?: number }) => Policy;
