/** Two ways beside each other, in turns, on the same machine at the same time: what counts is their ratio. */

/** Milliseconds that each way took. */
export interface Pair {
  readonly theirs: number;
  readonly ours: number;
}

/** The medians of some rounds; in each round each way runs once, the one that begins changes. */
export async function inTurns(rounds: number, run: (who: keyof Pair) => Promise<number>): Promise<Pair> {
  const times: Record<keyof Pair, number[]> = { theirs: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    const order = ['theirs', 'ours'] as const;
    for (const who of round % 2 === 0 ? order : order.toReversed()) times[who].push(await run(who));
  }
  return { theirs: median(times.theirs), ours: median(times.ours) };
}

/** Milliseconds of some work. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1];
}

/** A line: how much less ours takes. */
export function line(what: string, { theirs, ours }: Pair, unit: string): string {
  const [left, right] = [theirs, ours].map((value) => `${value.toPrecision(3)} ${unit}`);
  return `${what.padEnd(62)}${left.padStart(12)}${right.padStart(12)}${`${(theirs / ours).toPrecision(3)} x`.padStart(10)}`;
}
