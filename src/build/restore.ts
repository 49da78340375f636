/**
 * Bringing outputs back. Everything is staged first, beside its place and under a name of its own; then a journal is told
 * all the steps; then they are done: so what is cut short before that leaves the package as it was, and what is cut short
 * after it is finished by the next run. That holds for a process that ends, not for a machine that loses power: nothing is
 * forced to the disk, and a journal that isn't whole afterwards makes the next run look at everything again.
 */
import { TidemarkError } from '../engine/errors.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import { checkOptions } from '../engine/options.ts';
import { Confined } from './confined.ts';
import { type Entry, freshPrefix, isStaged, Journal, type JournalStep } from './journal.ts';
import { type KnownDigests, look, nodeDisk, type PackageDisk } from './package-disk.ts';
import type { Digest, OutputEntry } from './record.ts';
import type { Blobs, RestorePlan } from './restore-plan.ts';
import { perform, stage, type Staging, sweep } from './restore-steps.ts';
import { EXCLUDED, snapshot } from './snapshot.ts';

/** What {@link restore} needs besides a plan. */
export interface RestoreOptions {
  readonly blobs: Blobs;
  /** A directory for journals, outside of every output. */
  readonly state: string;
  /** Whether the blob still is what its digest says; asked once per blob, before it is used. Default: its size alone is compared. */
  readonly verify?: (digest: Digest) => boolean;
  /** Is told what was written, so that it needn't be read the next time. */
  readonly known?: KnownDigests;
  readonly clock?: Clock;
  readonly disk?: PackageDisk;
}

/** A package and where its journal is. */
export interface RestorePlace {
  readonly root: string;
  readonly state: string;
  readonly clock?: Clock;
  readonly disk?: PackageDisk;
}

/** How many outputs were right already, written, linked to their blobs, and removed. */
export interface Restored {
  readonly kept: number;
  readonly written: number;
  readonly removed: number;
}

/**
 * What became of a restore that was cut short: there was none; it was finished; the package is as it was before; or it
 * can't be told (the journal isn't whole, or somebody changed the package since): a new plan finds out.
 */
export type Finished = 'nothing' | 'finished' | 'undone' | 'unknown';

/** A restore that takes longer than an hour isn't believed to go on, whoever has its process id by now. */
const PATIENCE = 3_600_000;

const going = new Set<string>();

/**
 * Does a plan. Throws `bad_bytes` (a blob is damaged: treat the entry as a miss), `foreign_directory`, `in_use` (another
 * restore of this package goes on, or was cut short: call {@link finishRestore} and plan again) or `store_failed`. What
 * fails while files are staged leaves the package as it was; what fails later leaves the journal for {@link finishRestore}.
 */
export function restore(plan: RestorePlan, options: RestoreOptions): Restored {
  checkOptions('restore', options, ['blobs', 'state', 'verify', 'known', 'clock', 'disk']);
  const { blobs, verify, known, disk = nodeDisk } = options;
  const stagings: Staging[] = [];
  const checked = new Set<Digest>();
  for (const step of plan.steps) {
    if (step.do === 'link') stagings.push({ path: step.path, target: step.target });
    if (step.do !== 'write') continue;
    const { path, digest, size, mode, by } = step;
    if (verify && !checked.has(digest) && !verify(digest))
      throw new TidemarkError('bad_bytes', `the blob ${digest} is damaged`);
    checked.add(digest);
    stagings.push({ path, from: blobs.path(digest), size, mode, by });
  }
  carryOut(plan, stagings, { ...options, root: plan.root });
  const written = plan.steps.filter((step) => step.do === 'write');
  if (known)
    for (const { path, digest } of written) {
      const place = `${plan.root}/${path}`;
      const stats = look(disk, place);
      if (stats) known.set(place, stats, digest);
    }
  return {
    kept: plan.steps.filter((step) => step.do === 'keep').length,
    written: stagings.length,
    removed: plan.steps.filter((step) => step.do === 'remove').length,
  };
}

/** Whether a restore of this package goes on or was cut short: until then its outputs are nothing to rely on. */
export function isRestorePending({ root, state, disk = nodeDisk }: RestorePlace): boolean {
  return look(disk, new Journal(state, new Confined(root, disk).root, disk).path) !== undefined;
}

/**
 * Finishes or undoes a restore of this package that was cut short. Call it before anything else is done there. Throws `in_use`
 * if the restore goes on in a living process.
 */
