/** The outputs that globs name: files, links and empty directories. */
import type { Dirent } from 'node:fs';
import { Confined } from './confined.ts';
import { type Disk, machineDisk } from './disk.ts';
import { globbed } from './globbed.ts';
import { bytewise } from './digest.ts';

/** Options of {@link outputsByGlobs}. */
export interface OutputGlobOptions {
  /** Patterns of what is left out, besides `.git` and `node_modules`, which a glob reaches only by naming them. */
  readonly exclude?: readonly string[];
}

/**
 * The paths of what globs name below `root`, sorted by their bytes: files, links (not what they lead to) and empty
 * directories, dotfiles included. A directory's name means everything in it; `!` before a glob takes away. Throws
 * `bad_option` for a glob that is absolute, holds `..` or leads through a link.
 */
export function outputsByGlobs(
  root: string,
  globs: readonly string[],
  options: OutputGlobOptions = {},
): readonly string[] {
  const confined = new Confined(root);
  const paths = new Set(globbed({ ...options, root: confined.root, globs, disk: namedAsFiles }));
  // Where a glob is a directory's name, the search begins in it, and doesn't see that it is empty itself.
  for (const glob of globs) {
    const path = glob.replace(/\/(?:\*\*)?$/, '');
    if (!globs.includes(`!${path}`) && !/^$|[!*?[\](){}\\]/.test(path) && isEmpty(confined.place(path)))
      paths.add(path);
  }
  return [...paths].toSorted(bytewise);
}

/** A disk on which empty directories, and what no output can be, look like files: globs find files. */
const namedAsFiles: Disk = {
  ...machineDisk,
  readdirSync: ((path: string, options: { readonly withFileTypes: true }) =>
    machineDisk
      .readdirSync(path, options)
      .map((entry) =>
        isEmptyDirectory(path, entry) || isSpecial(entry) ? asFile(entry) : entry,
      )) as Disk['readdirSync'],
};

function isEmptyDirectory(parent: string, entry: Dirent): boolean {
  return entry.isDirectory() && isEmpty(`${parent}/${entry.name}`);
}

/** A socket, a pipe or a device is named, too: who takes it for an output has to see that it can't be one. */
function isSpecial(entry: Dirent): boolean {
  return !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink();
}

function isEmpty(path: string): boolean {
  const stats = machineDisk.lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && machineDisk.readdirSync(path).length === 0;
}

function asFile({ name }: Dirent): Dirent {
  return { name, isFile: () => true, isDirectory: () => false, isSymbolicLink: () => false } as Dirent;
}
