/** Who has an environment open: a file for each opening, named after its process, in which stands whether it is writing. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, thisProcess } from './users.ts';

/** The folder of registrations, in an environment's directory. */
export const USERS = 'users';
/** For how long an answer of {@link Registration.alone} may be given again, in milliseconds. A newcomer waits longer. */
export const GLANCE = 1;

const NAME = /^(\d+-\d+-[0-9a-z]+)-[0-9a-f]{16}$/;
const LOOK_AT_OTHERS = 1000;
/** A folder that has changed within this time, in milliseconds, may change again without another time of change. */
const COARSEST_TIME = 100;

/** A name for one more opening or closing by this process. */
export function newName(): string {
  return `${thisProcess}-${randomBytes(8).toString('hex')}`;
}

/** Whether a text is a name of {@link newName}. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Whether the process that made a name still runs. */
export function lives(name: string): boolean {
  const match = NAME.exec(name);
  return match !== null && isAlive(match[1]);
}

/** The registrations in a directory: of processes that run, and of those that ended without leaving. */
export interface Roll {
  readonly living: readonly string[];
  readonly dead: readonly string[];
}

/** Who is registered in a directory. */
export function rollOf(path: string): Roll {
  const living: string[] = [];
  const dead: string[] = [];
  for (const name of namesIn(join(path, USERS))) (lives(name) ? living : dead).push(name);
  return { living, dead };
}

/** Take dead registrations away. */
export function bury(path: string, dead: readonly string[]): void {
  for (const name of dead) rmSync(join(path, USERS, name), { force: true });
}

const WRITING = 'w';
const RESTING = ' ';

/** Living processes, other than this one, that are in the middle of a write. */
export function writersIn(path: string): readonly string[] {
  return namesIn(join(path, USERS)).filter((name) => {
    if (name.startsWith(`${thisProcess}-`)) return false; // openings of one process share what LMDB has mapped
    try {
      return readFileSync(join(path, USERS, name), 'latin1') === WRITING && lives(name);
    } catch {
      return false; // it has left
    }
  });
}

/** One opening, registered from its making to its {@link Registration.end}. */
export class Registration {
  readonly name: string = newName();
  readonly #folder: string;
  readonly #now: () => number;
  #alone = false;
  #trustedUntil = -Infinity;
  #judgedAgainAt = -Infinity;
  #changed = Number.NaN;
  readonly #file: number;
  #writes = 0;
  #ended = false;

  /** `now` counts milliseconds from anywhere. */
  constructor(path: string, now: () => number) {
    this.#folder = join(path, USERS);
    this.#now = now;
    mkdirSync(this.#folder, { recursive: true });
    this.#file = openSync(join(this.#folder, this.name), 'wx+');
  }

  /** Whether nobody else who lives is registered; at most {@link GLANCE} old. False once this registration is gone. */
  alone(): boolean {
    const now = this.#now();
    if (now < this.#trustedUntil) return this.#alone;
    this.#trustedUntil = now + GLANCE;
    return (this.#alone = this.#look(now));
  }

  /** Listing a folder takes longer than asking when it last changed. */
  #look(now: number): boolean {
    try {
      const { mtimeMs } = statSync(this.#folder);
      if (mtimeMs === this.#changed && (this.#alone || now < this.#judgedAgainAt)) return this.#alone;
      const names = namesIn(this.#folder);
      this.#changed = Date.now() - mtimeMs > COARSEST_TIME ? mtimeMs : Number.NaN;
      this.#judgedAgainAt = now + LOOK_AT_OTHERS;
      return names.includes(this.name) && names.every((name) => name === this.name || !lives(name));
    } catch {
      return false;
    }
  }

  /** A write begins: whoever opens waits for its end. */
  beginWriting(): void {
    if (this.#writes++ === 0 && !this.#ended) writeSync(this.#file, WRITING, 0);
  }

  /** A write has ended. */
  endWriting(): void {
    if (--this.#writes === 0 && !this.#ended) writeSync(this.#file, RESTING, 0);
  }

  /** Strike the registration. Never throws; a second time nothing happens: the descriptor may be another file's by then. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      closeSync(this.#file);
      rmSync(join(this.#folder, this.name), { force: true });
    } catch {
      // what stays counts for nothing once the process has ended
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter(isName);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
