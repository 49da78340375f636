/** The inputs of a task that was watched: what stands now at each path that it looked at, and which names it would list. */
import { resolve } from 'node:path';
import { bytewise, type Digest, digestOf } from './digest.ts';
import { type Disk, isCode, machineDisk } from './disk.ts';
import { unreadable } from './file-digest.ts';
import type { InputSpec } from './input-spec.ts';
import { matchedPaths } from './matched-paths.ts';
import type { InputEntry } from './record.ts';
import { EXCLUDED } from './snapshot.ts';
import type { StatIndex } from './stat-index.ts';

/** What a task was seen to look at. */
export type ObservedSpec = InputSpec & { readonly kind: 'observed' };

/** Where to look. */
export interface ObservedPlace {
  readonly workspace: string;
  /** What files are known to contain. */
  readonly index: StatIndex;
  /** The file system of which directories are listed. Default: the machine's. */
  readonly disk?: Disk;
}

/**
 * In bytewise order, each path once. What the task itself makes is no input, and neither are the directories that lead
 * to it, unless they were listed: then the names in them count, but those of its own outputs, of directories with
 * nothing else in them, of `.git` and `node_modules`, and those excluded. So the answer is the same before and after the
 * task has run. Throws `store_failed` for what can't be read, `bad_option` for globs that can't be.
 */
export function collectObserved(spec: ObservedSpec, place: ObservedPlace): readonly InputEntry[] {
  const { workspace, index } = place;
  const names = new ListedNames(spec, place);
  const listed = new Set(spec.listed);
  const paths = new Set([...spec.paths, ...listed]);
  const excluded = matchedPaths(paths, spec.exclude);
  return [...paths]
    .filter((path) => !excluded.has(path) && !names.own.has(path))
    .toSorted(bytewise)
    .flatMap((path): readonly InputEntry[] => {
      const found = index.look(resolve(workspace, path));
      const isOnTheWay = names.ancestors.has(path) || path === '.';
      if (listed.has(path) && (found?.kind === 'directory' || (found === undefined && isOnTheWay)))
        return [{ path, names: names.digest(path) }];
      if (isOnTheWay && (found === undefined || found.kind === 'directory')) return [];
      if (found === undefined) return [{ path, here: 'nothing' }];
      if (found.kind === 'file') return [{ path, digest: found.digest, executable: found.executable }];
      if (found.kind === 'link') return [{ path, link: found.target }];
      return [{ path, here: found.kind }];
    });
}

/** The names in directories, without those that a task puts there itself. */
class ListedNames {
  readonly own: ReadonlySet<string>;
  /** The directories that lead to what is its own. */
  readonly ancestors: ReadonlySet<string>;
  readonly #place: ObservedPlace;
  readonly #exclude: readonly string[];

  constructor({ own, exclude }: ObservedSpec, place: ObservedPlace) {
    this.own = new Set(own);
    this.ancestors = new Set(own.flatMap(ancestorsOf));
    this.#place = place;
    this.#exclude = exclude;
  }

  digest(directory: string): Digest {
    return digestOf(
      Buffer.concat(
        this.#foreign(directory)
          .toSorted((a, b) => a.compare(b))
          .flatMap((name) => [name, NUL]),
      ),
    );
  }

  /** As bytes: names that aren't UTF-8 differ, too. */
  #foreign(directory: string): readonly Buffer[] {
    const at = new Map(this.#list(directory).map((name) => [joined(directory, name.toString()), name]));
    const excluded = matchedPaths(at.keys(), this.#exclude);
    return [...at].flatMap(([path, name]) => {
      if (this.own.has(path) || excluded.has(path) || EXCLUDED.includes(name.toString())) return [];
      return this.ancestors.has(path) && this.#foreign(path).length === 0 ? [] : [name];
    });
  }

  #list(directory: string): readonly Buffer[] {
    const { workspace, disk = machineDisk } = this.#place;
    const path = resolve(workspace, directory);
    try {
      return disk.readdirSync(path, { encoding: 'buffer' });
    } catch (error) {
      if (isCode(error, 'ENOENT')) return [];
      // Somebody put something else where the task makes a directory: that is no less than a name.
      if (isCode(error, 'ENOTDIR')) return [Buffer.from('.')];
      throw unreadable(path, error);
    }
  }
}

const NUL = Buffer.from([0]);

function joined(directory: string, name: string): string {
  return directory === '.' ? name : `${directory}/${name}`;
}

function ancestorsOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}
