/** Staging everything, telling the journal what comes, and doing it. */
import { TidemarkError } from '../engine/errors.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import { authorAt } from './author.ts';
import { Confined, directoryOf } from './confined.ts';
import { type Disk, look, machineDisk } from './disk.ts';
import { type Entry, freshPrefix, inUse, Journal, type JournalStep, overtaken } from './journal.ts';
import type { PlanStep, RestorePlan } from './restore-plan.ts';
import { perform, stagedPlace, sweep } from './restore-steps.ts';
import type { MakingStep } from './staging.ts';
import { quietly } from './store-files.ts';

/** A package and where its journal is. */
export interface RestorePlace {
  readonly root: string;
  /** A directory for journals, outside of every output. */
  readonly state: string;
  readonly clock?: Clock;
  readonly disk?: Disk;
}

/**
 * Does a plan, with `make` to make what a step says at a place. A directory that isn't there at all is made beside its
 * place with all that is in it, and then renamed, so its files need no step each.
 */
export function carryOut(
  { steps, last }: Pick<RestorePlan, 'steps' | 'last'>,
  { root, state, clock = systemClock, disk = machineDisk }: RestorePlace,
  make: (step: MakingStep, place: string) => void,
): void {
  const confined = new Confined(root, disk);
  const journal = new Journal(state, confined.root, disk);
  if (steps.every((step) => step.do === 'keep')) {
    if (journal.isThere()) throw inUse(confined.root);
    if (last !== undefined && journal.last() !== last) throw overtaken(confined.root);
    return;
  }
  const parts = partsOf(steps);
  const entry: Entry = {
    root: confined.root,
    author: authorAt(clock.now()),
    prefix: freshPrefix(),
    directories: [...new Set([...parts.keys()].map(directoryOf))],
    steps: null,
  };
  try {
    journal.begin(entry, last);
    const whole = { ...entry, steps: journalSteps(steps, [...parts.keys()]) };
    try {
      checkPlaces(steps, parts, confined, disk);
      let number = 0;
      for (const [path, part] of parts) {
        const staged = stagedPlace(confined, path, entry.prefix, number++);
        for (const step of part) make(step, staged + step.path.slice(path.length));
      }
      journal.change(whole);
    } catch (error) {
      sweep(confined, entry, disk);
      journal.end();
      throw error;
    }
    try {
      perform(new Confined(root, disk), whole, 'first', disk);
    } catch (error) {
      quietly(() => journal.change({ ...whole, author: null })); // so that nobody waits for this process to end
      throw error;
    }
    journal.end();
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw new TidemarkError('store_failed', `the outputs of ${root} can't be restored`, error);
  }
}

/** What is put by one rename each: by its path, the steps that make it. */
function partsOf(steps: readonly PlanStep[]): ReadonlyMap<string, readonly MakingStep[]> {
  const trees = new Map<string, string>();
  const parts = new Map<string, MakingStep[]>();
  for (const step of steps) {
    if (step.do !== 'makeDirectory' && step.do !== 'write' && step.do !== 'link') continue;
    // Directories are made from the outermost to the innermost, and before what is in them.
    const part = trees.get(directoryOf(step.path)) ?? step.path;
    if (step.do === 'makeDirectory') trees.set(step.path, part);
    const others = parts.get(part);
    if (others) others.push(step);
    else parts.set(part, [step]);
  }
  return parts;
}

function journalSteps(steps: readonly PlanStep[], parts: readonly string[]): readonly JournalStep[] {
  return [
    ...steps.filter((step) => step.do === 'remove'),
    ...parts.map((path, number): JournalStep => ({ do: 'put', path, number })),
    ...steps.filter((step) => step.do === 'chmod'),
  ];
}

/**
 * Looks again at where things are put: what was planned for a directory doesn't go through a link that is there by now, and
 * a directory that somebody has made since isn't replaced, since what is in it wasn't planned for.
 */
function checkPlaces(
  steps: readonly PlanStep[],
  parts: ReadonlyMap<string, readonly MakingStep[]>,
  confined: Confined,
  disk: Disk,
): void {
  const removed = new Set(steps.flatMap((step) => (step.do === 'remove' ? [step.path] : [])));
  for (const [path, [first]] of parts) {
    const place = confined.place(path);
    const isGone = confined.parents(path).nearest !== directoryOf(path);
    const isThere = first.do === 'makeDirectory' && !removed.has(path) && look(disk, place) !== undefined;
    if (isGone || isThere) throw overtaken(confined.root);
  }
}
