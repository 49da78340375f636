/** Doing a journal's steps, and sweeping what was staged for them. */
import { TidemarkError } from '../engine/errors.ts';
import { Confined, directoryOf, notADirectory } from './confined.ts';
import { changeMode, type Disk, isCode, look, type Stats } from './disk.ts';
import type { Entry, JournalStep } from './journal.ts';
import type { RemoveStep } from './stale-outputs.ts';

/** Does a journal's steps: for the first time, or again after they were cut short. */
export function perform(
  confined: Confined,
  { steps, prefix }: Pick<Entry, 'steps' | 'prefix'>,
  time: 'first' | 'again',
  disk: Disk,
): void {
  for (const step of steps ?? [])
    if (step.do === 'remove' && confined.parents(step.path).blockedBy === undefined)
      remove(step, confined.absolute(step.path), disk);
  const changed = new Confined(confined.root, disk); // what the removals changed is looked at anew
  for (const step of steps ?? []) {
    if (step.do === 'remove') continue;
    const place = changed.place(step.path);
    if (step.do === 'chmod') chmod(step, place, disk);
    else {
      const staged = stagedPlace(changed, step.path, prefix, step.number);
      if (time === 'first' || look(disk, staged)) put(step.path, staged, place, disk);
    }
  }
}

/** Where something is staged: beside its place. */
export function stagedPlace(confined: Confined, path: string, prefix: string, number: number): string {
  const directory = directoryOf(path);
  return confined.absolute(directory === '' ? `${prefix}${number}` : `${directory}/${prefix}${number}`);
}

/** Removes what was staged and not put. */
export function sweep(confined: Confined, { directories, prefix }: Entry, disk: Disk): void {
  for (const directory of directories) {
    if (directory !== '' && confined.parents(`${directory}/x`).nearest !== directory) continue;
    const place = confined.absolute(directory);
    for (const name of disk.readdirSync(place)) if (name.startsWith(prefix)) removeTree(`${place}/${name}`, disk);
  }
}

/** Removes a file, a link, or a directory with all that is in it. */
export function removeTree(place: string, disk: Disk): void {
  if (look(disk, place)?.isDirectory() !== true) disk.unlinkSync(place);
  else if (!removedEmpty(place, disk)) {
    for (const name of disk.readdirSync(place)) removeTree(`${place}/${name}`, disk);
    disk.rmdirSync(place);
  }
}

function removedEmpty(place: string, disk: Disk): boolean {
  try {
    disk.rmdirSync(place);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

function put(path: string, staged: string, place: string, disk: Disk): void {
  try {
    disk.renameSync(staged, place);
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR')) throw error;
    throw new TidemarkError('foreign_directory', `${JSON.stringify(path)} is something else by now`, error);
  }
}

function remove(step: RemoveStep, place: string, disk: Disk): void {
  const stats = look(disk, place);
  if (stats === undefined) return;
  if (step.entry === 'file') {
    if (isStill(step, stats)) disk.unlinkSync(place);
  } else if (stats.isDirectory()) removedEmpty(place, disk); // unless somebody put something in it
}

function isStill(step: RemoveStep & { readonly entry: 'file' }, stats: Stats): boolean {
  return !stats.isDirectory() && String(stats.ino) === step.ino && String(stats.mtimeNs) === step.mtimeNs;
}

function chmod({ path, mode }: JournalStep & { readonly do: 'chmod' }, place: string, disk: Disk): void {
  const stats = look(disk, place);
  if (stats?.isDirectory() === true || (stats?.isFile() === true && stats.nlink === 1n)) changeMode(disk, place, mode);
  else throw notADirectory(path, path);
}
