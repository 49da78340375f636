/** What a task has made, as a record says it: files by their digests, links by their targets, empty directories. */
import { TidemarkError } from '../engine/errors.ts';
import { checkedPath } from './checked-path.ts';
import { Confined } from './confined.ts';
import { bytewise, type Digest } from './digest.ts';
import { type Disk, look, machineDisk, permissions } from './disk.ts';
import type { OutputEntry } from './record.ts';

/**
 * The entries for paths below a package (of `outputsByGlobs`, or of a snapshot's changes), sorted by their bytes. Each file
 * is given to `putFile`, by its absolute path, to be stored and told the digest of exactly what was stored: so a file that
 * changes meanwhile makes a record of one of its states, never one that doesn't match its bytes. What is gone by now, and
 * directories with something in them, are left out.
 *
 * @throws `bad_value` for what no output can be: a socket, a pipe, a device; or a name that a record can't hold.
 * `foreign_directory` for a path through a link. Whatever `putFile` throws.
 */
export function outputEntries(
  root: string,
  paths: readonly string[],
  putFile: (path: string) => { readonly digest: Digest; readonly size: number },
  disk: Disk = machineDisk,
): readonly OutputEntry[] {
  const confined = new Confined(root, disk);
  return paths.toSorted(bytewise).flatMap((path) => entryOf(confined, path, putFile, disk) ?? []);
}

function entryOf(
  confined: Confined,
  path: string,
  putFile: (path: string) => { readonly digest: Digest; readonly size: number },
  disk: Disk,
): OutputEntry | undefined {
  const place = placeOf(confined, path);
  const stats = look(disk, place);
  if (stats === undefined) return undefined;
  const mode = permissions(stats);
  if (stats.isFile()) return { kind: 'file', path, ...bytesOf(putFile(place)), mode };
  if (stats.isSymbolicLink()) return { kind: 'link', path, target: targetOf(disk, place, path) };
  if (stats.isDirectory()) return disk.readdirSync(place).length === 0 ? { kind: 'directory', path, mode } : undefined;
  throw unfit(path, 'is a socket, a pipe or a device');
}

function placeOf(confined: Confined, path: string): string {
  try {
    return confined.place(checkedPath(path));
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'bad_bytes') throw error;
    throw unfit(path, error.message);
  }
}

/** The text of a link, which a record keeps as text. */
function targetOf(disk: Disk, place: string, path: string): string {
  const bytes = disk.readlinkSync(place, { encoding: 'buffer' });
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return text;
  throw unfit(path, 'leads to a name that is not UTF-8');
}

function bytesOf({ digest, size }: { readonly digest: Digest; readonly size: number }): {
  readonly digest: Digest;
  readonly size: number;
} {
  return { digest, size };
}

function unfit(path: string, why: string): TidemarkError {
  return new TidemarkError('bad_value', `the output ${JSON.stringify(path)} can't be kept: it ${why}`);
}
