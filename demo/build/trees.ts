/** Directories compared byte for byte. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Kind, permissions and content of everything below a directory, by path; nothing where there is no directory. */
export type Tree = ReadonlyMap<string, string>;

/** Look at a directory. */
export function treeOf(directory: string): Tree {
  if (!existsSync(directory)) return new Map();
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const mode = lstatSync(path).mode.toString(8);
      const content = entry.isFile() ? readFileSync(path) : entry.isSymbolicLink() ? readlinkSync(path) : '';
      return [relative(directory, path), `${mode} ${createHash('sha256').update(content).digest('hex')}`];
    }),
  );
}

/** The paths at which two trees differ. */
function differing(one: Tree, other: Tree): readonly string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((path) => one.get(path) !== other.get(path));
}

/** What is found, and whether it is right, when a tree is to be the same as another one, which isn't empty. */
export function sameTree(one: Tree, other: Tree): [found: string, right: boolean] {
  const [first, ...others] = differing(one, other);
  if (first !== undefined) return [`${first}${others.length > 0 ? ` and ${others.length} more` : ''} differ`, false];
  return [`${one.size.toLocaleString('en')}, byte for byte`, one.size > 0];
}