export function finishRestore(place: RestorePlace): Finished {
  checkOptions('finishRestore', place, ['root', 'state', 'clock', 'disk']);
  const { root, state, clock = systemClock, disk = nodeDisk } = place;
  const confined = new Confined(root, disk);
  const journal = new Journal(state, confined.root, disk);
  const entry = journal.read();
  if (entry === undefined) return 'nothing';
  if (entry === 'unreadable' || entry.root !== confined.root || !isStaged(entry.prefix)) {
    sweepAll(confined.root, disk);
    journal.end();
    return 'unknown';
  }
  if (goesOn(entry, journal, clock))
    throw new TidemarkError('in_use', `${root} is being restored by process ${entry.pid}`);
  const finished = entry.steps === null ? 'undone' : finish(confined, entry.steps, disk);
  sweep(new Confined(root, disk), entry, disk);
  journal.end();
  return finished;
}

/**
 * Gives every output that shares its file with others (its blob, if it was linked) a file of its own. Call it before the
 * task runs again, since it may write in place. Throws as {@link restore}.
 */
export function breakLinks(outputs: readonly OutputEntry[], place: RestorePlace): void {
  checkOptions('breakLinks', place, ['root', 'state', 'clock', 'disk']);
  const { root, disk = nodeDisk } = place;
  const confined = new Confined(root, disk);
  const stagings: Staging[] = [];
  for (const output of outputs) {
    if (output.kind !== 'file' || confined.parents(output.path).blockedBy !== undefined) continue;
    const from = confined.absolute(output.path);
    const stats = look(disk, from);
    if (stats?.isFile() !== true || stats.nlink < 2n) continue;
    stagings.push({ path: output.path, from, size: Number(stats.size), mode: output.mode, by: 'copy' });
  }
  carryOut({ root: confined.root, steps: [], left: [] }, stagings, place);
}

function carryOut(plan: RestorePlan, stagings: readonly Staging[], place: RestorePlace): void {
  const { state, clock = systemClock, disk = nodeDisk } = place;
  const confined = new Confined(plan.root, disk);
  const journal = new Journal(state, confined.root, disk);
  const before = plan.steps.filter((step) => step.do === 'remove' || step.do === 'makeDirectory');
  const after = plan.steps.filter((step) => step.do === 'chmod');
  if (stagings.length + before.length + after.length === 0) {
    if (look(disk, journal.path))
      throw new TidemarkError('in_use', `a restore of ${plan.root} was cut short, or goes on`);
    return;
  }
  const prefix = freshPrefix();
  const put = stagings.map(({ path }, i) => ({
    path,
    directory: confined.parents(path).nearest,
    name: `${prefix}${i}`,
  }));
  const puts = put.map(({ path, directory, name }): JournalStep => {
    return { do: 'put', path, staged: directory === '' ? name : `${directory}/${name}` };
  });
  const entry: Entry = {
    root: confined.root,
    pid: process.pid,
    begun: clock.now(),
    prefix,
    directories: [...new Set(put.map(({ directory }) => directory))],
    steps: null,
  };
  const steps: readonly JournalStep[] = [...before, ...puts, ...after];
  try {
    journal.begin(entry);
    going.add(journal.path);
    try {
      stagings.forEach((staging, i) => stage(staging, `${confined.absolute(put[i].directory)}/${put[i].name}`, disk));
      journal.change({ ...entry, steps });
    } catch (error) {
      sweep(confined, entry, disk);
      journal.end();
      throw error;
    }
    perform(new Confined(plan.root, disk), steps, 'first', disk);
    journal.end();
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw new TidemarkError('store_failed', `the outputs of ${plan.root} can't be restored`, error);
  } finally {
    going.delete(journal.path);
  }
}

function finish(confined: Confined, steps: readonly JournalStep[], disk: PackageDisk): Finished {
  try {
    perform(confined, steps, 'again', disk);
    return 'finished';
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'foreign_directory') return 'unknown';
    throw error;
  }
}

function goesOn({ pid, begun }: Entry, journal: Journal, clock: Clock): boolean {
  if (going.has(journal.path)) return true;
  if (pid === process.pid || clock.now() - begun > PATIENCE) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function sweepAll(root: string, disk: PackageDisk): void {
  for (const [path, { kind }] of snapshot(root, { exclude: EXCLUDED, disk }))
    if (kind !== 'directory' && isStaged(path.slice(path.lastIndexOf('/') + 1))) disk.unlinkSync(`${root}/${path}`);
}
