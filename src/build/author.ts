/** Who restores a package, and whether that process is still at work. */
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';

/** A thread of a process, and when it began something, in milliseconds since the epoch. */
export interface Author {
  readonly host: string;
  readonly pid: number;
  readonly thread: number;
  readonly begun: number;
}

/** What takes longer than an hour isn't believed to go on, whoever has its process id by now. */
const PATIENCE = 3_600_000;

/** This thread of this process. */
export function authorAt(begun: number): Author {
  return { host: hostname(), pid: process.pid, thread: threadId, begun };
}

/** Whether what one began goes on, as far as another can tell, who isn't in the midst of it. Of other hosts only time tells. */
export function isAtWork(one: Author, another: Author): boolean {
  if (Math.abs(another.begun - one.begun) > PATIENCE) return false;
  if (one.host !== another.host) return true;
  return one.pid === another.pid ? one.thread !== another.thread : isAlive(one.pid);
}

/** A beginning for names of what is only this thread's, and only while it is at work. */
export function ownBeginning(): string {
  return `${process.pid}-${threadId}-`;
}

/** Whether what has a name that begins like this can go: its process is gone, or it is this very thread's, which is past it. */
export function isPast(name: string): boolean {
  const [pid, thread] = name.split('-').map(Number);
  return pid === process.pid ? thread === threadId : !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
