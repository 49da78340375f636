/** Which keys there may have been lately: never wrong about one that was, seldom about one that wasn't; in a bounded room. */
import { stableHash } from '../stable-hash.ts';

const BITS = 2 ** 20;

/** Keys of the last while, as bits by their hash. */
export class KeySketch {
  readonly #ms: number;
  #bits: Uint32Array | undefined;
  #before: Uint32Array | undefined;
  #begun = -Infinity;

  /** A key is known for `ms` milliseconds, and for twice as long at most. */
  constructor(ms: number) {
    this.#ms = ms;
  }

  add(key: string, now: number): void {
    this.#turn(now);
    const bit = stableHash(key) % BITS;
    this.#bits ??= new Uint32Array(BITS / 32);
    this.#bits[bit >> 5] |= 1 << (bit & 31);
  }

  has(key: string, now: number): boolean {
    this.#turn(now);
    if (!this.#bits && !this.#before) return false;
    const bit = stableHash(key) % BITS;
    return [this.#bits, this.#before].some((bits) => bits && (bits[bit >> 5] & (1 << (bit & 31))) !== 0);
  }

  #turn(now: number): void {
    if (now - this.#begun <= this.#ms) return;
    this.#before = now - this.#begun <= 2 * this.#ms ? this.#bits : undefined;
    this.#bits = undefined;
    this.#begun = now;
  }
}
