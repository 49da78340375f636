/** Revisions of which it is known what the tree has to be, since git says so. */
import type { WriteCache } from 'tidemark/documents';
import { readTree } from './executor.ts';
import type { Commit } from './history.ts';
import { treeId } from './tree-id.ts';
import type { Tree, TreeAction } from './tree.ts';

/** A revision at which the tree is that of a commit. */
export interface Moment {
  readonly revision: number;
  readonly commit: Commit;
  /** What led to it from the commit before; nothing did where it was undone. */
  readonly actions: readonly TreeAction[];
}

/** Is it the tree of a commit, file by file, and does it say so? */
export function isOf({ tree, id }: Commit, { root, commit }: Tree): boolean {
  return treeId(root) === tree && commit?.id === id;
}

/** Those of these moments, in this order, at which a cache has another tree. */
export async function wrongAt(
  cache: WriteCache,
  moments: readonly Moment[],
  signal?: AbortSignal,
): Promise<readonly number[]> {
  const wrong: number[] = [];
  for (const { revision, commit } of moments) {
    signal?.throwIfAborted();
    if (!isOf(commit, await readTree(cache, revision))) wrong.push(revision);
  }
  return wrong;
}

/** Some of them, evenly spread, with the first and the last. */
export function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
}

/** What is found, and whether it is right, when trees at these revisions aren't those of their commits. */
export function verdict(wrong: readonly number[]): [found: string, right: boolean] {
  return wrong.length === 0 ? ['as committed', true] : [`others at ${wrong.slice(0, 3).join(', ')}`, false];
}
