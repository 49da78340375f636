/** A policy that never has a favourite: neither age nor use decides who leaves, only the number of the slot. */
import type { Policy } from '../engine/policy.ts';

/** The entry in the lowest slot leaves first. For tests in which the order doesn't matter, and as a floor to compare with. */
export function nullPolicy(): Policy {
  return new LowestSlot();
}

class LowestSlot implements Policy {
  readonly name = 'null';
  #live = new Uint8Array(0);

  grow(capacity: number): void {
    const live = new Uint8Array(capacity);
    live.set(this.#live);
    this.#live = live;
  }

  insert(slot: number): void {
    this.#live[slot] = 1;
  }

  touch(): void {}

  remove(slot: number): void {
    this.#live[slot] = 0;
  }

  victim(): number {
    return this.#live.indexOf(1);
  }
}
