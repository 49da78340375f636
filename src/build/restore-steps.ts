/** Staging files beside their places, doing a journal's steps, and sweeping what was staged. */
import { constants } from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import { Confined, notADirectory } from './confined.ts';
import type { Entry, JournalStep } from './journal.ts';
import { changeMode, isCode, look, type PackageDisk, type Stats } from './package-disk.ts';
import type { RemoveStep } from './stale-outputs.ts';

/** Something to be put in its place: a copy of a file, the same file once more, or a link. */
export type Staging =
  | {
      readonly path: string;
      /** The file with the bytes, absolute. */
      readonly from: string;
      readonly size: number;
      readonly mode: number;
      readonly by: 'copy' | 'hard link';
    }
  | { readonly path: string; readonly target: string };

/** Makes what is to be put, at `place`. Throws `bad_bytes` if the file with the bytes has another size. */
export function stage(staging: Staging, place: string, disk: PackageDisk): void {
  if ('target' in staging) {
    disk.symlinkSync(staging.target, place);
    return;
  }
  const { from, size, mode } = staging;
  if (staging.by === 'copy' || !linked(from, place, disk)) {
    disk.copyFileSync(from, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    disk.chmodSync(place, mode); // the file is new, and its name nobody else's
  }
  if (look(disk, place)?.size !== BigInt(size))
    throw new TidemarkError('bad_bytes', `${from} doesn't have the ${size} bytes that ${staging.path} should have`);
}

/** Does a journal's steps: for the first time, or again after they were cut short. */
export function perform(
  confined: Confined,
  steps: readonly JournalStep[],
  time: 'first' | 'again',
  disk: PackageDisk,
): void {
  for (const step of steps)
    if (step.do === 'remove' && confined.parents(step.path).blockedBy === undefined)
      remove(step, confined.absolute(step.path), disk);
  const changed = new Confined(confined.root, disk); // what the removals changed is looked at anew
  for (const step of steps) {
    if (step.do === 'remove') continue;
    const place = changed.place(step.path);
    if (step.do === 'makeDirectory') makeDirectory(step, place, disk);
    else if (step.do === 'chmod') chmod(step, place, disk);
    else {
      const staged = changed.absolute(step.staged);
      if (time === 'first' || look(disk, staged)) disk.renameSync(staged, place);
    }
  }
}

/** Removes what was staged and not put. */
export function sweep(confined: Confined, { directories, prefix }: Entry, disk: PackageDisk): void {
  for (const directory of directories) {
    if (directory !== '' && confined.parents(`${directory}/x`).nearest !== directory) continue;
    const place = confined.absolute(directory);
    for (const name of disk.readdirSync(place)) if (name.startsWith(prefix)) disk.unlinkSync(`${place}/${name}`);
  }
}

function linked(from: string, place: string, disk: PackageDisk): boolean {
  try {
    disk.linkSync(from, place);
    return true;
  } catch (error) {
    if (isCode(error, 'EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return false;
    throw error;
  }
}

function remove(step: RemoveStep, place: string, disk: PackageDisk): void {
  const stats = look(disk, place);
  if (stats === undefined) return;
  if (step.entry === 'file') {
    if (isStill(step, stats)) disk.unlinkSync(place);
    return;
  }
  try {
    if (stats.isDirectory()) disk.rmdirSync(place);
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error; // somebody put something in it
  }
}

function isStill(step: RemoveStep & { readonly entry: 'file' }, stats: Stats): boolean {
  return !stats.isDirectory() && String(stats.ino) === step.ino && String(stats.mtimeNs) === step.mtimeNs;
}

function makeDirectory(step: JournalStep & { readonly do: 'makeDirectory' }, place: string, disk: PackageDisk): void {
  try {
    disk.mkdirSync(place);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    if (look(disk, place)?.isDirectory() !== true) throw notADirectory(step.path, step.path);
  }
  if (step.mode !== null) changeMode(disk, place, step.mode);
}

function chmod({ path, mode }: JournalStep & { readonly do: 'chmod' }, place: string, disk: PackageDisk): void {
  const stats = look(disk, place);
  if (stats?.isDirectory() === true || (stats?.isFile() === true && stats.nlink === 1n)) changeMode(disk, place, mode);
  else throw new TidemarkError('foreign_directory', `${JSON.stringify(path)} is something else by now`);
}
