/** Finishing or undoing a restore that was cut short. */
import { systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions } from '../engine/options.ts';
import { authorAt, isAtWork } from './author.ts';
import type { RestorePlace } from './carry-out.ts';
import { Confined } from './confined.ts';
import { type Disk, machineDisk } from './disk.ts';
import { type Entry, inUse, isStaged, Journal } from './journal.ts';
import { perform, removeTree, sweep } from './restore-steps.ts';
import { EXCLUDED } from './snapshot.ts';

/**
 * What became of a restore that was cut short: there was none; it was finished; the package is as it was before; or it
 * can't be told (the journal isn't whole, or somebody changed the package since): a new plan finds out.
 */
export type Finished = 'nothing' | 'finished' | 'undone' | 'unknown';

/** Whether a restore of this package goes on or was cut short: until then its outputs are nothing to rely on. */
export function isRestorePending({ root, state, disk = machineDisk }: RestorePlace): boolean {
  return new Journal(state, new Confined(root, disk).root, disk).isThere();
}

/**
 * Finishes or undoes a restore of this package that was cut short. Call it before anything else is done there. Throws
 * `in_use` if the restore goes on in a living process, or is being finished by one, and `store_failed`.
 */
export function finishRestore(place: RestorePlace): Finished {
  checkOptions('finishRestore', place, ['root', 'state', 'clock', 'disk']);
  const { root, state, clock = systemClock, disk = machineDisk } = place;
  const confined = new Confined(root, disk);
  const journal = new Journal(state, confined.root, disk);
  const found = journal.read();
  if (found === undefined) return 'nothing';
  const author = authorAt(clock.now());
  if (found.entry?.author && isAtWork(found.entry.author, author)) throw inUse(root);
  try {
    if (!journal.takeOver(found, root, author)) return 'nothing';
    const finished = finish(confined, found.entry, disk);
    journal.end(found.id);
    return finished;
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw new TidemarkError('store_failed', `the restore of ${root} can't be finished`, error);
  }
}

function finish(confined: Confined, entry: Entry | undefined, disk: Disk): Finished {
  if (entry === undefined || entry.root !== confined.root || !isStaged(entry.prefix)) {
    sweepAll(confined.root, disk);
    return 'unknown';
  }
  const finished = entry.steps === null ? 'undone' : performed(confined, entry, disk);
  sweep(new Confined(confined.root, disk), entry, disk);
  return finished;
}

function performed(confined: Confined, entry: Entry, disk: Disk): Finished {
  try {
    perform(confined, entry, 'again', disk);
    return 'finished';
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'foreign_directory') return 'unknown';
    throw error;
  }
}

/** Everything that was ever staged below a directory. */
function sweepAll(directory: string, disk: Disk): void {
  for (const entry of disk.readdirSync(directory, { withFileTypes: true })) {
    const place = `${directory}/${entry.name}`;
    if (isStaged(entry.name)) removeTree(place, disk);
    else if (entry.isDirectory() && !EXCLUDED.includes(entry.name)) sweepAll(place, disk);
  }
}
