/** Schedules by seed: many until one fails, and one that failed again, with fewer steps and told in words. */
import type { Engine } from './engine.ts';
import { play, STEPS } from './schedule.ts';
import { type Setup, SETUPS } from './world.ts';

/** A schedule, as `MODEL_SEED` names it: its setup and its seed. */
export interface Named {
  readonly setup: Setup;
  readonly seed: number;
}

/** Read what `MODEL_SEED` says, such as `shared:42`. */
export function named(text: string): Named {
  const [setup, seed] = text.split(':');
  const known = SETUPS.find((one) => one === setup);
  if (!known || !/^\d+$/.test(seed ?? '')) throw new Error(`MODEL_SEED must be <${SETUPS.join('|')}>:<number>`);
  return { setup: known, seed: Number(seed) };
}

/** How many schedules were played. */
export interface Played {
  readonly schedules: number;
  readonly reads: number;
}

/**
 * Play schedules one after the other. Rejects with the story of the first one that ends in a violation.
 */
export async function playMany(
  engine: Engine,
  setup: Setup,
  count: number,
  progress?: (played: Played) => void,
): Promise<Played> {
  let reads = 0;
  for (let seed = 1; seed <= count; seed++) {
    const ending = await play(engine, setup, seed);
    if (ending.violation !== undefined) throw new Error(await story(engine, { setup, seed }));
    reads += ending.reads;
    if (seed % 10_000 === 0) progress?.({ schedules: seed, reads });
  }
  return { schedules: count, reads };
}

/** What happens in a schedule that fails: with every step left out that isn't needed for failing in the same way. */
export async function story(engine: Engine, { setup, seed }: Named): Promise<string> {
  const { violation } = await play(engine, setup, seed);
  const without = new Set<number>();
  for (let i = STEPS - 1; i >= 0; i--) {
    without.add(i);
    if ((await play(engine, setup, seed, { without })).violation === undefined) without.delete(i);
  }
  const lines: string[] = [];
  const reduced = await play(engine, setup, seed, { without, trace: (line) => lines.push(line) });
  const end = lines.findIndex((line) => line.startsWith('WRONG'));
  return [
    `${violation}`,
    `Again with: MODEL_SEED=${setup}:${seed} npx vitest run test/model`,
    `With ${STEPS - without.size} of ${STEPS} steps: ${reduced.violation}`,
    ...lines.slice(0, end + 1),
  ].join('\n');
}
