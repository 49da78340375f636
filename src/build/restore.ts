/**
 * Bringing outputs back. Everything is staged first, beside its place and under a name of its own; then a journal is told
 * all the steps; then they are done: so what is cut short before that leaves the package as it was, and what is cut short
 * after it is finished by the next run. That holds for a process that ends, not for a machine that loses power: nothing is
 * forced to the disk, and a journal that isn't whole afterwards makes the next run look at everything again.
 */
import type { Clock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, functionOrNothing, oneOf } from '../engine/options.ts';
import { carryOut, type RestorePlace } from './carry-out.ts';
import { Confined } from './confined.ts';
import { copyOpen, openSource } from './copies.ts';
import { type Disk, look, machineDisk } from './disk.ts';
import { type KnownDigests, nothingKnown } from './known-digests.ts';
import type { OutputEntry } from './record.ts';
import type { Blobs, PlanStep, RestorePlan } from './restore-plan.ts';
import { Staging } from './staging.ts';

/** What {@link restore} needs besides a plan. */
export interface RestoreOptions {
  readonly blobs: Blobs;
  /** A directory for journals, outside of every output. */
  readonly state: string;
  /** Digests of blobs that were read before. Without it, every blob is read. */
  readonly known?: KnownDigests;
  /**
   * Which blobs are read and compared with their digests before they are used: `'witness'`, those that don't look as they
   * did when they were read last (see {@link KnownDigests.blob}), or `'always'`. Default: `'witness'`.
   */
  readonly verify?: 'witness' | 'always';
  /**
   * When restored files say that they were changed, in milliseconds since the epoch (say, when the record was made), or
   * `'now'`, as if the task had run: then they are newer than their inputs, as tools that compare times expect. What is
   * left alone, links, directories and hard-linked files keep their own times. Default: `'now'`.
   */
  readonly mtimes?: 'now' | number;
  /** Is told after each file and directory how many of how many are staged: the long part. */
  readonly onProgress?: (done: number, all: number) => void;
  readonly clock?: Clock;
  readonly disk?: Disk;
}

/** How many outputs were right already, written or linked, and removed. */
export interface Restored {
  readonly kept: number;
  readonly written: number;
  readonly removed: number;
}

const NAMES = ['blobs', 'state', 'known', 'verify', 'mtimes', 'onProgress', 'clock', 'disk'];

/**
 * Does a plan. Throws `bad_bytes` (a blob is missing or damaged: treat the entry as a miss), `foreign_directory`, `in_use`
 * (another restore of this package goes on, was cut short, or was done since the plan was made: call {@link finishRestore}
 * and plan again) or `store_failed`. What fails while files are staged leaves the package as it was; what fails later leaves
 * the journal for {@link finishRestore}.
 */
export function restore(plan: RestorePlan, options: RestoreOptions): Restored {
  checkOptions('restore', options, NAMES);
  const { blobs, disk = machineDisk, known = nothingKnown, verify = 'witness', mtimes = 'now' } = options;
  oneOf('verify', verify, ['witness', 'always']);
  functionOrNothing('onProgress', options.onProgress);
  if (mtimes !== 'now' && !Number.isFinite(mtimes))
    throw new TidemarkError('bad_option', `mtimes must be 'now' or milliseconds, not ${mtimes}`);
  const staging = new Staging({
    blobs,
    disk,
    known: verify === 'always' ? nothingKnown : known,
    mtime: mtimes === 'now' ? undefined : mtimes,
  });
  const count = (...what: readonly PlanStep['do'][]): number =>
    plan.steps.reduce((sum, step) => sum + (what.includes(step.do) ? 1 : 0), 0);
  const all = count('makeDirectory', 'write', 'link');
  let done = 0;
  carryOut(plan, { ...options, root: plan.root }, (step, place) => {
    staging.make(step, place);
    options.onProgress?.(++done, all);
  });
  return { kept: count('keep'), written: count('write', 'link'), removed: count('remove') };
}

/**
 * Gives every output that shares its file with others (its blob, if it was linked) a file of its own. Call it before the
 * task runs again, since it may write in place. Throws as {@link restore}.
 */
export function breakLinks(outputs: readonly OutputEntry[], place: RestorePlace): void {
  checkOptions('breakLinks', place, ['root', 'state', 'clock', 'disk']);
  const { root, disk = machineDisk } = place;
  const confined = new Confined(root, disk);
  const steps: PlanStep[] = [];
  for (const output of outputs) {
    if (output.kind !== 'file' || confined.parents(output.path).blockedBy !== undefined) continue;
    const stats = look(disk, confined.absolute(output.path));
    if (stats?.isFile() !== true || stats.nlink < 2n) continue;
    steps.push({ ...output, do: 'write', size: Number(stats.size), by: 'copy' });
  }
  carryOut({ steps }, place, (step, staged) => {
    if (step.do !== 'write') return;
    const from = openSource(disk, confined.absolute(step.path));
    try {
      copyOpen(disk, from, staged, { ...step, mtime: undefined }, 'copy');
    } finally {
      disk.closeSync(from);
    }
  });
}
