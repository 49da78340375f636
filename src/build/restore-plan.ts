/** What has to be done so that a task's outputs stand in its package: worked out with looks alone, before anything is touched. */
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, oneOf } from '../engine/options.ts';
import { Confined, directoryOf, notADirectory, parentsOf } from './confined.ts';
import { type Disk, look, machineDisk, permissions, type Stats } from './disk.ts';
import { caseOf } from './folded-case.ts';
import { Journal, overtaken } from './journal.ts';
import { digestNow, hasBytes, type KnownDigests, nothingKnown } from './known-digests.ts';
import type { Digest, OutputEntry } from './record.ts';
import { type RemoveStep, removals } from './stale-outputs.ts';

/** Where the bytes of outputs are. */
export interface Blobs {
  /** The absolute path of the file with the bytes of this digest. */
  path(digest: Digest): string;
  /**
   * Write a blob that is kept packed to a descriptor, from where that stands; false if it isn't packed, and then `path` has
   * it. Throws `bad_bytes` if these aren't the digest's bytes, and `store_failed`.
   */
  unpack?(digest: Digest, descriptor: number): boolean;
  /** Is told of a blob that was found missing or damaged, to look at it and put it aside. */
  checkBlob?(digest: Digest): unknown;
}

/** One step of a plan. Paths are relative to the package. */
export type PlanStep =
  | RemoveStep
  /** A directory: an output with its mode, or the way to one with the mode that the process gives. */
  | { readonly do: 'makeDirectory'; readonly path: string; readonly mode: number | null }
  | {
      readonly do: 'write';
      readonly path: string;
      readonly digest: Digest;
      readonly size: number;
      readonly mode: number;
      readonly by: 'copy' | 'hard link';
    }
  | { readonly do: 'link'; readonly path: string; readonly target: string }
  | { readonly do: 'chmod'; readonly path: string; readonly mode: number }
  | { readonly do: 'keep'; readonly path: string };

/** The steps, in the order in which they are done. */
export interface RestorePlan {
  /** The package's real path. */
  readonly root: string;
  readonly steps: readonly PlanStep[];
  /** Outputs of the earlier run that somebody has changed since: they aren't outputs any more, and aren't removed. */
  readonly left: readonly string[];
  /** What the journal said of the last restore; `undefined` if the plan was made without. */
  readonly last?: string;
}

/** Options of {@link planRestore}. */
export interface PlanOptions {
  /** The package. */
  readonly root: string;
  /** What should be there. */
  readonly outputs: readonly OutputEntry[];
  /** What this task's earlier run made here: what of it isn't wanted any more is removed, if nobody changed it. */
  readonly earlier?: readonly OutputEntry[];
  readonly blobs: Blobs;
  /** The directory for journals: with it, a plan that another restore of this package overtakes is refused when it is done. */
  readonly state?: string;
  /** Digests of files that were read before. Without it, a file of the right size is read. */
  readonly known?: KnownDigests;
  /**
   * `'hard'`: files without an executable bit become hard links to their blobs, which are read-only: fast, and only for
   * outputs that nobody writes to in place. Call `breakLinks` before the task runs again. Default: `'none'`.
   */
  readonly links?: 'none' | 'hard';
  /** Outputs that are written to in place, which are never linked. Default: `.tsbuildinfo` and what is below `.cache`. */
  readonly mutable?: (path: string) => boolean;
  readonly disk?: Disk;
}

const NAMES = ['root', 'outputs', 'earlier', 'blobs', 'state', 'known', 'links', 'mutable', 'disk'];

/**
 * Plans a restore. Nothing is changed. Throws `in_use` if a restore of this package goes on or was cut short, `bad_bytes` if the outputs can't stand beside each other, and
 * `foreign_directory` if something that isn't the task's own (a directory in the place of a file, a link or a file in the
 * place of a directory) is in the way. Foreign files in the place of files are overwritten, as the task would; others stay.
 */
