/** What a command really is: the package that it belongs to, or the content of its file, and what interprets that. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { delimiter, dirname, join, relative, resolve, sep } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, nonEmptyText } from '../engine/options.ts';
import { binDirectories } from './bin-directories.ts';
import { canonicalJson, type Digest, digestOf } from './digest.ts';
import { unreadable } from './file-digest.ts';
import { reachedInLock, readBytes } from './lockfile.ts';
import { CommandNotStarted } from './not-started.ts';
import type { StatIndex } from './stat-index.ts';
import { type NodePrecision, nodeVersion } from './surroundings.ts';

/** Where a command is looked for. */
export interface ExecutableOptions {
  /** The directory that the command runs in. */
  readonly cwd: string;
  /** What files are known to contain. */
  readonly index: StatIndex;
  /** All directories in which it is looked for, as in `PATH`. */
  readonly path?: string;
  /** How exactly the version of Node counts, where Node interprets the file. Default: `major`. */
  readonly node?: NodePrecision;
}

type Search = Required<ExecutableOptions>;

const BEGINNING = 4096; // bytes of a file in which its interpreter, and a shim's target, are looked for

/**
 * A text that is the same wherever the same program is installed, and another one for another program: for a file within
 * `node_modules` its path within its package, and the digest of the package's `package.json` with what the lockfile says
 * of the package and all that it depends on; for any other file its content; `node` by its version. A script is named
 * together with its interpreter.
 *
 * Looked for in `path`; by default in `node_modules/.bin` of `cwd` and of every directory above, then in this process's
 * `PATH`, as npm does. Throws `bad_option` when there is no such command, `store_failed` when it can't be read.
 */
export function executableIdentity(command: string, options: ExecutableOptions): string {
  checkOptions('executableIdentity', options, ['cwd', 'index', 'path', 'node']);
  const { node = 'major' } = options;
  const { path = [...binDirectories(options.cwd, '/'), process.env['PATH'] ?? ''].join(delimiter) } = options;
  return identityOf(nonEmptyText('command', command), { ...options, path, node }, 0);
}

function identityOf(command: string, search: Search, depth: number): string {
  const found = located(command, search);
  const file = shimTarget(found) ?? realpathSync(found);
  if (file === realpathSync(process.execPath)) return `node ${nodeVersion(search.node)}`;
  const own = packaged(file, search.index) ?? `content ${contentDigest(file, search.index)}`;
  const interpreter = interpreterOf(file);
  // An interpreter that is itself a script, and so on, is how far systems go, too.
  return interpreter === undefined || depth > 3 ? own : `${own} by ${identityOf(interpreter, search, depth + 1)}`;
}

function located(command: string, { cwd, path }: Search): string {
  const candidates = /[/\\]/.test(command)
    ? [resolve(cwd, command)]
    : path.split(delimiter).map((directory) => resolve(cwd, directory, command));
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : [''];
  const found = candidates.flatMap((file) => suffixes.map((suffix) => file + suffix)).find(isExecutable);
  if (found !== undefined) return found;
  const name = JSON.stringify(command);
  const isThere = candidates.some((file) => isFile(file) || (/[/\\]/.test(command) && existsSync(file)));
  if (isThere) throw new CommandNotStarted('not executable', `command: ${name} can't be executed in ${cwd}`, undefined);
  throw new CommandNotStarted('not found', `command: there is no ${name} to run in ${cwd}`, undefined);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Package managers that make no links put small scripts into `.bin`, which run a file of a package. */
function shimTarget(file: string): string | undefined {
  const isShim = dirname(file).endsWith(join('node_modules', '.bin')) && !lstatSync(file).isSymbolicLink();
  if (!isShim) return undefined;
  const targets = [...beginningOf(file).matchAll(/(?:\$basedir\/|%~?dp0%?\\)([^"]+)"/g)]
    .map(([, target]) => resolve(dirname(file), target.replaceAll('\\', '/')))
    .filter((target) => isFile(target) && !/[/\\]node(?:\.exe)?$/.test(target));
  return targets.length === 0 ? undefined : realpathSync(targets[0]);
}

/** The identity of a file within an installed package. */
function packaged(file: string, index: StatIndex): string | undefined {
  const parts = file.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at === -1 || parts[at + 1] === '.bin') return undefined;
  const end = at + (parts[at + 1]?.startsWith('@') ? 3 : 2);
  const directory = parts.slice(0, end).join(sep);
  const manifest = join(directory, 'package.json');
  if (end >= parts.length || !isFile(manifest)) return undefined;
  const { name, version } = manifestOf(manifest);
  const within = relative(directory, file).split(sep).join('/');
  const locked = lockedFrom(directory, index);
  // Where no lockfile vouches for what is in the package, at least the file itself does.
  const proof = { within, manifest: contentDigest(manifest, index), locked: locked ?? contentDigest(file, index) };
  return `package ${name}@${version} ${digestOf(canonicalJson(proof))}`;
}

/** What is pinned for a package and all that it needs, by what is installed, else by what should be. */
function lockedFrom(directory: string, index: StatIndex): Digest | undefined {
  for (let root = dirname(directory); ; root = dirname(root)) {
    for (const name of [join('node_modules', '.package-lock.json'), 'npm-shrinkwrap.json', 'package-lock.json']) {
      const file = join(root, name);
      if (index.look(file)?.kind !== 'file') continue;
      const place = relative(root, directory).split(sep).join('/');
      const reached = reachedInLock(readBytes(file), [place]);
      if (reached !== undefined) return digestOf(canonicalJson(reached));
    }
    if (dirname(root) === root) return undefined;
  }
}

function manifestOf(file: string): { readonly name: string; readonly version: string } {
  try {
    const { name, version } = JSON.parse(readBytes(file).toString('utf8')) as Record<string, unknown>;
    return { name: String(name), version: String(version) };
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    return { name: 'unnamed', version: 'unknown' }; // its digest still counts
  }
}

/** The command in the first line of a script: `#!/bin/sh`, `#!/usr/bin/env node`, `#!/usr/bin/env -S node --flag`. */
function interpreterOf(file: string): string | undefined {
  const words =
    /^#![ \t]*([^\r\n]+)/
      .exec(beginningOf(file))?.[1]
      .trim()
      .split(/[ \t]+/) ?? [];
  if (!/(?:^|\/)env$/.test(words[0] ?? '')) return words[0];
  return words.slice(1).find((word) => !word.startsWith('-') && !word.includes('='));
}

function beginningOf(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(BEGINNING);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes));
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function contentDigest(file: string, index: StatIndex): Digest {
  const found = index.look(file);
  if (found?.kind === 'file') return found.digest;
  throw new TidemarkError('store_failed', `${file} isn't a file that can be read`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
