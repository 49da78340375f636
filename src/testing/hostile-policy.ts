/** A policy that does the worst that its contract allows: the newest entry is the first that has to leave. */
import type { Policy } from '../engine/policy.ts';

/** Once a tier is full, each newcomer is its own victim, so that nothing new is ever admitted. */
export function hostilePolicy(): Policy {
  return new NewestFirst();
}

class NewestFirst implements Policy {
  readonly name = 'newest first';
  readonly #slots = new Set<number>();
  #newest = -1;

  grow(): void {}

  insert(slot: number): void {
    this.#slots.add(slot);
    this.#newest = slot;
  }

  touch(): void {}

  remove(slot: number): void {
    this.#slots.delete(slot);
    if (slot === this.#newest) this.#newest = [...this.#slots].at(-1) ?? -1;
  }

  victim(): number {
    return this.#newest;
  }
}
