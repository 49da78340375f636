/** The tasks that somebody asks for by name, with all that they rest on. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { checkOptions, list, nonEmptyText } from '../../engine/options.ts';
import { cycleIn } from '../schedule.ts';
import { suggestion } from './nearest.ts';
import { isWithin, realDirectory } from './packages.ts';
import type { BuildWorkspace, PlannedTask, WorkspacePackage } from './workspace.ts';

/** Tasks to run. */
export interface Selection {
  /** What was asked for, by `package#task`. */
  readonly wanted: readonly string[];
  /** That and all that it rests on, dependencies first: what `runInOrder` takes. */
  readonly tasks: ReadonlyMap<string, PlannedTask>;
}

/**
 * A name means the task of the package that `from` is in; at the root, of every package that has it; `package#task` that of
 * one package, wherever we are (`//`: the root). Throws `bad_option` for a name that no task has, for tasks that don't end
 * by themselves, and for tasks that rest on each other in a circle, which the message shows.
 *
 * @example
 * const { wanted, tasks } = select(workspace, ['build', 'web#test'], { from: process.cwd() });
 */
export function select(
  workspace: BuildWorkspace,
  names: readonly string[],
  options: { readonly from: string },
): Selection {
  checkOptions('select', options, ['from']);
  list('names', names);
  const here = packageAt(workspace, realDirectory(nonEmptyText('from', options.from)));
  const ids = names.flatMap((name) => meant(workspace, nonEmptyText('names', name), here));
  const wanted = [...new Set(ids)];
  const tasks = withDependencies(workspace, wanted);
  const cycle = cycleIn(tasks);
  if (cycle !== undefined) throw new TidemarkError('bad_option', `tasks rest on each other: ${cycle.join(' -> ')}`);
  for (const [id, { persistent }] of tasks)
    if (persistent)
      throw new TidemarkError(
        'bad_option',
        `${id} goes on until it is stopped, or asks its user: it can't be run here${wanted.includes(id) ? '' : `, and ${restingOn(tasks, id)} rests on it`}`,
      );
  return { wanted, tasks };
}

function meant(workspace: BuildWorkspace, name: string, here: WorkspacePackage): readonly string[] {
  const hash = name.lastIndexOf('#');
  const root = workspace.packages[0];
  if (hash !== -1) return inPackage(workspace, name.slice(hash + 1), packageCalled(workspace, name.slice(0, hash)));
  if (here !== root) return inPackage(workspace, name, here);
  const found = workspace.packages.flatMap((one) => tasksOf(workspace, `${one.name}#${name}`) ?? []);
  if (found.length > 0) return found;
  throw unknown(name, '', namesOf(workspace, workspace.packages));
}

function inPackage(workspace: BuildWorkspace, name: string, one: WorkspacePackage): readonly string[] {
  const found = tasksOf(workspace, `${one.name}#${name}`);
  if (found !== undefined) return found;
  const others = workspace.packages.filter((other) => tasksOf(workspace, `${other.name}#${name}`) !== undefined);
  if (others.length === 0) throw unknown(name, ` in ${one.name}`, namesOf(workspace, [one]));
  const some = others
    .slice(0, 3)
    .map((other) => other.name)
    .join(', ');
  throw new TidemarkError('bad_option', `there is no task ${describe(name)} in ${one.name}; there is one in ${some}`);
}

/** A task, or what a group stands for; a group of nothing is a script that this package lacks. */
function tasksOf({ tasks, groups }: BuildWorkspace, id: string): readonly string[] | undefined {
  if (tasks.has(id)) return [id];
  const group = groups.get(id);
  return group === undefined || group.length === 0 ? undefined : group;
}

function packageCalled({ packages }: BuildWorkspace, name: string): WorkspacePackage {
  const found = name === '//' ? packages[0] : packages.find((one) => one.name === name);
  if (found !== undefined) return found;
  const others = suggestion(
    name,
    packages.map((one) => one.name),
  );
  throw new TidemarkError('bad_option', `there is no package ${describe(name)}; ${others}`);
}

/** The innermost package around a directory. */
function packageAt({ packages }: BuildWorkspace, directory: string): WorkspacePackage {
  const around = packages.filter((one) => isWithin(directory, one.directory));
  return around.toSorted((a, b) => b.directory.length - a.directory.length)[0] ?? packages[0];
}

function namesOf(workspace: BuildWorkspace, packages: readonly WorkspacePackage[]): readonly string[] {
  const prefixes = packages.map(({ name }) => `${name}#`);
  const ids = [...workspace.tasks.keys(), ...workspace.groups.keys()].filter(
    (id) => tasksOf(workspace, id) !== undefined,
  );
  return [
    ...new Set(
      ids.flatMap((id) => prefixes.filter((prefix) => id.startsWith(prefix)).map((prefix) => id.slice(prefix.length))),
    ),
  ];
}

function unknown(name: string, where: string, names: readonly string[]): TidemarkError {
  return new TidemarkError('bad_option', `there is no task ${describe(name)}${where}; ${suggestion(name, names)}`);
}

/** Each after all that it rests on, as long as there is no circle. */
function withDependencies({ tasks }: BuildWorkspace, wanted: readonly string[]): ReadonlyMap<string, PlannedTask> {
  const all = new Map<string, PlannedTask>();
  const begun = new Set<string>();
  const waiting = [...wanted].toReversed();
  for (let id = waiting.at(-1); id !== undefined; id = waiting.at(-1)) {
    const task = tasks.get(id)!;
    const open = begun.has(id) ? [] : task.dependsOn.filter((other) => !begun.has(other));
    begun.add(id);
    if (open.length > 0) waiting.push(...open.toReversed());
    else {
      all.set(id, task);
      waiting.pop();
    }
  }
  return all;
}

function restingOn(tasks: ReadonlyMap<string, PlannedTask>, id: string): string {
  return [...tasks.values()].find(({ dependsOn }) => dependsOn.includes(id))?.id ?? '';
}
