/** Timing several subjects in turns, so that what disturbs the machine disturbs all of them. */

/** A thing to time: runs its operation `times` times. */
export type Subject = (times: number) => void | Promise<void>;

/** Nanoseconds an operation for each subject: the median of `rounds` interleaved rounds, the first few left out. */
export async function rounds<K extends string>(
  subjects: Readonly<Record<K, Subject>>,
  times: number,
  count = 25,
): Promise<Record<K, number>> {
  const names = Object.keys(subjects) as K[];
  const seen = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < count + 5; round++)
    for (const name of names) {
      const begin = process.hrtime.bigint();
      await subjects[name](times);
      const ns = Number(process.hrtime.bigint() - begin) / times;
      if (round >= 5) seen.get(name)?.push(ns);
    }
  return Object.fromEntries(names.map((name) => [name, median(seen.get(name) ?? [])])) as Record<K, number>;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** `1234` ns and the like, in a unit that reads well. */
export function time(ns: number): string {
  return ns < 1000 ? `${ns.toFixed(1)} ns` : ns < 1e6 ? `${(ns / 1000).toFixed(2)} µs` : `${(ns / 1e6).toFixed(2)} ms`;
}

/** A random order of keys, as long as the caches of a processor aren't: the same for every subject. */
export function order(keys: readonly string[], length = 65_536): string[] {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return keys[state % keys.length];
  });
}
