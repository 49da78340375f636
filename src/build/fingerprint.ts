/** What a task's result depends on, as it is now: everything but the inputs first, then the inputs that are known of it. */
import { statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { childEnvironment, type ChildEnvironment } from './child-environment.ts';
import { collect, type Collected } from './collectors/collect.ts';
import type { Digest } from './digest.ts';
import { executableIdentity } from './executable.ts';
import type { InputSpec } from './input-spec.ts';
import { installedState } from './installed.ts';
import { describeKey, keyOfFields } from './key.ts';
import { lockfileDigest } from './lockfile.ts';
import { outputsByGlobs } from './output-globs.ts';
import type { InputEntry } from './record.ts';
import { escaped, rebased, type ResolvedTask, titleOf } from './resolved-task.ts';
import { specInputs } from './spec-inputs.ts';
import type { StatIndex } from './stat-index.ts';
import { surroundings } from './surroundings.ts';
import { programsOf, simpleWords } from './words.ts';

/** Everything but the inputs. */
export interface Facts {
  readonly task: ResolvedTask;
  readonly fields: Readonly<Record<string, string>>;
  /** The digest of the fields alone: what is known of the inputs is kept under it. */
  readonly weak: Digest;
  readonly environment: ChildEnvironment;
  /** What is known of the tool that runs. */
  readonly collected: Collected | undefined;
}

/** The inputs by one way to find them, and the key that they make. */
export interface Candidate {
  readonly spec: InputSpec;
  readonly inputs: readonly InputEntry[];
  readonly key: Digest;
}

/** Look at a task. Throws `bad_option` if its command isn't there. */
export function factsOf(task: ResolvedTask, index: StatIndex, from: NodeJS.ProcessEnv): Facts {
  const words = typeof task.command === 'string' ? simpleWords(task.command) : task.command;
  const collected = words && collect({ words, cwd: task.cwd, root: task.root, workspace: task.workspace });
  if (task.inputs && !task.outputs && collected?.complete !== true)
    throw new TidemarkError(
      'bad_option',
      `outputs: say what ${titleOf(task)} makes, or [] for nothing but text: where inputs are declared, it isn't found out`,
    );
  const environment = childEnvironment({
    env: [...task.env, ...(collected?.env ?? [])],
    passEnv: task.passEnv,
    set: task.set,
    from,
    cwd: task.cwd,
    workspace: task.workspace,
  });
  const declared = task.inputs !== undefined;
  const parts = {
    package: task.package,
    task: task.name,
    executable: programsIdentity(task, index, environment),
    arguments: typeof task.command === 'string' ? [task.command] : task.command,
    inputs: [],
    dependencies: task.dependencies,
    lockfile: lockfileDigest({ package: task.root }),
    // Where all that is read is found out, configuration is found as well, but for what somebody names.
    configs: configDigests(declared ? [...configsOf(task), ...(collected?.configs ?? [])] : task.configs, task, index),
    surroundings: surroundings({
      names: environment.declared,
      environment: { ...from, ...task.set },
      node: task.node,
    }),
  };
  const fields = {
    ...describeKey(parts),
    directory: JSON.stringify([task.rootPath, task.cwdPath]),
    'declared outputs': task.outputs ? JSON.stringify(task.outputs) : 'none',
    'declared inputs': task.inputs ? JSON.stringify(task.inputs) : 'none',
    excluded: JSON.stringify(task.exclude),
    // What they say doesn't count; that they reach the command does.
    'passed variables': JSON.stringify(task.passEnv.toSorted()),
    installed: installedState(task.root, task.workspace, index),
    ...argumentFields(words ?? [], task, index),
  };
  return { task, fields, weak: keyOfFields(fields, []), environment, collected };
}

/** What is read, by a spec that is known. */
export function candidateBy(spec: InputSpec, { task, fields }: Facts, index: StatIndex): Candidate {
  const inputs = specInputs(spec, { workspace: task.workspace, index });
  return { spec, inputs, key: keyOfFields(fields, inputs) };
}

/** Whether an error says that something can't be read, rather than that somebody has asked for what can't be. */
export function isUnreadable(error: unknown): error is TidemarkError {
  return error instanceof TidemarkError && (error.code === 'store_failed' || error.code === 'bad_value');
}

/** The spec of inputs that are declared: what is an output isn't an input, too. */
export function declaredSpec({
  workspace,
  root,
  rootPath,
  inputs = [],
  outputs = [],
  exclude,
}: ResolvedTask): InputSpec {
  const inWorkspace = (path: string): string => rebased('outputs', rootPath, path);
  const isExact = outputs.some((glob) => glob.startsWith('!'));
  const paths = isExact
    ? outputsByGlobs(root, outputs).map((path) =>
        escaped(relative(workspace, resolve(root, path)).split(sep).join('/')),
      )
    : outputs.map(inWorkspace);
  return { kind: 'globs', globs: inputs, exclude: [...exclude, ...paths] };
}

function programsIdentity(task: ResolvedTask, index: StatIndex, { env }: ChildEnvironment): string {
  const search = { cwd: task.cwd, index, path: env['PATH'] ?? env['Path'] ?? '', node: task.node };
  if (typeof task.command !== 'string') {
    const [first] = task.command;
    const others = programsOf(task.command).filter((program) => program !== first);
    return [executableIdentity(first, search), ...others.map((program) => identityIfThere(program, search))].join(', ');
  }
  return programsOf(task.command)
    .map((program) => identityIfThere(program, search))
    .join(', ');
}

/** What a shell's text names may be a word of the shell's own. */
function identityIfThere(program: string, search: Parameters<typeof executableIdentity>[1]): string {
  try {
    return executableIdentity(program, search);
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'bad_option') return `no file ${program}`;
    throw error;
  }
}

/** The package's own manifest is read by whatever runs there. */
function configsOf({ rootPath, configs }: ResolvedTask): readonly string[] {
  return [rootPath === '' ? 'package.json' : `${rootPath}/package.json`, ...configs];
}

function configDigests(
  paths: readonly string[],
  { workspace }: ResolvedTask,
  index: StatIndex,
): Readonly<Record<string, Digest | null>> {
  const digests = [...new Set(paths)].map((path) => {
    const found = index.look(resolve(workspace, path));
    return [path, found?.kind === 'file' ? found.digest : null] as const;
  });
  return Object.fromEntries(digests);
}

/** Files among the arguments that no input could be: a script elsewhere; and where inputs are declared, any. */
function argumentFields(
  words: readonly string[],
  task: ResolvedTask,
  index: StatIndex,
): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const word of words.slice(1)) {
    const path = resolve(task.cwd, word);
    if (word === '' || word.startsWith('-') || !isFile(path)) continue;
    const below = relative(task.workspace, path);
    const isOutside = below.startsWith('..') || isAbsolute(below);
    if (!isOutside && (task.inputs === undefined || isOutput(path, task))) continue;
    const found = index.look(path);
    if (found?.kind === 'file') fields[`argument:${word}`] = found.digest;
  }
  return fields;
}

/** Most arguments are no names of files at all. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false; // too long for a name, or not within reach
  }
}

function isOutput(path: string, { root, outputs = [] }: ResolvedTask): boolean {
  if (outputs.length === 0) return false;
  const below = relative(root, path).split(sep).join('/');
  return !below.startsWith('..') && outputsByGlobs(root, outputs).includes(below);
}
