/** How a place on the disk tells names apart: by their very letters, or whatever their case. */
import { basename, dirname, join } from 'node:path';
import { look, type Disk } from './disk.ts';

/** A function that gives names that mean the same file here the same text. `root` is the real path of a directory. */
export function caseOf(root: string, disk: Disk): (path: string) => string {
  const name = basename(root);
  const swapped = name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase();
  const other = swapped === name ? undefined : look(disk, join(dirname(root), swapped));
  const here = other && look(disk, root);
  const folds = here !== undefined && here.ino === other?.ino && here.dev === other.dev;
  return folds ? (path) => path.normalize('NFC').toLowerCase() : (path) => path;
}
