/** What a task writes that is no output: caches of its own, reports that nobody wants back. It may be input all the same. */
import { machineDisk } from './disk.ts';
import { fileDigest } from './file-digest.ts';
import { inWorkspace } from './finding.ts';
import { notIgnored, type SeenWrites } from './found-outputs.ts';
import type { Made } from './local-state.ts';
import { matchedPaths } from './matched-paths.ts';
import { outputEntries } from './output-entries.ts';
import type { OutputEntry } from './record.ts';
import type { ResolvedTask } from './resolved-task.ts';

/** Paths that were written and are neither outputs nor excluded. All are from the workspace. */
export function writtenBeside(
  task: ResolvedTask,
  { created, changed, deleted }: SeenWrites,
  outputs: readonly string[],
): readonly string[] {
  const made = new Set(outputs.map((path) => inWorkspace(task.rootPath, path)));
  const others = [...new Set([...created, ...changed, ...deleted])].filter((path) => !made.has(path));
  const excluded = matchedPaths(others, task.exclude);
  return others.filter((path) => !excluded.has(path));
}

/** Those of them that were there before and are somebody else's, as far as git can tell. */
export function changedBeside(
  { workspace }: ResolvedTask,
  { changed, deleted }: SeenWrites,
  beside: readonly string[],
  earlier: ReadonlySet<string>,
): readonly string[] {
  const there = new Set([...changed, ...deleted]);
  const doubtful = beside.filter((path) => there.has(path) && !earlier.has(path));
  return notIgnored(workspace, doubtful, doubtful);
}

/** All that a task was known to write, from the workspace. */
export function writtenBefore(earlier: Iterable<Made>): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const { root, outputs, beside } of earlier) {
    for (const { path } of outputs) paths.add(inWorkspace(root, path));
    for (const { path } of beside) paths.add(path);
  }
  return paths;
}

/** Outputs as they are now, with digests, though they aren't stored. Throws as `outputEntries`. */
export function entriesNow(directory: string, paths: readonly string[]): readonly OutputEntry[] {
  return outputEntries(directory, paths, (path) => {
    const { digest, stats } = fileDigest(path, machineDisk);
    return { digest, size: Number(stats.size) };
  });
}
