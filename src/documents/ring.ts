/** A ring of the last few states of a stream, found by revision. */

/** What can be put into a ring. */
export interface Revised {
  readonly revision: number;
}

/** Keeps the items that were put last. The one of the highest revision stays until there is a higher one. */
export class Ring<T extends Revised> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #next = 0;

  /** @param capacity The most items it keeps, at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  /** The item of the highest revision. */
  get newest(): T | undefined {
    return this.findNearest(Infinity);
  }

  /** The item of the lowest revision. */
  get oldest(): T | undefined {
    let oldest: T | undefined;
    for (const item of this.#items) if (oldest === undefined || item.revision < oldest.revision) oldest = item;
    return oldest;
  }

  /** Put an item in place of one of the same revision, or of the one that was put first. Answers with what had to go. */
  push(item: T): T | undefined {
    const same = this.#items.findIndex((other) => other.revision === item.revision);
    if (same >= 0) return this.#replace(same, item);
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return undefined;
    }
    const highest = this.newest!;
    // Reading the past must not push out the present, which everybody asks for.
    if (this.#items[this.#next] === highest && item.revision < highest.revision && this.#capacity > 1) this.#step();
    const gone = this.#replace(this.#next, item);
    this.#step();
    return gone;
  }

  /** The item of exactly this revision. */
  get(revision: number): T | undefined {
    return this.#items.find((item) => item.revision === revision);
  }

  /** The item of the highest revision that is not above `revision`. */
  findNearest(revision: number): T | undefined {
    let nearest: T | undefined;
    for (const item of this.#items)
      if (item.revision <= revision && (nearest === undefined || item.revision > nearest.revision)) nearest = item;
    return nearest;
  }

  /** All items, the highest revision first. */
  all(): T[] {
    return this.#items.toSorted((a, b) => b.revision - a.revision);
  }

  /** Remove an item. */
  remove(item: T): void {
    const at = this.#items.indexOf(item);
    if (at < 0) return;
    const inOrder = [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)];
    this.#items.splice(0, Infinity, ...inOrder.filter((other) => other !== item));
    this.#next = 0;
  }

  #replace(at: number, item: T): T {
    const gone = this.#items[at];
    this.#items[at] = item;
    return gone;
  }

  #step(): void {
    this.#next = (this.#next + 1) % this.#items.length;
  }
}
