/** Paths of records, brought to their places below a package's real path without ever passing through a link. */
import { join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { pathRefusal } from './checked-path.ts';
import { type Disk, look, machineDisk } from './disk.ts';

/** How far the parents of a path are there. */
interface Parents {
  /** The nearest parent that is a directory, relative to the package; `''` is the package itself. */
  readonly nearest: string;
  /** The first parent that is something else than a directory. It is a link, a file, or the like. */
  readonly blockedBy?: string;
}

/**
 * A package, of whose inside alone anything is touched. Every parent of a path is looked at with `lstat`, once for the life
 * of this object: make a new one for another pass over the disk. Between the look and the use another process could still
 * put a link in a parent's place: Node has no calls relative to an open directory. Whoever can do that can write in the
 * package anyway.
 */
export class Confined {
  /** The package's real path. */
  readonly root: string;
  readonly #disk: Disk;
  readonly #before: string;
  readonly #parents = new Map<string, Parents>([['', { nearest: '' }]]);

  /** Throws `bad_option` if `root` is no directory. */
  constructor(root: string, disk: Disk = machineDisk) {
    this.#disk = disk;
    try {
      this.root = disk.realpathSync(root);
    } catch (error) {
      throw new TidemarkError('bad_option', `the package ${root} can't be found`, error);
    }
    if (look(disk, this.root)?.isDirectory() !== true)
      throw new TidemarkError('bad_option', `the package ${root} is no directory`);
    this.#before = join(this.root, '/');
  }

  /**
   * The absolute place of a path. Throws `bad_bytes` if the path could lead out of the package, and `foreign_directory` if
   * one of its parents is a link, or anything else that is no directory.
   */
  place(path: string): string {
    const { blockedBy } = this.parents(path);
    if (blockedBy !== undefined) throw notADirectory(path, blockedBy);
    return this.absolute(path);
  }

  /** How far the parents of a path are there. Throws `bad_bytes` if the path could lead out of the package. */
  parents(path: string): Parents {
    const refusal = pathRefusal(path);
    if (refusal !== undefined) throw new TidemarkError('bad_bytes', `the path ${JSON.stringify(path)} ${refusal}`);
    return this.#parentsIn(directoryOf(path));
  }

  /** The absolute form of a path whose parents were looked at. */
  absolute(path: string): string {
    return path === '' ? this.root : `${this.#before}${path}`;
  }

  #parentsIn(directory: string): Parents {
    let parents = this.#parents.get(directory);
    if (parents === undefined) {
      parents = this.#parentsIn(directoryOf(directory));
      if (parents.blockedBy === undefined && parents.nearest === directoryOf(directory)) {
        const stats = look(this.#disk, this.absolute(directory));
        if (stats?.isDirectory()) parents = { nearest: directory };
        else if (stats) parents = { ...parents, blockedBy: directory };
      }
      this.#parents.set(directory, parents);
    }
    return parents;
  }
}

/** The refusal to pass through something that is no directory. */
export function notADirectory(path: string, blockedBy: string): TidemarkError {
  return new TidemarkError(
    'foreign_directory',
    `${JSON.stringify(path)} can't be reached: ${JSON.stringify(blockedBy)} is a link, or no directory; it was left as it is`,
  );
}

/** The directory in which a path is; `''` is the package itself. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The parents of a path, the outermost first, without the package itself. */
export function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) parents.push(path.slice(0, end));
  return parents;
}
