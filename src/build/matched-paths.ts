/** Which of some paths globs name, by the very rules by which globs find files on a disk. */
import type { Dirent } from 'node:fs';
import { relative, sep } from 'node:path';
import { type Disk, machineDisk } from './disk.ts';
import { globbed } from './globbed.ts';
import { plainPaths } from './whole-directories.ts';

/** Any root does: nothing is looked for on the real disk. */
const ROOT = process.cwd();

/** Those of some relative paths that the globs name. Nothing needs to be there. Throws `bad_option` for a glob that can't be. */
export function matchedPaths(paths: Iterable<string>, globs: readonly string[]): ReadonlySet<string> {
  const below = new Map<string, Set<string>>();
  const wanted = new Set(paths);
  if (globs.length === 0 || wanted.size === 0) return new Set();
  for (const path of wanted) {
    let directory = '';
    for (const part of path.split('/')) {
      const names = below.get(directory) ?? new Set();
      below.set(directory, names.add(part));
      directory = directory === '' ? part : `${directory}/${part}`;
    }
  }
  const readdirSync = (place: string): readonly Dirent[] => {
    const directory = relative(ROOT, place).split(sep).join('/');
    return [...(below.get(directory) ?? [])].flatMap((name) => {
      const path = directory === '' ? name : `${directory}/${name}`;
      // The same name may be asked for itself and lead to others: then it is listed twice.
      const kinds = [...(wanted.has(path) ? ['file'] : []), ...(below.has(path) ? ['directory'] : [])];
      return kinds.map((kind) => entry(name, kind));
    });
  };
  const lstatSync = (place: string): Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'> | undefined => {
    const path = relative(ROOT, place).split(sep).join('/');
    if (below.has(path)) return entry(path, 'directory');
    return wanted.has(path) ? entry(path, 'file') : undefined;
  };
  const disk = { ...machineDisk, readdirSync, lstatSync } as unknown as Disk;
  const named = (plainPaths(globs) ?? []).filter((path) => wanted.has(path));
  return new Set([...globbed({ root: ROOT, globs, disk }), ...named]);
}

function entry(name: string, kind: string): Dirent {
  return {
    name,
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'directory',
    isSymbolicLink: () => false,
  } as Dirent;
}
