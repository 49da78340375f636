/** Undo and redo: operations take back whole commits, and no state that they have taken back is gone on from. */
import { readTree, walkTrees } from './executor.ts';
import type { WriteCache } from 'tidemark/documents';
import type { Commit } from './history.ts';
import { isOf, type Moment, verdict, wrongAt } from './moments.ts';
import type { Stage } from './stage.ts';
import { openCache } from './stores.ts';
import { treeId } from './tree-id.ts';

const MOST = 4; // commits that are taken back
const IDEA = 'an idea that no commit has had';

/** Undo commits, redo one, do something else instead, and come back to where the import ended. */
export async function showUndo(stage: Stage): Promise<void> {
  const { terminal, executor, cache, moments, checks, stores, caches, signal } = stage;
  const done = [...moments];
  const count = Math.min(MOST, done.length - 1);
  const at = done.at(-1)!.commit.at;
  const other = await openCache(stores);
  caches.push({ name: 'bystander', cache: other });
  await readTree(other);

  await undo(1, 'the last commit undone');
  const naive = await readTree(cache, done.at(-1)!.revision);
  const { commit: before } = done.at(-2)!;
  terminal.say(
    'The newest state in memory was that of the commit that is undone, and the operations that undid it change nothing ' +
      `by themselves. Who goes on from there serves ${treeId(naive.root).slice(0, 12)}, which is wrong.`,
  );
  const wouldBe = isOf(before, naive) ? 'right' : 'wrong';
  checks.add('to go on from the newest state would be', wouldBe, wouldBe === 'wrong');
  const seen = await readTree(other);
  checks.add('another cache, which held the old head', ...verdict(isOf(before, seen) ? [] : [executor.revision]));

  if (count > 1) await undo(count - 1, `${count - 1} more undone`);
  await redo(done.at(-count)!, 'the first redone');
  await detour(done.at(-count)!.commit);
  for (const moment of done.slice(done.length - count + 1)) await redo(moment, undefined);
  await look('all redone');

  const since = moments.slice(done.length - count - 1);
  for (const [name, keyframes] of [
    ['keyframes', 'read'],
    ['the beginning', 'none'],
  ] as const) {
    const fresh = await openCache(stores, { keyframes });
    caches.push({ name: keyframes === 'read' ? 'after undo' : 'without keyframes', cache: fresh });
    const wrong = await wrongAt(fresh, since.toReversed(), signal);
    checks.add(`these ${since.length} revisions, from ${name}`, ...verdict(wrong));
  }
  checks.add(`these ${since.length} revisions, walked over`, ...verdict(await wrongOnTheWay(cache, since)));

  /** Take back the newest commits. */
  async function undo(commits: number, what: string): Promise<void> {
    const standing = standingAt(done, moments.at(-1)!);
    const taken = standing.slice(-commits);
    const revision = await executor.undo(sum(taken), at);
    moments.push({ revision, commit: standing.at(-commits - 1)!.commit, actions: [] });
    await look(what);
  }

  async function redo({ commit, actions }: Moment, what: string | undefined): Promise<void> {
    const revision = await executor.execute(actions, at);
    moments.push({ revision, commit, actions });
    if (what !== undefined) await look(what);
  }

  /** Do something that no commit did, and take it back. */
  async function detour(commit: Commit): Promise<void> {
    const blob = commit.tree.replace(/./g, 'a'); // no content has this id
    const revision = await executor.execute(
      [{ type: 'ADD_FILE', input: { path: IDEA, file: { mode: '100644', blob } } }],
      at,
    );
    const tree = treeId((await readTree(cache, revision)).root);
    checks.add('another file instead of the next commit', tree.slice(0, 12), tree !== commit.tree);
    moments.push({ revision: await executor.undo(1, at), commit, actions: [] });
    await look('that file undone');
  }

  async function look(what: string): Promise<void> {
    const { revision, commit } = moments.at(-1)!;
    const right = isOf(commit, await readTree(cache));
    checks.add(`${what}: revision ${revision}`, ...verdict(right ? [] : [revision]));
  }
}

/** Those of these moments at which a walk over them has another tree, or comes by not at all. */
async function wrongOnTheWay(cache: WriteCache, since: readonly Moment[]): Promise<readonly number[]> {
  const left = new Map(since.map(({ revision, commit }) => [revision, commit]));
  for await (const { revision, tree } of walkTrees(cache, since[0].revision, since.at(-1)!.revision))
    if (left.has(revision) && isOf(left.get(revision)!, tree)) left.delete(revision);
  return [...left.keys()];
}

/** The commits that count at a moment. */
function standingAt(done: readonly Moment[], { commit }: Moment): readonly Moment[] {
  return done.slice(0, done.findIndex((moment) => moment.commit === commit) + 1);
}

function sum(moments: readonly Moment[]): number {
  return moments.reduce((all, { actions }) => all + actions.length, 0);
}
