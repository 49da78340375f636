/** Hashing a tree: with nothing known, with everything known, and by `sha256sum`. */
import { join } from 'node:path';
import { StatIndex } from 'tidemark/build';
import { rounds, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { inFolder, type Place } from './places.ts';
import { ran } from './processes.ts';
import { makeTree } from './tree.ts';

const AGE = 2500; // milliseconds: what is younger isn't remembered

/** Measure it. */
export function hashing(place: Place): Promise<Table> {
  return inFolder(place, async (folder) => {
    const tree = makeTree(join(folder, 'tree'));
    await new Promise((grown) => setTimeout(grown, AGE));
    const paths = tree.files.map(({ path }) => join(tree.directory, path));
    const warm = new StatIndex();
    const hash = (index: StatIndex): void => {
      index.nextRun();
      for (const [i, path] of paths.entries()) {
        const seen = index.look(path);
        if (seen?.kind !== 'file' || seen.digest !== tree.files[i].digest) throw new Error(`${path} was misread`);
      }
    };
    hash(warm);
    if (warm.size !== paths.length) throw new Error('not everything is remembered');
    const now = await rounds(
      {
        sha256sum: () => void ran({ argv: ['sha256sum', ...paths], cwd: folder }),
        cold: () => hash(new StatIndex()),
        warm: () => hash(warm),
      },
      1,
      11,
    );
    const row = (name: string, ns: number) => ({ name, figure: time(ns), ratios: { sha256sum: ns / now.sha256sum } });
    return {
      title: `Hashing the same tree on ${place.name}, ${(tree.bytes / 1e6).toFixed(1)} MB`,
      rows: [
        { name: 'sha256sum', figure: time(now.sha256sum), ratios: {} },
        row('in-process, nothing known', now.cold),
        row('in-process, everything known', now.warm),
      ],
    };
  });
}
