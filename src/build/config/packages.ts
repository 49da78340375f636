/** The root of a workspace and its packages. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { globbed } from '../globbed.ts';
import type { Located, ReadFile } from './located.ts';

/** A package as its package.json has it. */
export interface Manifest {
  readonly directory: string;
  /** The name in package.json, else the path from the root, `.` for the root itself. */
  readonly name: string;
  readonly version: string | undefined;
  readonly scripts: ReadonlyMap<string, string>;
  /** Names of what it depends on, in whatever way but as a peer. */
  readonly wanted: readonly string[];
  readonly json: Located | undefined;
}

/** What a root is known by, besides `.git`: given a directory, the globs of its packages, or nothing. */
export type Workspaces = (directory: string) => readonly string[] | undefined;

/** The nearest directory, here or above, that has workspaces or `.git`; else that of the nearest package; else this one. */
export function rootOf(from: string, workspaces: Workspaces): string {
  const chain = ancestors(from);
  const root = chain.find((at) => workspaces(at) !== undefined || isPnpmRoot(at) || existsSync(join(at, '.git')));
  return root ?? nearestPackage(from) ?? from;
}

/** The nearest directory, here or above, with a package.json or a file of ours. */
export function nearestPackage(from: string): string | undefined {
  return ancestors(from).find((at) =>
    ['package.json', 'tidemark.build.json'].some((name) => existsSync(join(at, name))),
  );
}

/** The globs that npm, yarn and bun read. */
export function npmWorkspaces(json: Located | undefined): readonly string[] | undefined {
  const found = json?.members().get('workspaces');
  if (found === undefined) return undefined;
  return Array.isArray(found.value) ? found.texts() : found.members().get('packages')?.texts();
}

/** The directories of packages by globs from the root, in bytewise order of their paths. */
export function packageDirectories(root: string, globs: readonly string[]): readonly string[] {
  const files = globs.map((glob) => `${glob.replace(/^(!?)\.\//, '$1').replace(/\/+$/, '')}/package.json`);
  return globbed({ root, globs: files }).map((file) => join(root, dirname(file)));
}

/** Throws `bad_option` where pnpm alone knows the packages. */
export function checkPnpm(root: string): void {
  if (!isPnpmRoot(root)) return;
  throw new TidemarkError(
    'bad_option',
    `${join(root, 'pnpm-workspace.yaml')} isn't read: name the packages in tidemark.build.json too, as in "workspaces": ["packages/*"]`,
  );
}

/** Reads a package; one without package.json has no scripts. Throws `bad_option` with the line of what is wrong in it. */
export function readManifest(directory: string, root: string, read: ReadFile): Manifest {
  const json = read(join(directory, 'package.json'), 'json');
  const members = json?.members();
  const name = members?.get('name')?.text() ?? pathFrom(root, directory);
  const version = members?.get('version')?.value;
  const scripts = [...(members?.get('scripts')?.members() ?? [])].filter(([, text]) => text.value !== '');
  return {
    directory,
    name,
    version: typeof version === 'string' ? version : undefined,
    scripts: new Map(scripts.map(([script, text]) => [script, text.text()])),
    wanted: ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) => namesIn(members?.get(kind))),
    json,
  };
}

/** Throws `bad_option` for two packages of one name: neither could be told from the other. */
export function checkNames(packages: readonly Manifest[]): void {
  const byName = new Map<string, Manifest>();
  for (const one of packages) {
    const other = byName.get(one.name);
    if (other !== undefined)
      throw new TidemarkError(
        'bad_option',
        `two packages are called ${describe(one.name)}: ${other.directory} and ${one.directory}`,
      );
    byName.set(one.name, one);
  }
}

/** A path with `/`, as globs have it; `.` for the place itself. */
export function pathFrom(from: string, to: string): string {
  return relative(from, to).split(sep).join('/') || '.';
}

/** Whether a directory is another one or in it. */
export function isWithin(directory: string, outer: string): boolean {
  const path = pathFrom(outer, directory);
  return path !== '..' && !path.startsWith('../') && resolve(outer, path) === directory;
}

/** The real path of a directory: roots and packages are compared by it. */
export function realDirectory(directory: string): string {
  try {
    return realpathSync(resolve(directory));
  } catch (error) {
    throw new TidemarkError('bad_option', `there is no directory ${describe(directory)}`, error);
  }
}

function ancestors(from: string): readonly string[] {
  const chain = [from];
  while (dirname(chain[0]) !== chain[0]) chain.unshift(dirname(chain[0]));
  return chain.toReversed();
}

/** Settings of pnpm that name no packages make no workspace. */
function isPnpmRoot(directory: string): boolean {
  const file = join(directory, 'pnpm-workspace.yaml');
  return existsSync(file) && /^["']?packages["']?\s*:/m.test(readFileSync(file, 'utf8'));
}

/** An alias stands for a package from elsewhere. */
function namesIn(dependencies: Located | undefined): readonly string[] {
  const all = dependencies === undefined ? [] : [...dependencies.members()];
  return all.filter(([, range]) => !String(range.value).startsWith('npm:')).map(([name]) => name);
}
