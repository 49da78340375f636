/** What a lockfile pins for one package: only what its dependencies reach, where the lockfile tells, else all of it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { checkOptions, nonEmptyText } from '../engine/options.ts';
import { canonicalJson, type Digest, digestOf } from './digest.ts';
import { unreadable } from './file-digest.ts';

/** Lockfiles in the order in which they count; npm reads a shrinkwrap before its lock. */
const NAMES = ['npm-shrinkwrap.json', 'package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'];
const NPM = NAMES.slice(0, 2);

/**
 * The digest of what the nearest lockfile, in the package's directory or above, pins for the package; `null` without one.
 * For npm (versions 2 and 3) that is what the package's dependencies and the root's reach, since a package may use what
 * the root declares. Any other lockfile, and one that can't be made sense of, counts as a whole. Throws `store_failed`
 * if it can't be read.
 */
export function lockfileDigest(options: { readonly package: string }): Digest | null {
  checkOptions('lockfileDigest', options, ['package']);
  const directory = resolve(nonEmptyText('package', options.package));
  const file = nearestLockfile(directory);
  if (file === undefined) return null;
  const bytes = readBytes(file);
  const location = relative(dirname(file), directory).split(sep).join('/');
  const reached = NPM.some((name) => file.endsWith(name)) ? reachedInLock(bytes, ['', location]) : undefined;
  return reached === undefined ? digestOf(bytes) : digestOf(canonicalJson(reached));
}

/** A package as `packages` of an npm lockfile describes it. */
type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly dependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
  readonly devDependencies?: Names;
};
type Names = Readonly<Record<string, string>>;

/**
 * What is reached from places of an npm lockfile, by place: what is installed there, or `absent` for what is wanted and
 * isn't there. `undefined` when the text isn't such a lockfile or doesn't know the places. Development dependencies count
 * for the places themselves.
 */
export function reachedInLock(
  bytes: Uint8Array,
  starts: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  const packages = lockedPackages(bytes);
  if (packages === undefined || starts.some((start) => !packages.has(start))) return undefined;
  const reached = new Map<string, unknown>();
  const waiting = [...starts];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (reached.has(place)) continue;
    const locked = packages.get(place)!;
    reached.set(place, pinned(locked));
    if (locked.link === true && typeof locked.resolved === 'string') {
      if (!packages.has(locked.resolved)) return undefined;
      waiting.push(locked.resolved);
    }
    for (const name of wanted(locked, starts.includes(place))) {
      const found = resolvedFrom(packages, place, name);
      if (found === undefined) reached.set(`${place} -> ${name}`, 'absent');
      else waiting.push(found);
    }
  }
  return Object.fromEntries(reached);
}

/** The bytes of a file. Throws `store_failed`. */
export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Integrity says all of the content; without it (folders, git, archives by address) the rest of what is known does. */
function pinned(locked: Locked): unknown {
  const { version = null, integrity, resolved = null } = locked;
  return integrity === undefined ? locked : { version, integrity, link: locked.link === true ? resolved : null };
}

function wanted(locked: Locked, isStart: boolean): readonly string[] {
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = locked;
  return Object.keys({
    ...dependencies,
    ...optionalDependencies,
    ...peerDependencies,
    ...(isStart ? devDependencies : {}),
  });
}

/** Where Node finds a package by name: in `node_modules` of the place, and of every directory above. */
function resolvedFrom(packages: ReadonlyMap<string, Locked>, place: string, name: string): string | undefined {
  for (let from = place; ; from = from.includes('/') ? from.slice(0, from.lastIndexOf('/')) : '') {
    const candidate = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
    if (packages.has(candidate)) return candidate;
    if (from === '') return undefined;
  }
}

/** The last few that were read: a run asks for the same ones several times, and reading them takes milliseconds. */
const read = new Map<Digest, ReadonlyMap<string, Locked> | undefined>();
const READ = 4;

/** What a lockfile of npm says of each place, or nothing if it can't be made sense of. */
export function lockedPackages(bytes: Uint8Array): ReadonlyMap<string, Locked> | undefined {
  const digest = digestOf(bytes);
  const known = read.get(digest);
  if (known || read.has(digest)) return known;
  const packages = parsedPackages(bytes);
  for (const oldest of read.keys()) if (read.size >= READ) read.delete(oldest);
  read.set(digest, packages);
  return packages;
}

function parsedPackages(bytes: Uint8Array): ReadonlyMap<string, Locked> | undefined {
  try {
    const lock = JSON.parse(Buffer.from(bytes).toString('utf8')) as { readonly packages?: unknown } | null;
    const packages = lock?.packages;
    if (typeof packages !== 'object' || packages === null || Array.isArray(packages)) return undefined;
    const entries = Object.entries(packages) as [string, unknown][];
    return entries.every(([, value]) => typeof value === 'object' && value !== null)
      ? new Map(entries as [string, Locked][])
      : undefined;
  } catch {
    return undefined;
  }
}

/** The lockfile in a directory or above. */
export function nearestLockfile(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const file = NAMES.map((name) => join(at, name)).find((path) => existsSync(path));
    if (file !== undefined || dirname(at) === at) return file;
  }
}
