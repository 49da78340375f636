/** Whether what is installed is what the lockfile says: a result that older packages made is not the new lockfile's. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { bytewise, canonicalJson, type Digest, digestOf } from './digest.ts';
import { lockedPackages, nearestLockfile, reachedInLock } from './lockfile.ts';
import type { StatIndex } from './stat-index.ts';

/** Where package managers note what they have installed, below the directory of the lockfile. */
const NOTES = ['node_modules/.modules.yaml', 'node_modules/.yarn-state.yml', 'node_modules/.yarn-integrity'];

/**
 * `as locked` where what a package reaches is installed as the lockfile has it; else something that names what is
 * installed instead. npm notes all packages, pnpm its whole lockfile; of what others note, the text counts. Where nobody
 * notes anything, the `package.json` of every package that is installed here or above does.
 */
export function installedState(directory: string, workspace: string, index: StatIndex): string {
  const lockfile = nearestLockfile(directory);
  if (lockfile === undefined) return manifestsDigest(directory, workspace, index);
  const home = dirname(lockfile);
  if (!existsSync(join(home, 'node_modules'))) return manifestsDigest(directory, workspace, index);
  const locked = bytesOf(lockfile);
  const pnpm = bytesOf(join(home, 'node_modules/.pnpm/lock.yaml'));
  if (pnpm) return locked?.equals(pnpm) ? 'as locked' : `pnpm ${digestOf(pnpm)}`;
  const npm = bytesOf(join(home, 'node_modules/.package-lock.json'));
  if (npm && locked) return npmState(locked, npm, relative(home, directory).split(sep).join('/'));
  const notes = NOTES.map((name) => bytesOf(join(home, name))).find((bytes) => bytes !== undefined);
  return notes ? `noted ${digestOf(notes)}` : manifestsDigest(directory, workspace, index);
}

/** What is installed, from a directory up to the workspace, and in the nearest place above that has anything. */
function manifestsDigest(directory: string, workspace: string, index: StatIndex): string {
  const found: (readonly [string, Digest])[] = [];
  for (let at = directory, level = 0; ; at = dirname(at), level++) {
    const before = found.length;
    manifestsIn(join(at, 'node_modules'), `${level}`, index, found);
    const isAbove = !(at === workspace || at.startsWith(workspace + sep)) || at === workspace;
    if ((isAbove && found.length > before) || dirname(at) === at) break;
  }
  return found.length === 0 ? 'nothing' : `manifests ${digestOf(canonicalJson(found))}`;
}

/** Of a link, what is behind it is a package of the workspace, or installed elsewhere: its own packages aren't looked at. */
function manifestsIn(directory: string, name: string, index: StatIndex, found: (readonly [string, Digest])[]): void {
  for (const entry of namesIn(directory)) {
    const [path, own] = [join(directory, entry), `${name}/${entry}`];
    if (entry.startsWith('.')) continue;
    if (entry.startsWith('@')) manifestsIn(path, own, index, found);
    else {
      const manifest = index.look(resolve(path, 'package.json'));
      if (manifest?.kind === 'file') found.push([own, manifest.digest]);
      if (index.look(path)?.kind !== 'link') manifestsIn(join(path, 'node_modules'), own, index, found);
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted(bytewise);
  } catch {
    return []; // nothing is installed here
  }
}

/** What is optional may be left out on a platform, which is part of the key. */
function npmState(locked: Buffer, noted: Buffer, location: string): string {
  const wanted = reachedInLock(locked, ['', location]);
  const [pinned, installed] = [lockedPackages(locked), lockedPackages(noted)];
  if (!wanted || !pinned || !installed) return `noted ${digestOf(noted)}`;
  const differing: [place: string, found: unknown][] = [];
  for (const place of Object.keys(wanted)) {
    const [expected, found] = [pinned.get(place), installed.get(place)];
    if (!place.includes('node_modules/') || !expected) continue;
    if (!found && (expected.optional === true || expected.devOptional === true)) continue;
    if (found?.integrity !== expected.integrity || found?.version !== expected.version)
      differing.push([place, found ? [found.integrity ?? null, found.version ?? null] : null]);
  }
  return differing.length === 0 ? 'as locked' : `not as locked ${digestOf(canonicalJson(differing))}`;
}

function bytesOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
