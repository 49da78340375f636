/** A note beside the state of builds that a package is being restored: as long as it is there, the package may be a mix. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { type Author, isAtWork, isPast, ownBeginning } from './author.ts';
import { digestOf } from './digest.ts';
import { type Disk, isCode, look } from './disk.ts';
import { opened, seal } from './sealed.ts';
import type { RemoveStep } from './stale-outputs.ts';

/** What is done to the package once everything is staged. Each can be done again without harm. */
export type JournalStep =
  | RemoveStep
  /** What was staged beside this path, under the prefix and this number, gets its name: a file, a link, a whole directory. */
  | { readonly do: 'put'; readonly path: string; readonly number: number }
  | { readonly do: 'chmod'; readonly path: string; readonly mode: number };

/** What a journal says. Without steps the package is as it was before, but for what is staged. */
export interface Entry {
  /** The package's real path. */
  readonly root: string;
  /** Who does it; nobody, if that went wrong halfway. */
  readonly author: Author | null;
  /** How the names of what is staged begin, which nobody else has, and the directories in which it is. */
  readonly prefix: string;
  readonly directories: readonly string[];
  readonly steps: readonly JournalStep[] | null;
}

/** A journal as it was read; without an entry if it isn't whole. */
export interface Found {
  /** Tells this journal from all others. */
  readonly id: string;
  readonly entry: Entry | undefined;
}

const STAGED = /^\.tidemark-restore-[0-9a-f]{16}-/;

/** Whether this is the name of something staged. */
export function isStaged(name: string): boolean {
  return STAGED.test(name);
}

/** A prefix for what is staged that nobody else has. */
export function freshPrefix(): string {
  return `.tidemark-restore-${randomBytes(8).toString('hex')}-`;
}

/** The journal of one package, in a directory for state. The package is named by its real path. */
export class Journal {
  /** Where it is. */
  readonly path: string;
  readonly #disk: Disk;
  readonly #state: string;
  readonly #name: string;

  constructor(state: string, root: string, disk: Disk) {
    this.#disk = disk;
    this.#state = state;
    this.#name = `restoring-${digestOf(root).slice(0, 32)}`;
    this.path = join(state, this.#name);
  }

  /** Whether there is one. */
  isThere(): boolean {
    return look(this.#disk, this.path) !== undefined;
  }

  /** What it says, if there is one. */
  read(): Found | undefined {
    const bytes = this.#bytes(this.path);
    return bytes && { id: digestOf(bytes).slice(0, 16), entry: opened('restore', bytes) as Entry | undefined };
  }

  /** Which restore was the last to begin: what was planned before it may be out of date. `''` before the first. */
  last(): string {
    return this.#bytes(this.#lastPath)?.toString() ?? '';
  }

  /**
   * Begins it. Throws `in_use` if there is one already (another process restores, or one was cut short), or if another
   * restore has begun since `last`.
   */
  begin(entry: Entry, last: string | undefined): void {
    this.#disk.mkdirSync(this.#state, { recursive: true });
    if (!this.#placed('restore', entry, this.path)) throw inUse(entry.root);
    try {
      if (last !== undefined && this.last() !== last) throw overtaken(entry.root);
      this.#disk.writeFileSync(this.#lastPath, entry.prefix);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Says something else from now on. */
  change(entry: Entry): void {
    this.#disk.renameSync(this.#written('restore', entry), this.path);
  }

  /**
   * Makes this process the one that takes over a journal whose author is gone: everybody who tries takes the next number,
   * which one alone can have. False if the journal was ended meanwhile. Throws `in_use` if another has taken it over.
   */
  takeOver({ id }: Found, root: string, author: Author): boolean {
    for (let number = 0; ; number++) {
      const path = `${this.path}.taken-${id}-${number}`;
      if (this.#placed('author', author, path)) break;
      const bytes = this.#bytes(path);
      const other = bytes && (opened('author', bytes) as Author | undefined);
      if (other && isAtWork(other, author)) throw inUse(root);
    }
    if (this.read()?.id === id) return true;
    this.#removeTaken(id);
    return false;
  }

  /** Ends it, and removes what was left of writing it. `taken`: the id of the one that was taken over. */
  end(taken?: string): void {
    for (const name of this.#names()) {
      const [, rest = ''] = name.split(`${this.#name}.`);
      // Those of a taken journal number who has it, until it is gone; those of journals before it have no use.
      if (rest.startsWith('taken-') ? !rest.startsWith(`taken-${taken}-`) : isPast(rest)) this.#remove(name);
    }
    this.#disk.unlinkSync(this.path);
    if (taken !== undefined) this.#removeTaken(taken);
  }

  get #lastPath(): string {
    return `${this.path}-last`;
  }

  #removeTaken(id: string): void {
    for (const name of this.#names()) if (name.startsWith(`${this.#name}.taken-${id}-`)) this.#remove(name);
  }

  #names(): readonly string[] {
    return this.#disk.readdirSync(this.#state).filter((name) => name.startsWith(`${this.#name}.`));
  }

  #remove(name: string): void {
    try {
      this.#disk.unlinkSync(join(this.#state, name));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error; // another process was faster
    }
  }

  #bytes(path: string): Buffer | undefined {
    try {
      return this.#disk.readFileSync(path);
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw new TidemarkError('store_failed', `the journal ${path} can't be read`, error);
    }
  }

  /** Writes a file that is whole, unless there is one already: unlike a rename, a link fails then. */
  #placed(name: string, value: unknown, path: string): boolean {
    const written = this.#written(name, value);
    try {
      this.#disk.linkSync(written, path);
      return true;
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false;
      throw error;
    } finally {
      this.#disk.unlinkSync(written);
    }
  }

  #written(name: string, value: unknown): string {
    const path = `${this.path}.${ownBeginning()}${randomBytes(8).toString('hex')}`;
    this.#disk.writeFileSync(path, seal(name, value), { flag: 'wx' });
    return path;
  }
}

/** Somebody else restores a package, or such a restore was cut short. */
export function inUse(root: string): TidemarkError {
  return new TidemarkError('in_use', `${root} is being restored, or such a restore was cut short`);
}

/** A plan that is out of date. */
export function overtaken(root: string): TidemarkError {
  return new TidemarkError(
    'in_use',
    `${root} has been changed since the restore was planned: it must be planned again`,
  );
}
