/** Least recently used leaves first: one circular list threaded through a typed array. */
import type { Policy } from '../engine/policy.ts';

/** Strict least-recently-used order. A hit costs at most one relink; memory is 8 bytes a slot. */
export function lru(): Policy {
  return new Lru();
}

/**
 * Slot `s` has its links at `2s + 2`: first the one used before it, then the one used after. Positions 0 and 1 belong to
 * a sentinel that closes the circle, so that no link is ever missing: before it stands the newest, after it the oldest.
 */
class Lru implements Policy {
  readonly name = 'lru';
  #links = new Int32Array(2);

  grow(capacity: number): void {
    const links = new Int32Array(2 * capacity + 2);
    links.set(this.#links);
    this.#links = links;
  }

  insert(slot: number): void {
    this.#append(this.#links, 2 * slot + 2);
  }

  touch(slot: number): void {
    const links = this.#links;
    const at = 2 * slot + 2;
    if (links[0] === at) return;
    const before = links[at];
    const after = links[at + 1];
    links[after] = before;
    links[before + 1] = after;
    this.#append(links, at);
  }

  #append(links: Int32Array, at: number): void {
    const newest = links[0];
    links[at] = newest;
    links[at + 1] = 0;
    links[newest + 1] = at;
    links[0] = at;
  }

  remove(slot: number): void {
    const links = this.#links;
    const before = links[2 * slot + 2];
    const after = links[2 * slot + 3];
    links[after] = before;
    links[before + 1] = after;
  }

  victim(): number {
    return this.#links[1] / 2 - 1;
  }
}
