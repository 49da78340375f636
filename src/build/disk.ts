/** The few calls by which files are looked at and changed, so that each of them can be counted, or fail, in a test. */
import fs from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';

/** What of `node:fs` is used on inputs and packages. Every call is synchronous: for small files that is the fastest. */
export type Disk = Pick<
  typeof fs,
  | 'closeSync'
  | 'copyFileSync'
  | 'fchmodSync'
  | 'fstatSync'
  | 'futimesSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readlinkSync'
  | 'readSync'
  | 'realpathSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'statSync'
  | 'symlinkSync'
  | 'unlinkSync'
  | 'writeFileSync'
  | 'writeSync'
>;

/** The machine's own. */
export const machineDisk: Disk = fs;

/** What `lstat` tells. */
export type Stats = fs.BigIntStats;

/** What is there, links not followed; `undefined` if nothing is. Throws `store_failed`. */
export function look(disk: Pick<Disk, 'lstatSync'>, path: string): Stats | undefined {
  try {
    return disk.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A parent that is no directory leaves no place for anything, either.
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new TidemarkError('store_failed', `${path} can't be looked at`, error);
  }
}

/** Permission bits. */
export function permissions(stats: Stats): number {
  return Number(stats.mode & 0o777n);
}

/** Whether an error is one of these of the operating system. */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** Changes permission bits, never through a link. */
export function changeMode(disk: Disk, path: string, mode: number): void {
  const file = disk.openSync(path, fs.constants.O_RDONLY | NO_FOLLOW);
  try {
    // What else a directory's mode says (new files get its group, …) stays.
    disk.fchmodSync(file, (disk.fstatSync(file).mode & 0o7000) | mode);
  } finally {
    disk.closeSync(file);
  }
}

/** Where the platform has it, an open that ends in a link fails. */
export const NO_FOLLOW: number = fs.constants.O_NOFOLLOW ?? 0;
