/** A note beside the state of builds that a package is being restored: as long as it is there, the package may be a mix. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { digestOf } from './digest.ts';
import { isCode, type PackageDisk } from './package-disk.ts';
import type { RemoveStep } from './stale-outputs.ts';

/** What is done to the package once everything is staged. Each can be done again without harm. */
export type JournalStep =
  | RemoveStep
  | { readonly do: 'makeDirectory'; readonly path: string; readonly mode: number | null }
  | { readonly do: 'put'; readonly path: string; readonly staged: string }
  | { readonly do: 'chmod'; readonly path: string; readonly mode: number };

/** What a journal says. Without steps the package is as it was before, but for staged files. */
export interface Entry {
  /** The package's real path. */
  readonly root: string;
  /** The process that restores, and when it began, in milliseconds since the epoch. */
  readonly pid: number;
  readonly begun: number;
  /** How the names of staged files begin, and the directories in which they are. */
  readonly prefix: string;
  readonly directories: readonly string[];
  readonly steps: readonly JournalStep[] | null;
}

const STAGED = /^\.tidemark-restore-[0-9a-f]{16}-/;

/** Whether this is the name of a staged file. */
export function isStaged(name: string): boolean {
  return STAGED.test(name);
}

/** A prefix for staged files that nobody else has. */
export function freshPrefix(): string {
  return `.tidemark-restore-${randomBytes(8).toString('hex')}-`;
}

/** The journal of one package, in a directory for state. The package is named by its real path. */
export class Journal {
  /** Where it is. */
  readonly path: string;
  readonly #disk: PackageDisk;
  readonly #state: string;
  readonly #name: string;

  constructor(state: string, root: string, disk: PackageDisk) {
    this.#disk = disk;
    this.#state = state;
    this.#name = `restoring-${digestOf(root).slice(0, 32)}`;
    this.path = join(state, this.#name);
  }

  /** What it says; `undefined` if there is none, `'unreadable'` if it isn't whole. */
  read(): Entry | 'unreadable' | undefined {
    let text: string;
    try {
      text = this.#disk.readFileSync(this.path, 'utf8');
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw new TidemarkError('store_failed', `the journal ${this.path} can't be read`, error);
    }
    const [seal, body] = [text.slice(0, 64), text.slice(65)];
    if (digestOf(body) !== seal) return 'unreadable';
    return JSON.parse(body) as Entry;
  }

  /** Begins it. Throws `in_use` if there is one already: another process restores, or one was cut short. */
  begin(entry: Entry): void {
    this.#disk.mkdirSync(this.#state, { recursive: true });
    const written = this.#write(entry);
    try {
      this.#disk.linkSync(written, this.path); // unlike a rename, it fails if there is one
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
      throw new TidemarkError('in_use', `${entry.root} is being restored, or such a restore was cut short`, error);
    } finally {
      this.#disk.unlinkSync(written);
    }
  }

  /** Says something else from now on. */
  change(entry: Entry): void {
    this.#disk.renameSync(this.#write(entry), this.path);
  }

  /** Ends it, and removes what was left of writing it. */
  end(): void {
    for (const name of this.#disk.readdirSync(this.#state))
      if (name.startsWith(`${this.#name}.`)) this.#disk.unlinkSync(join(this.#state, name));
    this.#disk.unlinkSync(this.path);
  }

  #write(entry: Entry): string {
    const body = JSON.stringify(entry);
    const path = `${this.path}.${randomBytes(8).toString('hex')}`;
    this.#disk.writeFileSync(path, `${digestOf(body)}\n${body}`, { flag: 'wx' });
    return path;
  }
}
