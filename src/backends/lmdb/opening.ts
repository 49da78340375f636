/** Openings and closings of one directory happen one after another, in all processes: the lock that sees to it. */
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../../engine/errors.ts';
import { isName, lives, newName } from './registration.ts';
import { thisProcess } from './users.ts';

/** The lock's name in an environment's directory; what else begins with it is of the lock, too. */
export const OPENING = 'opening';

const FORGOTTEN = 60 * 60 * 1000;
const TAKEN: readonly unknown[] = ['ENOTEMPTY', 'EEXIST', ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : [])];

/** How {@link whileOpening} waits. */
export interface Patience {
  /** For how long, in milliseconds. */
  readonly wait: number;
  /** Counts milliseconds from anywhere. */
  readonly now: () => number;
}

/**
 * Do something while nobody else opens or closes the directory.
 *
 * The lock is a directory that holds one file, named after the holder. It is prepared under another name and renamed,
 * which succeeds for one only, since a directory never replaces one that holds something. When a holder has died, the lock
 * is renamed to a name of that holder's own and stays there for an hour: so only one of those who saw the death can bury
 * it, and nobody who is late buries the next holder instead.
 *
 * @throws `in_use` when the wait was in vain.
 */
export function whileOpening<T>(path: string, patience: Patience, work: () => T): T {
  const me = newName();
  const draft = join(path, `${OPENING}.${me}`);
  const lock = join(path, OPENING);
  mkdirSync(draft);
  try {
    writeFileSync(join(draft, me), '');
    const until = patience.now() + patience.wait;
    for (let pause = 1; !rename(draft, lock); pause = Math.min(2 * pause, 50)) {
      if (buried(path, lock)) continue;
      if (patience.now() >= until)
        throw new TidemarkError('in_use', `${path}: another process has been opening or closing it for too long`);
      sleep(pause);
    }
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
  try {
    sweep(path);
    return work();
  } finally {
    release(lock, me);
  }
}

/** Whether a living process other than this one is opening or closing the directory. */
export function isBeingOpened(path: string): boolean {
  const lock = join(path, OPENING);
  if (!statSync(lock, { throwIfNoEntry: false })) return false;
  const holder = holderOf(lock);
  return holder !== undefined && !holder.startsWith(`${thisProcess}-`) && lives(holder);
}

/** Wait without letting anything else of this thread run. Milliseconds. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (TAKEN.includes((error as NodeJS.ErrnoException).code)) return false;
    throw error;
  }
}

/** Whether a dead holder's lock was taken away. Read again once the holder is known to be dead: the dead release nothing. */
function buried(path: string, lock: string): boolean {
  const holder = holderOf(lock);
  if (holder === undefined || lives(holder) || holderOf(lock) !== holder) return false;
  try {
    return rename(lock, join(path, `${OPENING}.${holder}`));
  } catch {
    return false; // another one buried it in this moment
  }
}

function holderOf(lock: string): string | undefined {
  try {
    const [holder] = readdirSync(lock);
    if (holder === undefined) rmdirSync(lock); // its holder ended between the two steps of its release
    return holder;
  } catch {
    return undefined;
  }
}

function release(lock: string, me: string): void {
  try {
    unlinkSync(join(lock, me));
    rmdirSync(lock);
  } catch {
    // The directory is gone, or the next holder has already replaced the empty lock.
  }
}

/** Nothing grows without bound: what the dead have left of the lock goes when nobody can be about to bury it any more. */
function sweep(path: string): void {
  for (const entry of readdirSync(path)) {
    const name = entry.slice(OPENING.length + 1);
    if (!entry.startsWith(`${OPENING}.`) || !isName(name) || lives(name)) continue;
    const leftover = join(path, entry);
    if (Date.now() - statSync(leftover).mtimeMs > FORGOTTEN) rmSync(leftover, { recursive: true, force: true });
  }
}
