/** Chance that can be repeated: the same seed gives the same numbers, so a failing case can be run again. */
import type { Random } from '../engine/clock.ts';

/** A generator like `Math.random` with a seed: xorshift with 32 bits of state (Marsaglia, "Xorshift RNGs", 2003). */
export function seededRandom(seed: number): Random {
  let state = (seed ^ 0x2545f491) | 0 || 1; // the one state that it would never leave is 0
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 to below `end`. */
export function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

/** One of some things; `undefined` of none. */
export function pick<T>(from: readonly T[], random: Random): T {
  return from[below(from.length, random)];
}
