/** A tree brought back, and one that is there already: in this process, by whole commands, and by `cp`; in turns. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { median, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { COMMANDS, IN_PROCESS } from './ours.ts';
import { inFolder, type Place, settle } from './places.ts';
import { ran } from './processes.ts';
import { prepared } from './tool.ts';
import { PEERS, turbo } from './tools.ts';
import { differenceFrom, makeTree, type Tree } from './tree.ts';

type Before = 'removed' | 'intact';

/** A way to have the tree at a place. */
interface Way {
  readonly name: string;
  /** Whether the tree is there before, or not at all. */
  readonly before: Before;
  readonly dist: string;
  readonly run: () => unknown;
  /** How often the task has run: it shouldn't. */
  readonly runs?: () => number;
}

/** Nanoseconds by way. */
type Seen = (name: string, before: Before) => number | undefined;

const WARM = 1;
const ROUNDS = { tmpfs: 7, disk: 3 };
const TIMES = 0.1; // of what turbo takes
const TOOLS = [...Object.values(IN_PROCESS), ...Object.values(COMMANDS), ...PEERS];

/** Measure on a file system. */
export function restores(place: Place): Promise<readonly Table[]> {
  return inFolder(place, async (folder) => {
    const tree = makeTree(join(folder, 'tree'));
    const ways: Way[] = copies(folder, tree);
    for (const [i, tool] of TOOLS.entries())
      // Each has a workspace of its own: what was restored a moment ago isn't what is usually there.
      for (const before of ['removed', 'intact'] as const) {
        const made = await prepared(tool, join(folder, `tool${i}-${before}`), tree);
        if (typeof made === 'string')
          console.log(`not measured on ${place.name}: ${tool.name}, outputs ${before}: ${made}`);
        else {
          const { run, workspace } = made;
          ways.push({ name: tool.name, before, dist: workspace.dist, run, runs: workspace.runs });
        }
      }
    const seen = await inTurns(ways, tree, place);
    const files = `${tree.files.length.toLocaleString('en')} files, ${(tree.bytes / 1e6).toFixed(1)} MB, 60 directories`;
    return [
      { title: `A hit on ${place.name} that restores: ${files}`, rows: restored(seen) },
      { title: `A hit on ${place.name} with nothing to do: the same files are there`, rows: untouched(seen) },
    ];
  });
}

function copies(folder: string, tree: Tree): Way[] {
  return ['-r', '-rl'].map((flag): Way => {
    const dist = join(folder, `cp${flag}`);
    const argv = ['cp', flag, tree.directory, dist];
    return { name: `cp ${flag}`, before: 'removed', dist, run: () => ran({ argv, cwd: folder }) };
  });
}

/** The middle of all rounds. Each round begins with another way. */
async function inTurns(ways: readonly Way[], tree: Tree, place: Place): Promise<Seen> {
  const seen = new Map(ways.map((way) => [way, [] as number[]]));
  for (let round = 0; round < WARM + ROUNDS[place.name]; round++)
    for (let i = 0; i < ways.length; i++) {
      const way = ways[(i + round) % ways.length];
      if (way.before === 'removed') rmSync(way.dist, { recursive: true, force: true });
      settle(place);
      const runs = way.runs?.();
      const begin = process.hrtime.bigint();
      await way.run();
      const ns = Number(process.hrtime.bigint() - begin);
      const difference = differenceFrom(tree, way.dist, round < WARM ? 'digests' : 'sizes');
      if (way.runs?.() !== runs) throw new Error(`${way.name}, outputs ${way.before}: the task ran`);
      if (difference !== undefined) throw new Error(`${way.name}, outputs ${way.before}: ${difference}`);
      if (round >= WARM) seen.get(way)!.push(ns);
    }
  return (name, before) => {
    const way = ways.find((one) => one.name === name && one.before === before);
    return way && median(seen.get(way)!);
  };
}

function restored(seen: Seen): Table['rows'] {
  const theirs = seen(turbo.name, 'removed');
  const cp = seen('cp -r', 'removed')!;
  return [...TOOLS.map(({ name }) => name), 'cp -r', 'cp -rl'].flatMap((name) => {
    const ns = seen(name, 'removed');
    if (ns === undefined) return [];
    return [
      {
        name,
        figure: time(ns),
        ratios: { ...(theirs && { 'turbo’s restore': ns / theirs }), 'cp -r': ns / cp },
        ...(name === IN_PROCESS.links.name && tenthOf(theirs, ns)),
        ...(name === IN_PROCESS.copies.name && { budget: { text: '≤ 1 × cp -r', kept: ns <= cp } }),
      },
    ];
  });
}

function untouched(seen: Seen): Table['rows'] {
  const [theirRestore, theirs] = (['removed', 'intact'] as const).map((before) => seen(turbo.name, before));
  return TOOLS.flatMap(({ name }) => {
    const ns = seen(name, 'intact');
    if (ns === undefined) return [];
    return [
      {
        name,
        figure: time(ns),
        ratios: {
          ...(theirRestore && { 'turbo’s restore': ns / theirRestore }),
          ...(theirs && { 'turbo here': ns / theirs }),
        },
        ...(name.startsWith('in-process') && tenthOf(theirRestore, ns)),
      },
    ];
  });
}

/** Ten times as fast as turbo restores. */
function tenthOf(theirs: number | undefined, ns: number): Pick<Table['rows'][number], 'budget'> {
  return theirs === undefined ? {} : { budget: { text: `≤ ${TIMES} × turbo’s restore`, kept: ns <= TIMES * theirs } };
}
