/** Least recently used leaves first: one doubly linked list threaded through two typed arrays. */
import type { Policy } from '../engine/policy.ts';

const NONE = -1;

/** Strict least-recently-used order. A hit costs at most one relink; memory is 8 bytes a slot. */
export function lru(): Policy {
  return new Lru();
}

class Lru implements Policy {
  readonly name = 'lru';
  #newer = new Int32Array(0);
  #older = new Int32Array(0);
  #newest = NONE;
  #oldest = NONE;

  grow(capacity: number): void {
    const newer = new Int32Array(capacity);
    const older = new Int32Array(capacity);
    newer.set(this.#newer);
    older.set(this.#older);
    this.#newer = newer;
    this.#older = older;
  }

  insert(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  touch(slot: number): void {
    if (slot === this.#newest) return;
    const newer = this.#newer[slot]; // there is one: the slot isn't the newest
    const older = this.#older[slot];
    this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    this.#newer[this.#newest] = slot;
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    this.#newest = slot;
  }

  remove(slot: number): void {
    const newer = this.#newer[slot];
    const older = this.#older[slot];
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
  }

  victim(): number {
    return this.#oldest;
  }
}
