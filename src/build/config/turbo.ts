/** `turbo.json` of the root and of packages, as definitions. */
import { join } from 'node:path';
import { type Definition, type Definitions, overlaid } from './definition.ts';
import { frameworkVariables } from './framework-variables.ts';
import type { Located, ReadFile } from './located.ts';
import { type Manifest, pathFrom } from './packages.ts';
import { mergedTask, readTurboTask, turboDefinition, type TurboTask } from './turbo-task.ts';

/** What turbo's files say, package by package, and what of it can't be carried over. */
export interface TurboTasks {
  readonly byPackage: ReadonlyMap<Manifest, Definitions>;
  readonly notes: readonly string[];
}

type Tasks = ReadonlyMap<string, TurboTask>;

const ROOT = '//';
/** What is looked at elsewhere, or has nothing to say here. */
const READ = [
  '$schema',
  'extends',
  'tasks',
  'pipeline',
  'globalDependencies',
  'globalEnv',
  'globalPassThroughEnv',
  'global',
  'globalDotEnv',
];
const GLOBAL = ['inputs', 'env', 'passThroughEnv'];

/** Reads `turbo.json` of the root, which is the first package, and those of packages; nothing where the root has none. Throws `bad_option` for what can't be made sense of. */
export function readTurbo(
  packages: readonly Manifest[],
  options: { readonly isMany: boolean; readonly read: ReadFile },
): TurboTasks | undefined {
  const [root] = packages;
  const file = turboFile(root.directory, options.read);
  if (file === undefined) return undefined;
  const notes: string[] = [];
  const own = tasksOf(file, notes);
  const global = globalsOf(file, notes);
  const byPackage = new Map<Manifest, Definitions>();
  for (const one of packages) {
    const isRoot = one === root && options.isMany;
    const fromRoot = rootTasksFor(own, one === root ? [one.name, ROOT] : [one.name], isRoot);
    const beside = one === root ? undefined : turboFile(one.directory, options.read);
    const merged = new Map(fromRoot);
    for (const [name, task] of beside === undefined ? [] : tasksOf(beside, notes)) {
      const base = task.extends === false ? undefined : merged.get(name);
      merged.set(name, mergedTask(base, task));
      if (task.extends === false && task.said.length === 0) merged.delete(name);
    }
    const context = {
      ...global,
      toRoot: pathFrom(one.directory, root.directory),
      framework: frameworkVariables(one.wanted),
      notes,
    };
    const definitions = [...merged].map(([name, task]): [string, Definition] => [name, turboDefinition(task, context)]);
    byPackage.set(one, overlaid(new Map(definitions)));
  }
  return { byPackage, notes: [...new Set(notes)] };
}

/** A task for one package, by one of its names, takes the place of the one for all. Those for all aren't for the root of many. */
function rootTasksFor(tasks: Tasks, names: readonly string[], isRoot: boolean): Tasks {
  const mine = new Map<string, TurboTask>();
  for (const [name, task] of tasks) if (!name.includes('#') && !isRoot) mine.set(name, task);
  for (const [name, task] of tasks) {
    const hash = name.lastIndexOf('#');
    if (hash !== -1 && names.includes(name.slice(0, hash))) mine.set(name.slice(hash + 1), task);
  }
  return mine;
}

function turboFile(directory: string, read: ReadFile): Located | undefined {
  return read(join(directory, 'turbo.json'), 'jsonc') ?? read(join(directory, 'turbo.jsonc'), 'jsonc');
}

/** `pipeline` is what `tasks` were called before. */
function tasksOf(file: Located, notes: string[]): Tasks {
  const members = file.members();
  const others = [...members.keys()].filter((name) => !READ.includes(name));
  if (others.length > 0) notes.push(`${file.where}: not carried over: ${others.join(', ')}`);
  if (
    members
      .get('extends')
      ?.texts()
      .some((from) => from !== ROOT)
  ) {
    const from = members.get('extends')!;
    notes.push(`${from.where}: extends: what packages share is read from the root's file only`);
  }
  const tasks = members.get('tasks') ?? members.get('pipeline');
  return new Map([...(tasks?.members() ?? [])].map(([name, task]) => [name, readTurboTask(task, notes)]));
}

/** What counts for every task. */
function globalsOf(
  file: Located,
  notes: string[],
): { readonly files: readonly string[]; readonly env: readonly string[]; readonly passEnv: readonly string[] } {
  const members = file.members();
  const block = members.get('global')?.members();
  const others = [...(block?.keys() ?? [])].filter((name) => !GLOBAL.includes(name));
  if (others.length > 0) notes.push(`${members.get('global')?.where}: global: not carried over: ${others.join(', ')}`);
  const texts = (old: string, now: string): readonly string[] => {
    const found = members.get(old) ?? block?.get(now);
    return found === undefined || found.value === null ? [] : found.texts();
  };
  const dotEnv = members.get('globalDotEnv');
  return {
    files: [
      ...texts('globalDependencies', 'inputs'),
      ...(dotEnv === undefined || dotEnv.value === null ? [] : dotEnv.texts()),
    ],
    env: texts('globalEnv', 'env'),
    passEnv: texts('globalPassThroughEnv', 'passThroughEnv'),
  };
}
