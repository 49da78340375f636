/** What a command that was watched looked at and made, told from its trace. */
import { existsSync, realpathSync } from 'node:fs';
import { pathRefusal } from '../checked-path.ts';
import { bytewise } from '../digest.ts';
import type { ObservedPaths } from '../input-spec.ts';
import { EXCLUDED } from '../snapshot.ts';
import { tracedCalls } from './calls.ts';
import { Follower } from './follow.ts';
import { SPECIAL } from './links.ts';
import { type Sight, Sights } from './sights.ts';

/** Where the command ran. */
export interface TracePlace {
  /** Where it began. */
  readonly cwd: string;
  /** Paths below it are told relative to it. */
  readonly workspace: string;
  /** What was there before it ran, by path in the workspace; a snapshot. Without it, what can't be told was there, maybe. */
  readonly before?: { has(path: string): boolean };
}

/**
 * What was seen, each list in bytewise order. Paths are real (links on the way to something are listed, too), and relative
 * to the workspace. What lies in `.git` and `node_modules` is told apart.
 */
export interface Observed extends ObservedPaths {
  /** Whether nothing can have happened unseen. */
  readonly complete: boolean;
  /** Why not. */
  readonly why: readonly string[];
  /** Of `paths`: files and links whose content was read before it was changed. */
  readonly read: readonly string[];
  /** Of `paths`: where nothing was. */
  readonly absent: readonly string[];
  /** Files, links and empty directories that are there now and were created, changed, or moved there. */
  readonly written: readonly string[];
  /** What was there before and isn't any more. */
  readonly removed: readonly string[];
  /** What was there before, was read, and was then changed or removed; or what is changed in part. */
  readonly readThenWritten: readonly string[];
  /** Outside of the workspace, absolute; without `/proc`, `/sys`, and devices. */
  readonly outside: { readonly read: readonly string[]; readonly written: readonly string[] };
  /** Whether anything was read in the workspace's `node_modules`. */
  readonly inModules: boolean;
  /** Of which packages. */
  readonly modules: readonly string[];
  /** Whether it read what commits change in `.git`. Settings and lists of ignored names don't count. */
  readonly inGit: boolean;
}

/**
 * Reads a trace that the command of `tracedCommand` left, when it has ended. The file may be large: what is kept in memory
 * is what is told. Where there is none, nothing was watched. Throws if it can't be read.
 */
export function readTrace(file: string, place: TracePlace): Observed {
  const workspace = realpathSync(place.workspace);
  const inside = (path: string): string | undefined =>
    path === workspace ? '.' : path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : undefined;
  const sights = new Sights((path) => {
    const name = place.before && inside(path);
    return name === undefined || name === '.' || isHidden(name) ? undefined : place.before?.has(name);
  });
  const follower = new Follower(sights, realpathSync(place.cwd));
  if (existsSync(file)) for (const told of tracedCalls(file)) follower.follow(told);

  const found = new Found();
  for (const [path, sight] of sights.all) {
    const name = inside(path);
    if (name === undefined) found.outside(path, sight);
    else if (isHidden(name)) found.hidden(name, sight);
    else found.inside(name, sight, (reason) => follower.doubt(reason));
  }
  const { why } = follower;
  return { complete: why.length === 0, why, ...found.sorted() };
}

/** Gathers what is told. */
class Found {
  readonly #lists = {
    paths: [] as string[],
    listed: [] as string[],
    read: [] as string[],
    absent: [] as string[],
    written: [] as string[],
    removed: [] as string[],
    readThenWritten: [] as string[],
  };
  readonly #directories: string[] = [];
  readonly #outside = { read: [] as string[], written: [] as string[] };
  readonly #modules: Set<string> = new Set();
  #inModules = false;
  #inGit = false;

  inside(name: string, sight: Sight, doubt: (reason: string) => void): void {
    const { before, seen, listed, kept, done, directory, appeared } = sight;
    const lists = this.#lists;
    const wasThere = before !== false && seen !== 'not';
    const wasMissed = before === false && seen !== 'not' && done === 'nothing';
    if (listed) lists.listed.push(name);
    else if (name !== '.' && (wasThere || wasMissed || kept)) {
      lists.paths.push(name);
      if (wasMissed) lists.absent.push(name);
      else if (seen === 'read' || kept) lists.read.push(name);
    }
    if (done === 'made') (directory ? this.#directories : lists.written).push(name);
    if (done === 'removed' && before === true) lists.removed.push(name);
    if (done !== 'nothing' && (kept || (wasThere && seen === 'read'))) lists.readThenWritten.push(name);
    if (appeared && done === 'nothing') doubt(`${name} appeared while it ran`);
    const refusal = name === '.' || done === 'removed' ? undefined : pathRefusal(name);
    if (refusal !== undefined || name.includes('\uFFFD'))
      doubt(`the path ${JSON.stringify(name)} ${refusal ?? "isn't UTF-8"}`);
  }

  hidden(name: string, { seen, before }: Sight): void {
    if (seen !== 'read' || before !== true) return;
    const [, module] = /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^./@][^/]*)/s.exec(name) ?? [];
    if (module !== undefined) this.#modules.add(module);
    if (name.split('/').includes('node_modules')) this.#inModules = true;
    else if (GIT_STATE.test(name)) this.#inGit = true;
  }

  outside(path: string, { seen, before, listed, done }: Sight): void {
    if (SPECIAL.test(path) || path === '/') return;
    if (before === true && (seen === 'read' || listed)) this.#outside.read.push(path);
    if (done === 'made') this.#outside.written.push(path);
  }

  sorted(): Omit<Observed, 'complete' | 'why'> {
    const { written, ...others } = this.#lists;
    const parents = new Set([...written, ...this.#directories].flatMap((path) => path.replace(/\/?[^/]*$/, '')));
    const sorted = (list: readonly string[]): readonly string[] => list.toSorted(bytewise);
    return {
      paths: sorted(others.paths),
      listed: sorted(others.listed),
      read: sorted(others.read),
      absent: sorted(others.absent),
      written: sorted([...written, ...this.#directories.filter((path) => !parents.has(path))]),
      removed: sorted(others.removed),
      readThenWritten: sorted(others.readThenWritten),
      outside: { read: sorted(this.#outside.read), written: sorted(this.#outside.written) },
      inModules: this.#inModules,
      modules: sorted([...this.#modules]),
      inGit: this.#inGit,
    };
  }
}

const GIT_STATE = /(?:^|\/)\.git\/(?:worktrees\/[^/]+\/)?(?:\w*HEAD|index|packed-refs|refs\/|logs\/|objects\/)/;

function isHidden(name: string): boolean {
  return name.split('/').some((part) => EXCLUDED.includes(part));
}
