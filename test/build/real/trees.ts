/** What stands in a directory, to be compared byte for byte. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Everything below a directory but what is installed: files with their modes and bytes, links with their targets. */
export function treeOf(directory: string): Readonly<Record<string, string>> {
  return Object.fromEntries(pathsIn(directory, '').map((path) => [path, contentOf(join(directory, path))]));
}

/** What is installed isn't entered: others come and go there. */
function pathsIn(directory: string, below: string): readonly string[] {
  return readdirSync(join(directory, below), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules' && !(below === '' && name === '.git'))
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? [path, ...pathsIn(directory, path)] : [path];
    })
    .toSorted();
}

function contentOf(path: string): string {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  const mode = (stats.mode & 0o777).toString(8);
  return stats.isFile() ? `${mode} ${readFileSync(path, 'latin1')}` : mode;
}
