/** The options of `tidemark.build.json`, and what reads each of them: the shipped JSON schema has the same names. */
import { resolve } from 'node:path';
import { type Duration, duration, positiveInteger, type Size, size } from '../../engine/options.ts';
import { type Definition, type Definitions, reference } from './definition.ts';
import type { Located, Readers } from './located.ts';

/** What configuration files say of the cache as a whole. Nothing is said by default. */
export interface FileSettings {
  /** Absolute. */
  readonly cacheDir?: string;
  /** Bytes. */
  readonly maxSize?: number;
  /** Milliseconds. */
  readonly maxAge?: number;
  /** Every blob is read and compared on each use. */
  readonly verify?: boolean;
  /** Names of packages, with `*` for any letters, whose tasks aren't cached. */
  readonly exclude?: readonly string[];
  readonly links?: 'none' | 'hard';
  readonly compress?: boolean;
  /** How many tasks run at once, at most. */
  readonly concurrency?: number;
  /** Stores behind the local one, nearest first. */
  readonly remote?: readonly RemoteSettings[];
  /** Names of variables that every task reads. */
  readonly env?: readonly string[];
  /** Names of variables that reach every task and don't count. */
  readonly passEnv?: readonly string[];
  /** Globs of the directories of packages, from the root. */
  readonly workspaces?: readonly string[];
  /** What is read besides: blocks of wireit, `turbo.json`. Default: all of them. */
  readonly formats?: readonly Format[];
}

/** A remote store: by its address, or by a directory, which is absolute. */
export interface RemoteSettings {
  readonly url?: string;
  readonly directory?: string;
  readonly readOnly?: boolean;
  /** The name of the variable that has the token. */
  readonly token?: string;
}

/** A format of another tool. */
export type Format = 'wireit' | 'turbo';

/** The option of the file in which tasks are. */
interface FileTasks {
  readonly $schema?: string;
  readonly tasks?: Definitions;
}

/** An option of a task, as it is written. */
type TaskOptions = Omit<Definition, 'persistent' | 'everywhere' | 'set'>;

export const TASK_READERS: Readers<TaskOptions> = {
  command: (value) => (Array.isArray(value.value) ? words(value) : value.text()),
  inputs: (value) => value.texts(),
  outputs: (value) => value.texts(),
  exclude: (value) => value.texts(),
  configs: (value) => value.texts(),
  env: (value) => value.texts(),
  passEnv: (value) => value.texts(),
  dependsOn: (value) => value.items().map(reference),
  cache: (value) => value.flag(),
  clean: (value) => value.oneOf(['always', 'stale', 'never']),
  node: (value) => value.oneOf(['major', 'exact']),
};

const REMOTE_READERS: Readers<RemoteSettings> = {
  url: (value) => {
    if (!/^https?:\/\/[^/\s]/.test(value.text()))
      throw value.error(`${value.name} must begin with http:// or https://`);
    return value.text();
  },
  directory: path,
  readOnly: (value) => value.flag(),
  token: (value) => value.text(),
};

/** What a package's own file may say. */
export const PACKAGE_READERS: Readers<FileTasks> = {
  $schema: (value) => value.text(),
  tasks: (value) =>
    new Map([...value.members()].map(([name, task]) => [taskName(name, task), task.options(TASK_READERS)])),
};

/** What the file of the workspace's root may say. */
export const ROOT_READERS: Readers<FileSettings & FileTasks> = {
  ...PACKAGE_READERS,
  cacheDir: path,
  // The value is checked where it is read: a wrong one is told with the name that it is given here.
  maxSize: (value) => size(`${value.where}: maxSize`, lowered(value) as Size),
  maxAge: (value) => duration(`${value.where}: maxAge`, lowered(value) as Duration),
  verify: (value) => value.flag(),
  exclude: (value) => value.texts(),
  links: (value) => value.oneOf(['none', 'hard']),
  compress: (value) => value.flag(),
  concurrency: (value) => positiveInteger(`${value.where}: concurrency`, value.value as number),
  remote: (value) => (Array.isArray(value.value) ? value.items() : [value]).map(remote),
  env: (value) => value.texts(),
  passEnv: (value) => value.texts(),
  workspaces: (value) => value.texts(),
  formats: (value) => value.items().map((item) => item.oneOf(['wireit', 'turbo'])),
};

function remote(value: Located): RemoteSettings {
  const settings = value.options(REMOTE_READERS);
  if ((settings.url === undefined) === (settings.directory === undefined))
    throw value.error(`${value.name} must have either a url or a directory`);
  return settings;
}

/** A program and its arguments, which may be empty. */
function words(value: Located): readonly string[] {
  const [program, ...others] = value.items();
  if (program === undefined) throw value.error(`${value.name} must name a program`);
  for (const word of others) if (typeof word.value !== 'string') word.text();
  return [program.text(), ...others.map((word) => String(word.value))];
}

function taskName(name: string, task: Located): string {
  if (name === '' || /[#^]/.test(name))
    throw task.error(
      `${task.name}: a task's name has no "#" and no "^"; what is for one package is said in its own file`,
    );
  return name;
}

function path(value: Located): string {
  return resolve(value.directory, value.text());
}

function lowered({ value }: Located): unknown {
  return typeof value === 'string' ? value.toLowerCase().replaceAll(' ', '') : value;
}
