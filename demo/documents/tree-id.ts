/** The id that git gives to a tree: what a state is compared with, since nothing of this demo's making is in it. */
import { createHash } from 'node:crypto';
import type { Folder } from './tree.ts';

/** Folders are frozen, and what doesn't change between two states is the same object: its id is known. */
const known = new WeakMap<Folder, Buffer>();

/** The id of a tree, in hexadecimal. */
export function treeId(root: Folder): string {
  return idOf(root).toString('hex');
}

/** How many folders and files there are in a folder, at any depth. */
export function countsOf({ folders, files }: Folder): { readonly folders: number; readonly files: number } {
  const all = { folders: 0, files: Object.keys(files).length };
  for (const folder of Object.values(folders)) {
    const inner = countsOf(folder);
    all.folders += inner.folders + 1;
    all.files += inner.files;
  }
  return all;
}

function idOf(folder: Folder): Buffer {
  let id = known.get(folder);
  if (!id) known.set(folder, (id = hashed(folder)));
  return id;
}

function hashed({ folders, files }: Folder): Buffer {
  const entries = [
    ...Object.entries(files).map(([name, { mode, blob }]) => ({ name, mode, id: Buffer.from(blob, 'hex'), end: '' })),
    ...Object.entries(folders).map(([name, folder]) => ({ name, mode: '40000', id: idOf(folder), end: '/' })),
  ].map((entry) => ({ ...entry, place: Buffer.from(entry.name + entry.end) }));
  entries.sort((a, b) => Buffer.compare(a.place, b.place)); // folders as if a slash ended their names
  const content = Buffer.concat(entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), id]));
  const algorithm = entries.some(({ id }) => id.length > 20) ? 'sha256' : 'sha1';
  return createHash(algorithm).update(`tree ${content.length}\0`).update(content).digest();
}
