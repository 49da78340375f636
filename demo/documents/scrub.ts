/** Scrubbing: forwards over all revisions, backwards over some, and what the tree looked like. */
import { time } from '../results.ts';
import { readTree, walkTrees } from './executor.ts';
import { isOf, type Moment, spread, verdict } from './moments.ts';
import type { Stage } from './stage.ts';
import { openCache } from './stores.ts';
import type { Folder } from './tree.ts';
import { countsOf } from './tree-id.ts';

const BACK = 60; // commits at most
const SHOWN = 6;

/** Go forwards, then backwards, and compare the trees of commits with git's. */
export async function showScrubbing(stage: Stage): Promise<void> {
  await forwards(stage);
  await backwards(stage);
}

async function forwards({ terminal, moments, stores, checks, signal }: Stage): Promise<void> {
  const cache = await openCache(stores);
  const byRevision = new Map(moments.map((moment) => [moment.revision, moment]));
  const shown = new Set(spread(moments, SHOWN));
  const { revision: last } = moments.at(-1)!;
  const wrong: number[] = [];
  const { rows } = stores.operations;
  const began = performance.now();
  for await (const { revision, tree } of walkTrees(cache, 0, last)) {
    signal.throwIfAborted();
    const moment = byRevision.get(revision);
    if (!moment) continue;
    if (!isOf(moment.commit, tree)) wrong.push(revision);
    if (shown.has(moment)) terminal.line(terminal.cut(treeLine(moment, tree.root), terminal.width));
  }
  const ms = performance.now() - began;
  const read = stores.operations.rows - rows;
  checks.add(`forwards in ${time(ms)}: trees of ${moments.length} commits`, ...verdict(wrong));
  checks.add('operations that were read for it, each once', read.toLocaleString('en'), read === last + 1);
}

async function backwards({ terminal, moments, stores, caches, checks, signal }: Stage): Promise<void> {
  const cache = await openCache(stores);
  caches.push({ name: 'backwards', cache });
  const way = spread(moments, BACK).toReversed();
  const wrong: number[] = [];
  const began = performance.now();
  for (const [i, { revision, commit }] of way.entries()) {
    signal.throwIfAborted();
    if (!isOf(commit, await readTree(cache, revision))) wrong.push(revision);
    terminal.progress((i + 1) / way.length, () =>
      terminal.cut(`back at revision ${revision}   ${commit.subject}`, terminal.width),
    );
  }
  const each = (performance.now() - began) / way.length;
  checks.add(`backwards, ${time(each)} each: trees of ${way.length} commits`, ...verdict(wrong));
}

/** A tree on one line: how much there is, and where most of it is. */
function treeLine({ revision, commit }: Moment, root: Folder): string {
  const { files } = countsOf(root);
  const parts = Object.entries(root.folders)
    .map(([name, folder]) => [name, countsOf(folder).files] as const)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`);
  const place = `revision ${String(revision).padStart(5)}  ${commit.at.slice(0, 10)}`;
  return `${place}  ${String(files).padStart(4)} files: ${parts.join(', ')}`;
}
