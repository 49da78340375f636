/** The few calls by which packages are looked at and changed, so that each of them can be counted, or fail, in a test. */
import fs from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import { type Digest, digestOfOpen } from './digest.ts';

/** What of `node:fs` looks at packages and changes them. Every call is synchronous: for small files that is the fastest. */
export type PackageDisk = Pick<
  typeof fs,
  | 'chmodSync'
  | 'closeSync'
  | 'copyFileSync'
  | 'fchmodSync'
  | 'fstatSync'
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
  | 'symlinkSync'
  | 'unlinkSync'
  | 'writeFileSync'
>;

/** The real one. */
export const nodeDisk: PackageDisk = fs;

/** What `lstat` tells. */
export type Stats = fs.BigIntStats;

/**
 * Which digest a file has that looks so: an index of what was read before. It answers only if the file can't have changed
 * since.
 */
export interface KnownDigests {
  /** The digest, or `undefined` if the file has to be read. `path` is absolute. */
  get(path: string, stats: Stats): Digest | undefined;
  /** Remembers what was read or written just now. */
  set(path: string, stats: Stats, digest: Digest): void;
}

/** What is there, links not followed; `undefined` if nothing is. */
export function look(disk: PackageDisk, path: string): Stats | undefined {
  try {
    return disk.lstatSync(path, { bigint: true });
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

/** The digest of a file, which is never whole in memory; `undefined` if it is a link by now, gone, or can't be read. */
function digestOfFile(disk: PackageDisk, path: string): Digest | undefined {
  let file: number;
  try {
    file = disk.openSync(path, fs.constants.O_RDONLY | NO_FOLLOW);
  } catch (error) {
    if (isCode(error, 'ELOOP', 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw new TidemarkError('store_failed', `${path} can't be read`, error);
  }
  try {
    return digestOfOpen(file, disk);
  } finally {
    disk.closeSync(file);
  }
}

/** Whether a file has these bytes: as was known before, or by reading it. */
export function hasBytes(
  disk: PackageDisk,
  path: string,
  stats: Stats,
  bytes: { readonly digest: Digest; readonly size: number },
  known: KnownDigests | undefined,
): boolean {
  if (!stats.isFile() || stats.size !== BigInt(bytes.size)) return false;
  let digest = known?.get(path, stats);
  if (digest === undefined) {
    digest = digestOfFile(disk, path);
    if (digest !== undefined) known?.set(path, stats, digest);
  }
  return digest === bytes.digest;
}

/** Changes permission bits, never through a link. */
export function changeMode(disk: PackageDisk, path: string, mode: number): void {
  const file = disk.openSync(path, fs.constants.O_RDONLY | NO_FOLLOW);
  try {
    // What else a directory's mode says (new files get its group, …) stays.
    disk.fchmodSync(file, (disk.fstatSync(file).mode & 0o7000) | mode);
  } finally {
    disk.closeSync(file);
  }
}

/** Where the platform has it, an open that ends in a link fails. */
const NO_FOLLOW = fs.constants.O_NOFOLLOW ?? 0;
