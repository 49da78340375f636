/**
 * Misses that somebody may be loading for: a program that gets nothing, asks its source and sets what that said has begun
 * its load when it missed. What it sets is true as of that moment, and mustn't be kept if a change came in between (after
 * the leases of Nishtala et al., Scaling Memcache at Facebook, NSDI 2013).
 *
 * Which of several misses of a key a `set` belongs to isn't known, so it is judged by the oldest; and what is judged to be
 * overtaken answers none of them: it may have been set by who missed nothing, while the loads go on.
 */
import type { Clock } from '../../engine/clock.ts';
import type { Beginning } from '../../engine/collection.ts';
import { KeySketch } from './key-sketch.ts';

/** Misses of a key: when the last of them was, and what was known at the first. */
interface Miss {
  readonly since: Beginning;
  at: number;
  count: number;
}

const MOST_KEYS = 10_000;
const MOST_OF_A_KEY = 100; // beyond them misses are told by the first of them

/** The misses of one namespace. */
export class Misses {
  readonly #clock: Clock;
  readonly #within: number;
  readonly #misses = new Map<string, Miss[]>();
  readonly #forgotten: KeySketch;

  /** `within`: milliseconds that a load may take. */
  constructor(clock: Clock, within: number) {
    this.#clock = clock;
    this.#within = within;
    this.#forgotten = new KeySketch(within);
  }

  /** A read of a key found nothing. */
  add(key: string, since: Beginning): void {
    const at = this.#clock.now();
    const misses = this.#current(key);
    const last = misses.at(-1);
    if (last && misses.length === MOST_OF_A_KEY) {
      last.at = at;
      last.count++;
      return;
    }
    misses.push({ since, at, count: 1 });
    if (!last && this.#misses.size >= MOST_KEYS) this.#forgetOne(at);
    this.#misses.set(key, misses);
  }

  /** The oldest miss of a key that is still loaded for. */
  oldest(key: string): Beginning | undefined {
    return this.#current(key)[0]?.since;
  }

  /** One of the misses of a key has been answered. Which one isn't known: for the others the oldest still counts. */
  answer(key: string): void {
    const misses = this.#current(key);
    const last = misses.at(-1);
    if (last && --last.count === 0) misses.pop();
    if (misses.length === 0) this.#misses.delete(key);
    else this.#misses.set(key, misses);
  }

  /** True if there may have been misses of a key that aren't known any more. */
  mayHaveForgotten(key: string): boolean {
    return this.#forgotten.has(key, this.#clock.now());
  }

  #current(key: string): Miss[] {
    const now = this.#clock.now();
    return this.#misses.get(key)?.filter(({ at }) => now - at <= this.#within) ?? [];
  }

  #forgetOne(now: number): void {
    for (const [key, misses] of this.#misses) {
      if (now - misses.at(-1)!.at <= this.#within) this.#forgotten.add(key, now);
      this.#misses.delete(key);
      return;
    }
  }
}
