/** What has to be done so that a task's outputs stand in its package: worked out with looks alone, before anything is touched. */
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, oneOf } from '../engine/options.ts';
import { Confined, notADirectory, parentsOf } from './confined.ts';
import {
  hasBytes,
  type KnownDigests,
  look,
  nodeDisk,
  type PackageDisk,
  permissions,
  type Stats,
} from './package-disk.ts';
import type { Digest, OutputEntry } from './record.ts';
import { caseOf } from './folded-case.ts';
import { type RemoveStep, removals } from './stale-outputs.ts';

/** Where the bytes of outputs are. */
export interface Blobs {
  /** The absolute path of the file with the bytes of this digest. */
  path(digest: Digest): string;
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
  /** Digests of files that were read before. Without it, a file of the right size is read. */
  readonly known?: KnownDigests;
  /**
   * `'hard'`: files without an executable bit become hard links to their blobs, which are read-only: fast, and only for
   * outputs that nobody writes to in place. Call `breakLinks` before the task runs again. Default: `'none'`.
   */
  readonly links?: 'none' | 'hard';
  /** Outputs that are written to in place, which are never linked. Default: `.tsbuildinfo` and what is below `.cache`. */
  readonly mutable?: (path: string) => boolean;
  readonly disk?: PackageDisk;
}

/**
 * Plans a restore. Nothing is changed. Throws `bad_bytes` if the outputs can't stand beside each other, and
 * `foreign_directory` if something that isn't the task's own (a directory in the place of a file, a link or a file in the
 * place of a directory) is in the way. Foreign files in the place of files are overwritten, as the task would; others stay.
 */
export function planRestore(options: PlanOptions): RestorePlan {
  checkOptions('planRestore', options, ['root', 'outputs', 'earlier', 'blobs', 'known', 'links', 'mutable', 'disk']);
  oneOf('links', options.links ?? 'none', ['none', 'hard']);
  const { outputs, earlier = [], disk = nodeDisk } = options;
  const confined = new Confined(options.root, disk);
  const fold = caseOf(confined.root, disk);
  checkTogether(outputs, fold);
  const { removed, left } = removals({ ...options, earlier, confined, fold, disk });

  const made = new Map<string, PlanStep>();
  const put: PlanStep[] = [];
  const rest: PlanStep[] = [];
  for (const entry of outputs) {
    const { nearest, blockedBy } = confined.parents(entry.path);
    if (blockedBy !== undefined && !removed.has(blockedBy)) throw notADirectory(entry.path, blockedBy);
    for (const path of parentsOf(entry.path))
      if (path.length > nearest.length && !made.has(path)) made.set(path, { do: 'makeDirectory', path, mode: null });
    const gone = blockedBy !== undefined || removed.has(entry.path);
    const stats = gone ? undefined : look(disk, confined.absolute(entry.path));
    const step = stepFor(entry, stats, confined, options);
    if (step.do === 'makeDirectory') made.set(step.path, step);
    else if (step.do === 'write' || step.do === 'link') put.push(step);
    else rest.push(step);
  }
  return { root: confined.root, steps: [...removed.values(), ...made.values(), ...put, ...rest], left };
}

function stepFor(entry: OutputEntry, stats: Stats | undefined, confined: Confined, options: PlanOptions): PlanStep {
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
  const place = confined.absolute(path);
  if (entry.kind === 'link') {
    const { target } = entry;
    const right = stats?.isSymbolicLink() === true && (options.disk ?? nodeDisk).readlinkSync(place) === target;
    return right ? { do: 'keep', path } : { do: 'link', path, target };
  }
  const by = isLinkable(entry, options) ? 'hard link' : 'copy';
  const write = { do: 'write', path, digest: entry.digest, size: entry.size, mode: entry.mode, by } as const;
  if (stats === undefined || !hasBytes(options.disk ?? nodeDisk, place, stats, entry, options.known)) return write;
  if (isBlob(entry, stats, options)) return by === 'hard link' ? { do: 'keep', path } : write;
  if (permissions(stats) === entry.mode) return { do: 'keep', path };
  // Who shares a file would get its new mode, too.
  return stats.nlink > 1n ? write : { do: 'chmod', path, mode: entry.mode };
}

function isBlob(
  entry: OutputEntry & { readonly kind: 'file' },
  stats: Stats,
  { blobs, disk = nodeDisk }: PlanOptions,
): boolean {
  if (stats.nlink < 2n) return false;
  const blob = look(disk, blobs.path(entry.digest));
  return blob?.ino === stats.ino && blob.dev === stats.dev;
}

function isLinkable(entry: OutputEntry & { readonly kind: 'file' }, options: PlanOptions): boolean {
  const { links = 'none', mutable = isWrittenInPlace } = options;
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
  for (const { path } of outputs)
    if (parentsOf(path).some((parent) => paths.has(fold(parent))))
      throw new TidemarkError(
        'bad_bytes',
        `${JSON.stringify(path)} stands below an output that is no directory for it`,
      );
}
