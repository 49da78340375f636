/** What a store takes on the disk for what is in it. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from '../table.ts';
import { IN_PROCESS } from './ours.ts';
import { inFolder, type Place } from './places.ts';
import { prepared } from './tool.ts';
import { makeTree } from './tree.ts';

const LIMIT = 1.2;

/** Measure it: bytes as files say them, and as the disk allots them. */
export function storage(place: Place): Promise<Table> {
  return inFolder(place, async (folder) => {
    const tree = makeTree(join(folder, 'tree'));
    const made = await prepared(IN_PROCESS.copies, join(folder, 'ours'), tree);
    if (typeof made === 'string') throw new Error(made);
    const [kept, given] = [taken(join(made.workspace.home, 'cache')), taken(tree.directory)];
    const row = (name: string, bytes: number) => ({
      name,
      figure: `${(bytes / 1e6).toFixed(1)} MB`,
      ratios: { 'the unique bytes': bytes / tree.uniqueBytes },
    });
    const budget = (bytes: number) => ({
      budget: { text: `< ${LIMIT} × the unique bytes`, kept: bytes < LIMIT * tree.uniqueBytes },
    });
    return {
      title: `Storage on ${place.name}: the same files, ${(tree.uniqueBytes / 1e6).toFixed(1)} MB of them unique`,
      rows: [
        { ...row('the store, as its files are long', kept.bytes), ...budget(kept.bytes) },
        { ...row('the store, as the disk allots it', kept.allotted), ...budget(kept.allotted) },
        row('the files themselves, as the disk allots them', given.allotted),
      ],
    };
  });
}

function taken(directory: string): { readonly bytes: number; readonly allotted: number } {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const all = files.map((entry) => lstatSync(join(entry.parentPath, entry.name)));
  return {
    bytes: all.reduce((sum, { size }) => sum + size, 0),
    allotted: all.reduce((sum, { blocks }) => sum + 512 * blocks, 0),
  };
}
