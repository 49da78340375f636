/** Globs that name whole directories, which most do, need no matching: everything below is listed. */
import type { Dirent } from 'node:fs';
import { posix } from 'node:path';
import { isDynamicPattern } from 'tinyglobby';
import { type Disk, isCode, look } from './disk.ts';
import { unreadable } from './file-digest.ts';

/** The plain paths that globs stand for (`src`, `src/**`, `**`), or nothing if one of them needs matching. */
export function plainPaths(globs: readonly string[]): readonly string[] | undefined {
  const paths: string[] = [];
  for (const glob of globs) {
    const path = glob.replace(/(?:^|\/)\*\*$|\/$/, '');
    if (isDynamicPattern(path) || path.startsWith('!')) return undefined;
    paths.push(posix.normalize(path === '' ? '.' : path.replaceAll(/\\(.)/g, '$1')).replace(/\/$/, ''));
  }
  return paths;
}

/** What is not listed: names, wherever they stand, and paths with all that is below them. */
export interface Unlisted {
  readonly names: readonly string[];
  readonly paths: readonly string[];
}

/** Files and links at and below paths of a root, links not followed. Throws `store_failed` for what can't be read. */
export function listed(root: string, paths: readonly string[], unlisted: Unlisted, disk: Disk): readonly string[] {
  const [names, hidden] = [new Set(unlisted.names), new Set(unlisted.paths)];
  const found: string[] = [];
  const isHidden = (path: string): boolean => {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (hidden.has(path.slice(0, end)) || names.has(path.slice(path.lastIndexOf('/', end - 1) + 1, end))) return true;
    }
    return false;
  };
  const walk = (directory: string): void => {
    for (const entry of entriesOf(root, directory, disk)) {
      const path = directory === '.' ? entry.name : `${directory}/${entry.name}`;
      if (names.has(entry.name) || hidden.has(path)) continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  };
  if (hidden.has('.')) return found;
  for (const path of paths) {
    if (path !== '.' && isHidden(path)) continue;
    const stats = path === '.' ? undefined : look(disk, `${root}/${path}`);
    if (path === '.' || stats?.isDirectory() === true) walk(path);
    else if (stats?.isFile() === true || stats?.isSymbolicLink() === true) found.push(path);
  }
  return found;
}

function entriesOf(root: string, directory: string, disk: Disk): readonly Dirent[] {
  try {
    return disk.readdirSync(`${root}/${directory}`, { withFileTypes: true });
  } catch (error) {
    // Gone meanwhile; but a root that isn't there is a mistake.
    if (directory !== '.' && isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw unreadable(root, error);
  }
}
