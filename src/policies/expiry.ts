/**
 * Which slots expire when: a ring of one-second buckets, each a list threaded through typed arrays by slot. Filing costs
 * a relink and there is no timer. A time beyond the ring's length comes round early, is found not to be due, and stays.
 */

const BUCKETS = 4096; // a power of two
const LAST = BUCKETS - 1;
const WIDTH = 1000;
const NONE = -1;

/** A ring of buckets by expiry time. */
export class ExpiryRing {
  readonly #heads = new Int32Array(BUCKETS).fill(NONE);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #bucket = new Int16Array(0);
  #cursor = NaN; // the second whose bucket is looked at next
  #opened = NONE; // what is left of the bucket under inspection: a list whose first slot no bucket heads
  #filed = 0;

  /** Slots up to `capacity - 1` may be filed from now on. */
  grow(capacity: number): void {
    this.#next = enlarged(this.#next, new Int32Array(capacity));
    this.#previous = enlarged(this.#previous, new Int32Array(capacity));
    const from = this.#bucket.length;
    this.#bucket = enlarged(this.#bucket, new Int16Array(capacity)).fill(NONE, from);
  }

  /** The slot expires at this time, and no longer when it was filed under before. `Infinity` is never. */
  file(slot: number, at: number, now: number): void {
    this.unfile(slot);
    if (at === Infinity) return;
    const second = Math.floor(now / WIDTH);
    if (Number.isNaN(this.#cursor)) this.#cursor = second;
    const bucket = Math.max(Math.floor(at / WIDTH), second) & LAST;
    const head = this.#heads[bucket];
    this.#next[slot] = head;
    this.#previous[slot] = NONE;
    if (head !== NONE) this.#previous[head] = slot;
    this.#heads[bucket] = slot;
    this.#bucket[slot] = bucket;
    this.#filed++;
  }

  /** The slot expires at no time. */
  unfile(slot: number): void {
    const bucket = this.#bucket[slot];
    if (bucket === NONE) return;
    const next = this.#next[slot];
    const previous = this.#previous[slot];
    if (previous !== NONE) this.#next[previous] = next;
    else if (this.#heads[bucket] === slot) this.#heads[bucket] = next;
    else this.#opened = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#bucket[slot] = NONE;
    this.#filed--;
  }

  /**
   * Go through the buckets whose second is over: slots that are due go to `drop`, the others are filed for the next
   * round. Stops after `most` slots, so that no call pays for a burst; `Infinity` is what a full tier asks for before it
   * evicts the living.
   */
  drain(now: number, most: number, dueAt: (slot: number) => number, drop: (slot: number) => void): void {
    const second = Math.floor(now / WIDTH);
    if (this.#filed === 0) this.#cursor = second;
    else if (!(this.#cursor > second - BUCKETS)) this.#cursor = second - BUCKETS + 1;
    for (let seen = 0; seen < most; seen++) {
      while (this.#opened === NONE && this.#cursor < second) {
        const bucket = this.#cursor++ & LAST;
        this.#opened = this.#heads[bucket];
        this.#heads[bucket] = NONE;
      }
      const slot = this.#opened;
      if (slot === NONE) return;
      const at = dueAt(slot);
      this.unfile(slot);
      if (at <= now) drop(slot);
      else this.file(slot, at, now);
    }
  }
}

function enlarged<T extends Int32Array | Int16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
