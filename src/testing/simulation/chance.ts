/** Chance that depends on nothing but numbers: every step of a schedule has its own, so that leaving one out changes no other. */

/** A stream of choices. */
export class Chance {
  #state: number;

  /** The same numbers give the same choices. */
  constructor(...numbers: readonly number[]) {
    this.#state = numbers.reduce((state, n) => scramble(Math.imul(state ^ n, 0x9e3779b1) + 0x7f4a7c15), 0x2c1b3c6d);
  }

  /** A number from 0 to below 1. */
  readonly unit = (): number => {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return (scramble(this.#state) >>> 0) / 2 ** 32;
  };

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.unit() * end);
  }

  /** True once in `often` times. */
  once(often: number): boolean {
    return this.unit() * often < 1;
  }

  /** One of some things. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** One of some names, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.keys(weights) as K[];
    let rest = this.unit() * names.reduce((sum, name) => sum + weights[name], 0);
    return names.find((name) => (rest -= weights[name]) < 0) ?? names[0];
  }
}

/** Spreads every bit over all others (the finalizer of MurmurHash3). */
function scramble(n: number): number {
  let x = n | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
