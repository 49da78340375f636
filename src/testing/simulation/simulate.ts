/** The simulator's door: play one schedule, or many until one fails. */
import { TidemarkError } from '../../engine/errors.ts';
import { checkOptions, functionOrNothing, oneOf, positiveInteger } from '../../engine/options.ts';
import type { PlaceMaker } from './place.ts';
import { reduce } from './replay.ts';
import { play } from './schedule.ts';
import { type Setup, SETUPS } from './setups.ts';

/** Options of {@link simulate}. */
export interface SimulationOptions {
  /** Which schedule: the same seed with the same options always means the same one. A whole number. */
  readonly seed: number;
  /** What the nodes are made of. Default `'shared'`. */
  readonly setup?: Setup;
  /** A place of your own that the nodes share, instead of the setup's: this is how a backend is put to the test. */
  readonly place?: PlaceMaker;
  /** How many nodes. Default two or three, as chance has it; fewer where nothing is shared. */
  readonly nodes?: number;
  /** How many steps until all is healed, delivered and read once more. Default 60. */
  readonly steps?: number;
}

/** How a schedule went. */
export interface Simulation {
  /** What was found wrong first, in words; `undefined` if nothing was. */
  readonly violation: string | undefined;
  /** How many reads were checked. */
  readonly reads: number;
  /** What led to it, line by line, with all steps left out that it doesn't take; empty if nothing was wrong. */
  readonly trace: readonly string[];
}

/**
 * Play a schedule made by chance: nodes read, write and invalidate, while messages between them and the place that they
 * share are late, lost, doubled, out of order or cut off; the place fails, forgets and comes back with old data; nodes
 * die and start again; clocks disagree. Everything that a node answers is compared with the truth. Time is simulated: no
 * schedule waits for anything.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const { violation, trace } = await simulate({ seed: 7, place: ({ clock }) => myPlace(clock) });
 * if (violation) throw new Error([violation, ...trace].join('\n'));
 */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const playing = checked('simulate', options);
  const { violation, reads } = await play(playing);
  if (violation === undefined) return { violation, reads, trace: [] };
  const { trace } = await reduce(playing, violation);
  return { violation, reads, trace };
}

/** Options of {@link simulateMany}. */
export interface ManyOptions extends Omit<SimulationOptions, 'seed'> {
  /** How many schedules. */
  readonly schedules: number;
  /** The seed of the first one. Default 1; the others follow. */
  readonly from?: number;
  /** Called after each schedule with how many have been played and how many reads checked. */
  readonly onProgress?: (played: Played) => void;
}

/** How much was played. */
export interface Played {
  readonly schedules: number;
  readonly reads: number;
}

/**
 * Play schedules one after the other. Rejects with the story of the first one that goes wrong, its seed included.
 *
 * @throws `bad_option` naming the option.
 * @example
 * test('no read is wrong', () => simulateMany({ schedules: 1000, place: ({ clock }) => myPlace(clock) }));
 */
export async function simulateMany(options: ManyOptions): Promise<Played> {
  const { schedules, from = 1, onProgress, ...rest } = options;
  positiveInteger('simulateMany: schedules', schedules);
  functionOrNothing('simulateMany: onProgress', onProgress);
  const playing = checked('simulateMany', { ...rest, seed: from });
  let reads = 0;
  for (let played = 0; played < schedules; played++) {
    const seed = from + played;
    const ending = await play({ ...playing, seed });
    if (ending.violation !== undefined) {
      const { steps, violation, trace } = await reduce({ ...playing, seed }, ending.violation);
      const again = `Again with: simulate({ seed: ${seed}, setup: '${playing.setup}' }), and the same place if it was your own`;
      const reduced = `With ${steps} of ${ending.steps} steps: ${violation}`;
      throw new Error([ending.violation, again, reduced, ...trace].join('\n'));
    }
    reads += ending.reads;
    onProgress?.({ schedules: played + 1, reads });
  }
  return { schedules, reads };
}

function checked(what: string, options: SimulationOptions): SimulationOptions & { readonly setup: Setup } {
  checkOptions(what, options, ['seed', 'setup', 'place', 'nodes', 'steps']);
  const { seed, setup = 'shared', place, nodes, steps } = options;
  if (!Number.isSafeInteger(seed)) throw new TidemarkError('bad_option', `${what}: seed must be a whole number`);
  oneOf(`${what}: setup`, setup, Object.keys(SETUPS));
  functionOrNothing(`${what}: place`, place);
  if (nodes !== undefined) positiveInteger(`${what}: nodes`, nodes);
  if (steps !== undefined) positiveInteger(`${what}: steps`, steps);
  return { ...options, setup };
}
