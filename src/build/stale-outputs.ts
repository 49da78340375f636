/** What a task's earlier run left that isn't an output any more, and that is still as the task made it. */
import { type Confined, parentsOf } from './confined.ts';
import { type Disk, look, type Stats } from './disk.ts';
import { hasBytes, type KnownDigests } from './known-digests.ts';
import type { OutputEntry } from './record.ts';

/** Removing a file or link that still is the one that was seen, or a directory that is empty. */
export type RemoveStep =
  | {
      readonly do: 'remove';
      readonly path: string;
      readonly entry: 'file';
      readonly ino: string;
      readonly mtimeNs: string;
    }
  | { readonly do: 'remove'; readonly path: string; readonly entry: 'directory' };

interface Situation {
  readonly outputs: readonly OutputEntry[];
  readonly earlier: readonly OutputEntry[];
  readonly confined: Confined;
  /** Gives names that mean one file the same text. */
  readonly fold: (path: string) => string;
  readonly disk: Disk;
  readonly known: KnownDigests;
}

/** The removals by path, files before directories and inner directories before outer ones, and what is left alone. */
export function removals(situation: Situation): {
  readonly removed: ReadonlyMap<string, RemoveStep>;
  readonly left: readonly string[];
} {
  const { outputs, earlier, confined, fold, disk } = situation;
  const removed = new Map<string, RemoveStep>();
  const left: string[] = [];
  const files = new Set<string>();
  const needed = new Set<string>();
  for (const { kind, path } of outputs) {
    (kind === 'directory' ? needed : files).add(fold(path));
    for (const parent of parentsOf(path)) needed.add(fold(parent));
  }

  const directories = new Set<string>();
  for (const entry of earlier) {
    const { path, kind } = entry;
    if (kind !== 'directory' && files.has(fold(path))) continue;
    for (const parent of parentsOf(path)) if (!needed.has(fold(parent))) directories.add(parent);
    if (kind === 'directory') {
      if (!needed.has(fold(path))) directories.add(path);
      continue;
    }
    if (confined.parents(path).blockedBy !== undefined) continue; // it isn't there any more
    const stats = look(disk, confined.absolute(path));
    if (stats === undefined || stats.isDirectory()) continue;
    if (isAsMade(entry, confined.absolute(path), stats, situation)) {
      const { ino, mtimeNs } = stats;
      removed.set(path, { do: 'remove', path, entry: 'file', ino: String(ino), mtimeNs: String(mtimeNs) });
    } else left.push(path);
  }

  const innerFirst = [...directories].toSorted((a, b) => b.split('/').length - a.split('/').length);
  for (const path of innerFirst) {
    if (confined.parents(path).blockedBy !== undefined) continue;
    const place = confined.absolute(path);
    if (look(disk, place)?.isDirectory() !== true) continue;
    if (disk.readdirSync(place).every((name) => removed.has(`${path}/${name}`)))
      removed.set(path, { do: 'remove', path, entry: 'directory' });
  }
  return { removed, left };
}

/** Whether what stands at a place is what a task made there. */
export function isAsMade(
  entry: OutputEntry,
  place: string,
  stats: Stats,
  { disk, known }: Pick<Situation, 'disk' | 'known'>,
): boolean {
  if (entry.kind === 'file') return hasBytes(disk, place, stats, entry, known);
  return entry.kind === 'link' && stats.isSymbolicLink() && disk.readlinkSync(place) === entry.target;
}
