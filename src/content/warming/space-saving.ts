/**
 * Which of very many names come most often, in a bounded number of counters: Space-Saving (Metwally, Agrawal, El Abbadi,
 * "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005).
 *
 * A name that has no counter takes over the smallest one, with what it has counted: that is the most by which the name's
 * count may be too large, its `error`. So with m counters and a total weight of N every name whose true weight is above
 * N / m has a counter, `count` is never too small, and `count - error` never too large. Weights may be any positive
 * numbers; a heap finds the smallest counter.
 */
import { Heap } from './heap.ts';

/** What is known of one name. */
export interface Counted {
  readonly name: string;
  /** At most so much. */
  readonly count: number;
  /** By so much at most `count` is too large. */
  readonly error: number;
}

/** Counters for the names that come most often. */
export class SpaceSaving {
  readonly #capacity: number;
  readonly #counters = new Map<string, Counter>();
  // Counts only grow, so a counter is put in its place when it comes first, and not each time that it counts.
  readonly #smallest = new Heap<Counter>((a, b) => a.placed < b.placed);

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many names have a counter. */
  get size(): number {
    return this.#counters.size;
  }

  /** A name came, with a weight. */
  add(name: string, weight: number): void {
    const counter = this.#counters.get(name);
    if (counter) counter.count += weight;
    else if (this.size < this.#capacity) this.#begin(name, weight, 0);
    else {
      const { count } = this.#takeSmallest();
      this.#begin(name, count + weight, count);
    }
  }

  /** Multiply all that was counted. */
  scale(factor: number): void {
    for (const counter of this.#counters.values()) {
      counter.count *= factor;
      counter.placed *= factor;
      counter.error *= factor;
    }
  }

  [Symbol.iterator](): Iterator<Counted> {
    return this.#counters.values();
  }

  #begin(name: string, count: number, error: number): void {
    const counter = { name, count, placed: count, error };
    this.#counters.set(name, counter);
    this.#smallest.add(counter);
  }

  #takeSmallest(): Counter {
    for (;;) {
      const first = this.#smallest.first!;
      if (first.placed === first.count) {
        this.#smallest.delete(first);
        this.#counters.delete(first.name);
        return first;
      }
      first.placed = first.count;
      this.#smallest.moved(first);
    }
  }
}

interface Counter {
  readonly name: string;
  count: number;
  /** The count when it was put in its place among the smallest: never more than the count. */
  placed: number;
  error: number;
}