export function planRestore(options: PlanOptions): RestorePlan {
  checkOptions('planRestore', options, NAMES);
  oneOf('links', options.links ?? 'none', ['none', 'hard']);
  const { outputs, earlier = [], state, known = nothingKnown, disk = machineDisk } = options;
  const confined = new Confined(options.root, disk);
  const situation: Situation = { ...options, known, disk, confined };
  const journal = state === undefined ? undefined : new Journal(state, confined.root, disk);
  const last = journal?.last();
  if (journal?.isThere()) throw overtaken(confined.root);
  const fold = caseOf(confined.root, disk);
  checkTogether(outputs, fold);
  const { removed, left } = removals({ outputs, earlier, confined, fold, disk, known });

  const made = new Map<string, PlanStep>();
  const put: PlanStep[] = [];
  const rest: PlanStep[] = [];
  for (const entry of outputs) {
    const { nearest, blockedBy } = confined.parents(entry.path);
    if (blockedBy !== undefined && !removed.has(blockedBy)) throw notADirectory(entry.path, blockedBy);
    const isReachable = nearest === directoryOf(entry.path);
    if (!isReachable)
      for (const path of parentsOf(entry.path))
        if (path.length > nearest.length && !made.has(path)) made.set(path, { do: 'makeDirectory', path, mode: null });
    const isThere = isReachable && !removed.has(entry.path);
    const step = stepFor(entry, isThere ? look(disk, confined.absolute(entry.path)) : undefined, situation);
    if (step.do === 'makeDirectory') made.set(step.path, step);
    else if (step.do === 'write' || step.do === 'link') put.push(step);
    else rest.push(step);
  }
  const steps = [...removed.values(), ...made.values(), ...put, ...rest];
  return { root: confined.root, steps, left, ...(last !== undefined && { last }) };
}

type Situation = PlanOptions & { readonly confined: Confined; readonly known: KnownDigests; readonly disk: Disk };

function stepFor(entry: OutputEntry, stats: Stats | undefined, situation: Situation): PlanStep {
  const { path } = entry;
  if (entry.kind === 'directory') {
    const { mode } = entry;
    if (stats === undefined) return { do: 'makeDirectory', path, mode };
    if (!stats.isDirectory()) throw notADirectory(path, path);
    return permissions(stats) === mode ? { do: 'keep', path } : { do: 'chmod', path, mode };
  }
  if (stats?.isDirectory())
    throw new TidemarkError(
      'foreign_directory',
      `${JSON.stringify(path)} is a directory with what isn't the task's own; it was left as it is`,
    );
  if (entry.kind === 'file') return fileStep(entry, stats, situation);
  const { target } = entry;
  const { confined, disk } = situation;
  const isRight = stats?.isSymbolicLink() === true && disk.readlinkSync(confined.absolute(path)) === target;
  return isRight ? { do: 'keep', path } : { do: 'link', path, target };
}

type File = OutputEntry & { readonly kind: 'file' };

function fileStep(entry: File, stats: Stats | undefined, situation: Situation): PlanStep {
  const { path, digest, size, mode } = entry;
  const { confined, known, disk } = situation;
  const by = isLinkable(entry, situation) ? 'hard link' : 'copy';
  const write = { do: 'write', path, digest, size, mode, by } as const;
  if (stats === undefined) return write;
  const blob = blobOf(entry, stats, situation);
  if (blob !== undefined) {
    // Other links to it have changed its ctime, so it counts as the blob that it is.
    const isRight = by === 'hard link' && known.blob(blob, stats, () => digestNow(disk, blob)) === digest;
    return isRight ? { do: 'keep', path } : write;
  }
  if (!hasBytes(disk, confined.absolute(path), stats, entry, known)) return write;
  if (permissions(stats) === mode) return { do: 'keep', path };
  // Who shares a file would get its new mode, too.
  return stats.nlink > 1n ? write : { do: 'chmod', path, mode };
}

/** The path of the blob, if the file is that very file. */
function blobOf({ digest, size }: File, stats: Stats, { blobs, disk }: Situation): string | undefined {
  if (stats.nlink < 2n || !stats.isFile() || stats.size !== BigInt(size)) return undefined;
  const path = blobs.path(digest);
  const blob = look(disk, path);
  return blob?.ino === stats.ino && blob.dev === stats.dev ? path : undefined;
}

function isLinkable(entry: File, { links = 'none', mutable = isWrittenInPlace }: PlanOptions): boolean {
  return links === 'hard' && (entry.mode & 0o111) === 0 && !mutable(entry.path);
}

function isWrittenInPlace(path: string): boolean {
  return path.endsWith('.tsbuildinfo') || `/${path}`.includes('/.cache/');
}

/** Outputs can't stand beside each other if two have one name here, or one would have to be a directory for another. */
function checkTogether(outputs: readonly OutputEntry[], fold: (path: string) => string): void {
  const paths = new Set(outputs.map(({ path }) => fold(path)));
  if (paths.size < outputs.length)
    throw new TidemarkError('bad_bytes', 'two outputs have the same name here, or names that differ in case only');
  const directories = new Set(outputs.map(({ path }) => directoryOf(path)));
  for (const path of directories)
    if ([...parentsOf(path), path].some((parent) => paths.has(fold(parent))))
      throw new TidemarkError(
        'bad_bytes',
        `what is in ${JSON.stringify(path)} stands below an output that is no directory for it`,
      );
}
