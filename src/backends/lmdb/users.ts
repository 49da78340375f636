/** Processes by names that no other process has, so that the living can be told from the dead. */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** A process, as text that may stand in a file's name: its number, when it started, and the boot. */
export type User = string;

const NAME = /^(\d+)-(\d+)-([0-9a-z]+)$/;
/** Boots whose times are further apart are two, in seconds: clocks are set right while a machine runs. */
const ONE_BOOT = 30;

/** The present boot of this machine, as text that may stand in a file's name. */
export function presentBoot(): string {
  return textOf('/proc/sys/kernel/random/boot_id')?.replace(/[^0-9a-f]/g, '') ?? timeOfBoot();
}

function timeOfBoot(): string {
  return `t${Math.round(Date.now() / 1000 - uptime())}`;
}

/** Whether two texts of {@link presentBoot} mean the same boot. Where a boot is known by its time only, about the same. */
export function isSameBoot(one: string, other: string): boolean {
  if (!one.startsWith('t') || !other.startsWith('t')) return one === other;
  return Math.abs(Number(one.slice(1)) - Number(other.slice(1))) <= ONE_BOOT;
}

/** Whether the process that made a name still runs. A number that another process has got since isn't taken for it, where the platform tells. */
export function isAlive(user: User): boolean {
  if (user === thisProcess) return true;
  const match = NAME.exec(user);
  if (!match) return false;
  const [, pid, start, boot] = match;
  if (!isSameBoot(boot, presentBoot()) || !exists(Number(pid))) return false;
  const now = startOf(Number(pid));
  return now === start || now === UNKNOWN || (start === UNKNOWN && now !== ENDED);
}

const UNKNOWN = '0';
const ENDED = 'ended';

/** When a process started, in ticks since the boot; {@link ENDED} if it only waits to be taken note of by its parent. */
function startOf(pid: number): string {
  const fields = textOf(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' '); // a program's name may hold anything
  if (!fields || fields.length < 20) return UNKNOWN;
  return fields[0] === 'Z' || fields[0] === 'X' ? ENDED : fields[19];
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'; // not ours to signal: it is there
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}

/** The process that this is. */
export const thisProcess: User = `${process.pid}-${startOf(process.pid)}-${presentBoot()}`;
