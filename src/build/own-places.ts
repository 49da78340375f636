/** Where the cache itself writes: no task reads or makes that, even if somebody keeps it within a repository. */
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { escaped, type ResolvedTask } from './resolved-task.ts';

/** The task, to which these directories are neither inputs nor outputs as far as they lie in its workspace. */
export function apartFrom(task: ResolvedTask, directories: readonly string[]): ResolvedTask {
  const places = directories.map(realPlace);
  const fromWorkspace = globsBelow(task.workspace, places);
  if (fromWorkspace.length === 0) return task;
  return {
    ...task,
    exclude: [...task.exclude, ...fromWorkspace],
    excludedOutputs: [...task.excludedOutputs, ...globsBelow(task.root, places)],
  };
}

function globsBelow(directory: string, places: readonly string[]): readonly string[] {
  return places.flatMap((place) => {
    const path = relative(directory, place).split(sep).join('/');
    const isBelow = path !== '' && path !== '..' && !path.startsWith('../') && !isAbsolute(path);
    return isBelow ? [escaped(path), `${escaped(path)}/**`] : [];
  });
}

/** The real path of what may not be there yet. */
function realPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPlace(dirname(path)), basename(path));
  }
}
