/** What stands in a directory, to be compared byte for byte. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Everything below a directory but what is installed: files with their modes and bytes, links with their targets. */
export function treeOf(directory: string): Readonly<Record<string, string>> {
  const paths = (readdirSync(directory, { recursive: true }) as string[]).filter(
    (path) => path !== '.git' && !/(?:^|\/)node_modules(?:\/|$)|^\.git\//.test(path),
  );
  return Object.fromEntries(paths.toSorted().map((path) => [path, contentOf(join(directory, path))]));
}

function contentOf(path: string): string {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  const mode = (stats.mode & 0o777).toString(8);
  return stats.isFile() ? `${mode} ${readFileSync(path, 'latin1')}` : mode;
}
