/** A task with everything that it leaves unsaid filled in, its directories real, and its globs named from the workspace. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { posix, relative, resolve, sep } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions, list, listOrNothing, nonEmptyText, oneOf } from '../engine/options.ts';
import type { Digest } from './digest.ts';
import type { NodePrecision } from './surroundings.ts';
import type { BuildTask } from './task.ts';

/** A task, ready to be looked at. Paths below the workspace have `/`, and `''` is the workspace itself. */
export interface ResolvedTask {
  readonly workspace: string;
  readonly root: string;
  readonly cwd: string;
  readonly rootPath: string;
  readonly cwdPath: string;
  readonly package: string;
  readonly name: string;
  readonly command: readonly string[] | string;
  /** From the workspace; nothing where they are to be found out. */
  readonly inputs: readonly string[] | undefined;
  /** From the package; nothing where they are to be found out. */
  readonly outputs: readonly string[] | undefined;
  /** From the workspace. */
  readonly exclude: readonly string[];
  /** From the package. */
  readonly excludedOutputs: readonly string[];
  /** Paths from the workspace. */
  readonly configs: readonly string[];
  readonly env: readonly string[];
  readonly passEnv: readonly string[];
  readonly set: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, Digest>>;
  readonly node: NodePrecision;
  readonly clean: 'always' | 'stale' | 'never';
}

const PLACES = 'workspace root cwd package name';
const WORK = 'command inputs outputs exclude configs env passEnv set dependencies node clean';
const NAMES: readonly string[] = `${PLACES} ${WORK}`.split(' ');

/** Throws `bad_option` for what a task can't be. */
export function resolvedTask(task: BuildTask): ResolvedTask {
  checkOptions('task', task, NAMES);
  const workspace = realDirectory('workspace', task.workspace);
  const root = realDirectory('root', task.root ?? workspace);
  const cwd = realDirectory('cwd', task.cwd ?? root);
  const rootPath = pathBelow('root', workspace, root);
  const cwdPath = pathBelow('cwd', workspace, cwd);
  const command = checkedCommand(task.command);
  for (const name of ['inputs', 'outputs', 'exclude', 'configs', 'env', 'passEnv'] as const)
    listOrNothing(name, task[name]);
  const { inputs, outputs, exclude = [], configs = [], env = [], passEnv = [], dependencies = {}, set = {} } = task;
  const fromWorkspace = (what: string, globs: readonly string[]): readonly string[] =>
    globs.map((glob) => rebased(what, rootPath, glob));
  return {
    workspace,
    root,
    cwd,
    rootPath,
    cwdPath,
    package: task.package ?? packageName(root) ?? rootPath,
    name: task.name ?? (typeof command === 'string' ? command : command.join(' ')),
    command,
    inputs: inputs && fromWorkspace('inputs', inputs),
    outputs: outputs?.map((glob) => nonEmptyText('outputs', glob)),
    exclude: fromWorkspace('exclude', exclude),
    excludedOutputs: exclude.filter((glob) => !/^!?\.\.(\/|$)/.test(glob)),
    configs: fromWorkspace('configs', configs),
    env: env.map((name) => nonEmptyText('env', name)),
    passEnv: passEnv.map((name) => nonEmptyText('passEnv', name)),
    set,
    dependencies,
    node: oneOf('node', task.node ?? 'major', ['major', 'exact']),
    clean: oneOf('clean', task.clean ?? 'never', ['always', 'stale', 'never']),
  };
}

/** How a task is called by people. */
export function titleOf({ package: owner, name }: Pick<ResolvedTask, 'package' | 'name'>): string {
  return owner === '' ? name : `${owner}#${name}`;
}

/** What tells its runs from others': the same command in two directories is two tasks. */
export function identityOf(task: Pick<ResolvedTask, 'package' | 'name' | 'rootPath' | 'cwdPath'>): string {
  return JSON.stringify([titleOf(task), task.rootPath, task.cwdPath]);
}

/**
 * What it made here is remembered by this: with other variables (`fields` are those of its key) or other outputs it makes
 * other things, and bringing back the ones must not remove the others.
 */
export function workOf(task: ResolvedTask, fields: Readonly<Record<string, string>>): string {
  const variables = Object.entries(fields).filter(([field]) => field.startsWith('env:'));
  return JSON.stringify([identityOf(task), task.command, task.outputs ?? null, variables]);
}

/** A path or glob from a package as one from the workspace. Throws `bad_option` if it climbs out of that. */
export function rebased(what: string, rootPath: string, glob: string): string {
  nonEmptyText(what, glob);
  const [sign, path] = glob.startsWith('!') ? ['!', glob.slice(1)] : ['', glob];
  const joined = posix.isAbsolute(path) ? '..' : posix.normalize(posix.join(escaped(rootPath), path));
  if (joined === '..' || joined.startsWith('../'))
    throw new TidemarkError('bad_option', `${what}: ${describe(glob)} must stay in the workspace`);
  return sign + joined.replace(/^\.\//, '');
}

/** A path that as a glob means itself alone. */
export function escaped(path: string): string {
  return path.replaceAll(/[\\!*?()[\]{}]/g, String.raw`\$&`);
}

function realDirectory(what: string, directory: string): string {
  const path = resolve(nonEmptyText(what, directory));
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new TidemarkError('bad_option', `${what}: there is no directory ${describe(path)}`);
  return realpathSync(path);
}

function pathBelow(what: string, workspace: string, directory: string): string {
  const path = relative(workspace, directory).split(sep).join('/');
  if (path === '..' || path.startsWith('../') || resolve(workspace, path) !== directory)
    throw new TidemarkError('bad_option', `${what}: ${describe(directory)} must be in the workspace`);
  return path;
}

function checkedCommand(command: BuildTask['command']): readonly string[] | string {
  if (typeof command === 'string') return nonEmptyText('command', command);
  list('command', command);
  nonEmptyText('command', command[0]);
  for (const word of command)
    if (typeof word !== 'string' || word.includes('\0'))
      throw new TidemarkError('bad_option', `command: ${describe(word)} can't be an argument`);
  return command;
}

function packageName(root: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { readonly name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined; // none, or none that could be read: its path names it then
  }
}
