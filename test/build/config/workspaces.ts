/** Workspaces for tests, written as objects. */
import type { BuildTask } from '../../../src/build/task.ts';
import { type BuildWorkspace, type PlannedTask, readWorkspace } from '../../../src/build/config/workspace.ts';
import { directoryWith } from '../counted-disk.ts';

/** A directory with these files: text, or values that become JSON. It is gone after the test. */
export function directoryOf(files: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(files).map(([path, value]) => [
    path,
    typeof value === 'string' ? value : JSON.stringify(value, null, 2),
  ]);
  return directoryWith(Object.fromEntries(texts) as Record<string, string>);
}

/** The workspace that these files describe. */
export function workspaceOf(files: Readonly<Record<string, unknown>>): BuildWorkspace {
  return readWorkspace(directoryOf(files), { environment: {} });
}

/** A task that must be there. */
export function planned(workspace: BuildWorkspace, id: string): PlannedTask {
  const found = workspace.tasks.get(id);
  if (found === undefined) throw new Error(`${id} isn't among ${[...workspace.tasks.keys()].join(', ')}`);
  return found;
}

/** What is said of a task, without where it is and what it is called. */
export function said(workspace: BuildWorkspace, id: string): Partial<BuildTask> {
  const { workspace: _, root: __, package: ___, name: ____, ...others } = planned(workspace, id).task;
  return others;
}

/** Three packages, `app` on `lib` on `base`, of which each has the scripts named. */
export function three(
  scripts: Readonly<Record<'app' | 'lib' | 'base', readonly string[]>>,
): Readonly<Record<string, unknown>> {
  const manifest = (name: 'app' | 'lib' | 'base', dependencies: object): object => ({
    name,
    scripts: Object.fromEntries(scripts[name].map((script) => [script, `echo ${script}`])),
    dependencies,
  });
  return {
    'package.json': { name: 'root', workspaces: ['packages/*'] },
    'packages/app/package.json': manifest('app', { lib: '*' }),
    'packages/lib/package.json': manifest('lib', { base: '*' }),
    'packages/base/package.json': manifest('base', {}),
  };
}
