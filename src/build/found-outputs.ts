/**
 * What a task made, where nobody has said: what a collector knows of its tool, and what was seen to change while it ran.
 * What may be somebody's own work is never taken for an output: restoring it would one day write over that.
 */
import { spawnSync } from 'node:child_process';
import { posix } from 'node:path';
import { bytewise } from './digest.ts';
import { outputsByGlobs } from './output-globs.ts';
import type { ResolvedTask } from './resolved-task.ts';
import type { Changes } from './snapshot.ts';

/** What was seen. Paths are relative to the workspace. */
export interface SeenWrites {
  readonly created: readonly string[];
  readonly changed: readonly string[];
  readonly deleted: readonly string[];
  /** Whether it is known that the task did it, and nobody beside it. */
  readonly attributed: boolean;
}

/** What was made, from the package; or why that can't be told. */
export type FoundOutputs =
  | { readonly paths: readonly string[]; readonly refusal?: undefined }
  /** `suspects`: what may be the task's, from the workspace; if the next run changes it again, it is. */
  | { readonly paths?: undefined; readonly refusal: string; readonly suspects?: readonly string[] };

/** Tell outputs from the rest. `earlier`: what this task was known to write here, from the workspace. */
export function foundOutputs(
  task: ResolvedTask,
  seen: SeenWrites,
  known: { readonly globs: readonly string[]; readonly earlier: ReadonlySet<string> },
): FoundOutputs {
  const { root, rootPath, excludedOutputs: exclude } = task;
  const byGlobs = known.globs.length === 0 ? [] : outputsByGlobs(root, known.globs, { exclude });
  const globbed = new Set(byGlobs);
  const isExcluded = excludedBy(root, exclude, [...seen.created, ...seen.changed]);
  const inPackage = (path: string): string | undefined =>
    rootPath === '' ? path : path.startsWith(`${rootPath}/`) ? path.slice(rootPath.length + 1) : undefined;

  const paths = new Set(byGlobs);
  const outside: string[] = [];
  const doubtful: string[] = [];
  for (const [list, isNew] of [
    [seen.created, true],
    [seen.changed, false],
  ] as const)
    for (const path of list) {
      const own = inPackage(path);
      if (own === undefined) outside.push(path);
      else if (isExcluded(own)) continue;
      else if (globbed.has(own) || known.earlier.has(path) || (isNew && seen.attributed)) paths.add(own);
      else {
        paths.add(own);
        doubtful.push(path);
      }
    }
  const isKnown = (path: string): boolean => known.earlier.has(path) || globbed.has(inPackage(path) ?? '');
  const lost = seen.deleted.filter((path) => !isKnown(path) && !seen.created.includes(path));
  if (lost.length > 0) return { refusal: `it removes what was there before: ${some(lost)}` };
  if (outside.length > 0) return { refusal: `it writes outside of its package: ${some(outside)}` };
  const own = notIgnored(task.workspace, doubtful, seen.changed);
  if (own.length > 0) {
    const what = own.every((path) => seen.created.includes(path)) ? 'makes' : 'changes';
    return { refusal: `it ${what} files that git doesn't ignore: ${some(own)}: say which are outputs` };
  }
  // Somebody may have edited a file that git ignores, a `.env` say, while it ran.
  const edited = seen.attributed ? [] : doubtful.filter((path) => seen.changed.includes(path));
  if (edited.length > 0) {
    const what = `files that were there before changed while it ran: ${some(edited)}`;
    return { refusal: `${what}: say which are outputs, or run it again`, suspects: doubtful };
  }
  return { paths: [...paths].toSorted(bytewise) };
}

/** What differs between two snapshots of a workspace, as a task's work. Empty directories come and go. */
export function writesIn({ created, changed, deleted }: Changes, isDirectory: (path: string) => boolean): SeenWrites {
  return { created, changed, deleted: deleted.filter((path) => !isDirectory(path)), attributed: false };
}

/** A few of many names. */
export function some(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).map((path) => JSON.stringify(path));
  return shown.join(', ') + (paths.length > 3 ? ` and ${paths.length - 3} more` : '');
}

function excludedBy(root: string, exclude: readonly string[], paths: readonly string[]): (path: string) => boolean {
  if (exclude.length === 0 || paths.length === 0) return () => false;
  const excluded = new Set(outputsByGlobs(root, exclude));
  return (path) => excluded.has(path);
}

/** Those of some paths that git would notice. Without git, or outside of a repository, those that were there before. */
export function notIgnored(workspace: string, paths: readonly string[], changed: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const { status, stdout } = spawnSync('git', ['check-ignore', '-z', '--stdin'], {
    cwd: workspace,
    input: paths.map((path) => posix.normalize(path)).join('\0'),
    maxBuffer: 256 * 1024 * 1024,
    encoding: 'utf8',
  });
  if (status !== 0 && status !== 1) return paths.filter((path) => changed.includes(path));
  const ignored = new Set(stdout.split('\0'));
  return paths.filter((path) => !ignored.has(path));
}
