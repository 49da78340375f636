/** A command on the command line as a task: in the repository that it is called in. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileSettings } from '../../build/config/settings.ts';
import { readSettings } from '../../build/config/root.ts';
import type { BuildTask } from '../../build/task.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { type Terminal, UsageError } from '../command.ts';
import { choice, exclusive, filled } from './flags.ts';

/** The flags that describe a command. */
export const TASK_FLAGS = {
  in: { type: 'string', multiple: true },
  out: { type: 'string', multiple: true },
  'no-out': { type: 'boolean' },
  exclude: { type: 'string', multiple: true },
  env: { type: 'string', multiple: true },
  'pass-env': { type: 'string', multiple: true },
  name: { type: 'string' },
  node: { type: 'string' },
  clean: { type: 'boolean' },
} as const;

/** Lines of help about them. */
export const TASK_HELP: readonly string[] = [
  '  --in GLOB          what the command reads; without it, that is found out',
  '  --out GLOB         what it makes; without it, that is found out; --no-out: nothing but text',
  '  --exclude GLOB     what is neither',
  '  --env NAME         a variable that it reads (* for any letters); others don’t reach it',
  '  --pass-env NAME    a variable that reaches it and doesn’t count',
  '  --name NAME        what it is called in lists and explanations (default: its text)',
  '  --node exact       count the exact version of Node, not only its first number',
  '  --clean            remove the outputs before it runs',
];

/** What was said with them. */
export interface TaskValues {
  readonly in?: readonly string[] | undefined;
  readonly out?: readonly string[] | undefined;
  readonly 'no-out'?: boolean | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly 'pass-env'?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly node?: string | undefined;
  readonly clean?: boolean | undefined;
}

/**
 * The task of a command, and the settings of its repository. Globs are from the directory in which we were called, and
 * then outputs stay within that; else everything in the repository may be one.
 */
export function taskOf(
  command: readonly string[],
  values: TaskValues,
  { directory }: Pick<Terminal, 'directory'>,
): { readonly task: BuildTask; readonly settings: FileSettings } {
  exclusive(values, ['out', 'no-out']);
  for (const name of ['in', 'out', 'exclude', 'env', 'pass-env', 'name'] as const)
    for (const value of [values[name] ?? []].flat()) filled(`--${name}`, value);
  const node = choice('--node', values.node, ['major', 'exact']);
  const { settings } = readSettings(directory);
  const workspace = repositoryOf(directory);
  const outputs = values['no-out'] === true ? [] : values.out;
  const isSaid = (values.in ?? outputs) !== undefined;
  const task: BuildTask = {
    workspace,
    root: isSaid ? directory : workspace,
    cwd: directory,
    command,
    ...(values.in && { inputs: values.in }),
    ...(outputs && { outputs }),
    ...(values.exclude && { exclude: values.exclude }),
    env: [...(settings.env ?? []), ...(values.env ?? [])],
    passEnv: [...(settings.passEnv ?? []), ...(values['pass-env'] ?? [])],
    ...(values.name !== undefined && { name: values.name }),
    ...(node !== undefined && { node }),
    ...(values.clean === true && { clean: 'always' as const }),
  };
  return { task, settings };
}

const FLAG_OF: Readonly<Record<string, string>> = {
  inputs: '--in',
  outputs: '--out',
  exclude: '--exclude',
  env: '--env',
  passEnv: '--pass-env',
};

/** What is wrong with an option of a task, said of the flag that it came from. */
export function saidOfFlags(error: unknown): unknown {
  if (!(error instanceof TidemarkError) || error.code !== 'bad_option') return error;
  const [, option, text] = /^(\w+)(:? .*)$/s.exec(error.message) ?? [];
  if (!Object.hasOwn(FLAG_OF, option ?? '')) return error;
  return new UsageError(FLAG_OF[option] + text.replace('or [] for', 'or --no-out for'));
}

/** The nearest directory, here or above, with `.git`; else the nearest with a package; else this one. */
function repositoryOf(directory: string): string {
  return nearest(directory, '.git') ?? nearest(directory, 'package.json') ?? directory;
}

function nearest(directory: string, name: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return at;
    if (dirname(at) === at) return undefined;
  }
}
