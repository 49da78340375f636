/** Chance that can be repeated: a seeded generator, and ranks drawn from it by Zipf's law. */

/** Numbers from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number;

/** A generator that gives the same numbers for the same seed: xorshift of 32 bits (Marsaglia, JSS 2003). */
export function seeded(seed: number): Random {
  let state = Math.imul(seed, 2_654_435_761) | 1; // any state but 0
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Draws ranks from 0 to `count - 1`; rank r comes in proportion to 1 / (r + 1) to the power `skew`. */
export function zipf({ count, skew, random }: { count: number; skew: number; random: Random }): () => number {
  const upTo = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) upTo[rank] = sum += (rank + 1) ** -skew;
  return () => {
    const drawn = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
