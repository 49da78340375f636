/** What stands below a directory before and after a task, and what the task thereby made, changed and deleted. */
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions } from '../engine/options.ts';
import { Confined } from './confined.ts';
import { bytewise } from './digest.ts';
import { type Disk, isCode, look, machineDisk, type Stats } from './disk.ts';

/** Something below a directory, as `lstat` saw it. `other` is a socket, a pipe or a device: no output can be one. */
export interface SnapshotEntry {
  readonly kind: 'file' | 'link' | 'directory' | 'other';
  /** Bytes of a file; of a directory how many entries it has. */
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
  /** Permission bits. */
  readonly mode: number;
  /** The text of a link. */
  readonly target?: string;
}

/** Everything below a directory by path, relative and separated by `/`. */
export type Snapshot = ReadonlyMap<string, SnapshotEntry>;

/** Options of {@link snapshot}. */
export interface SnapshotOptions {
  /** Names (`node_modules`, wherever they stand) and paths (`packages/a`) that aren't entered. Default: `.git`, `node_modules`. */
  readonly exclude?: readonly string[];
  readonly disk?: Disk;
}

/** What a task did: paths, sorted by their bytes. */
export interface Changes {
  readonly created: readonly string[];
  readonly changed: readonly string[];
  readonly deleted: readonly string[];
}

/** What isn't looked into unless one says so. */
export const EXCLUDED: readonly string[] = ['.git', 'node_modules'];

/** Two writes within so many milliseconds may get the same time: a tick of the kernel's clock, twice as long for safety. */
const TICK = 20;

/**
 * Looks at everything below `root` without following links. What was written a moment ago is given time to grow old (at
 * most 20 ms), so that a later write shows in `ctime` even if it leaves size, mtime and inode as they are. That holds for
 * file systems with fine times; some network drives and FAT keep whole seconds. Throws `store_failed` if a directory can't be
 * read, and `bad_value` if a name isn't UTF-8: nothing is left out silently.
 */
export function snapshot(root: string, options: SnapshotOptions = {}): Snapshot {
  checkOptions('snapshot', options, ['exclude', 'disk']);
  const { exclude = EXCLUDED, disk = machineDisk } = options;
  const excluded = new Set(exclude);
  const entries = new Map<string, SnapshotEntry>();
  const { root: real } = new Confined(root, disk);
  const left: string[] = [''];
  let newest = 0n;
  for (let directory = left.pop(); directory !== undefined; directory = left.pop()) {
    let size = 0;
    for (const name of namesIn(disk, `${real}/${directory}`)) {
      const path = directory === '' ? name : `${directory}/${name}`;
      if (excluded.has(name) || excluded.has(path)) continue;
      const stats = lookAt(disk, real, path);
      const entry = stats && entryOf(disk, `${real}/${path}`, stats);
      if (!entry) continue; // gone meanwhile
      size++;
      entries.set(path, entry);
      if (entry.kind === 'directory') left.push(path);
      else if (entry.ctimeNs > newest) newest = entry.ctimeNs;
    }
    const entry = entries.get(directory);
    if (entry) entries.set(directory, { ...entry, size });
  }
  growOld(Number(newest / 1_000_000n));
  return entries;
}

/**
 * What differs between two snapshots. Of directories only empty ones count: those that are new, became empty, or changed
 * their mode; and those that are gone.
 */
export function changes(before: Snapshot, after: Snapshot): Changes {
  const created: string[] = [];
  const changed: string[] = [];
  const deleted: string[] = [];
  for (const [path, now] of after) {
    const then = before.get(path);
    const counts = now.kind !== 'directory' || now.size === 0;
    if (then === undefined) {
      if (counts) created.push(path);
    } else if (!counts) {
      if (then.kind !== 'directory') deleted.push(path); // what was there gave way to a directory
    } else if (differ(then, now)) changed.push(path);
  }
  for (const path of before.keys()) if (!after.has(path)) deleted.push(path);
  return {
    created: created.toSorted(bytewise),
    changed: changed.toSorted(bytewise),
    deleted: deleted.toSorted(bytewise),
  };
}

function differ(then: SnapshotEntry, now: SnapshotEntry): boolean {
  if (then.kind !== now.kind || then.mode !== now.mode || then.size !== now.size) return true;
  // A directory's times change with what is in it and back.
  if (now.kind === 'directory') return false;
  return (
    then.ino !== now.ino || then.mtimeNs !== now.mtimeNs || then.ctimeNs !== now.ctimeNs || then.target !== now.target
  );
}

function namesIn(disk: Disk, directory: string): readonly string[] {
  try {
    return disk.readdirSync(directory);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return []; // gone meanwhile
    throw new TidemarkError('store_failed', `the directory ${directory} can't be read`, error);
  }
}

function lookAt(disk: Disk, root: string, path: string): Stats | undefined {
  const stats = look(disk, `${root}/${path}`);
  if (stats === undefined && path.includes('\uFFFD'))
    throw new TidemarkError('bad_value', `the name of ${JSON.stringify(path)} isn't UTF-8`);
  return stats;
}

function entryOf(disk: Disk, place: string, stats: Stats): SnapshotEntry | undefined {
  const { mtimeNs, ctimeNs, ino } = stats;
  const seen = { size: Number(stats.size), mtimeNs, ctimeNs, ino, mode: Number(stats.mode & 0o777n) };
  if (stats.isFile()) return { kind: 'file', ...seen };
  if (stats.isDirectory()) return { kind: 'directory', ...seen };
  if (!stats.isSymbolicLink()) return { kind: 'other', ...seen };
  try {
    return { kind: 'link', ...seen, target: disk.readlinkSync(place) };
  } catch (error) {
    if (isCode(error, 'ENOENT', 'EINVAL')) return undefined; // gone, or no link any more
    throw new TidemarkError('store_failed', `the link ${place} can't be read`, error);
  }
}

function growOld(newest: number): void {
  const age = Date.now() - newest;
  if (age < TICK) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(TICK, TICK - age));
}
