/** A schedule that failed, again: with every step left out that isn't needed for failing, told in words. */
import { play, type Playing } from './schedule.ts';

/** A schedule reduced. */
export interface Reduced {
  readonly violation: string;
  /** How many of its steps are left. */
  readonly steps: number;
  /** What happens, line by line, up to what is wrong. */
  readonly trace: readonly string[];
}

/** Leave out steps, the last first, as long as something stays wrong. */
export async function reduce(playing: Playing, violation: string): Promise<Reduced> {
  const { steps } = await play(playing);
  const without = new Set<number>();
  for (let i = steps - 1; i >= 0; i--) {
    without.add(i);
    if ((await play({ ...playing, without })).violation === undefined) without.delete(i);
  }
  const lines: string[] = [];
  const reduced = await play({ ...playing, without, trace: (line) => lines.push(line) });
  const end = lines.findIndex((line) => line.startsWith('WRONG'));
  return {
    violation: reduced.violation ?? violation,
    steps: steps - without.size,
    trace: lines.slice(0, end + 1),
  };
}
