/** A workspace as its files describe it: packages, settings, and the tasks of each package with what they rest on. */
import { join } from 'node:path';
import { checkOptions } from '../../engine/options.ts';
import type { BuildTask } from '../task.ts';
import { type Definition, type Definitions, overlaid } from './definition.ts';
import { type ReadFile, readingOnce } from './located.ts';
import { readPackageFile, workspacesOf } from './own-file.ts';
import {
  checkNames,
  checkPnpm,
  isWithin,
  type Manifest,
  nearestPackage,
  packageDirectories,
  readManifest,
  realDirectory,
} from './packages.ts';
import { type PackageTasks, plannedTasks } from './plan.ts';
import { readRoot } from './root.ts';
import type { FileSettings, Format } from './settings.ts';
import { readTurbo } from './turbo.ts';
import { readWireit, type WireitBlocks } from './wireit.ts';

/** A workspace, read from its files. */
export interface BuildWorkspace {
  /** The nearest directory, here or above, that has workspaces or `.git`; else that of the package. */
  readonly directory: string;
  readonly settings: FileSettings;
  /** The root first. */
  readonly packages: readonly WorkspacePackage[];
  /** By `package#task`. */
  readonly tasks: ReadonlyMap<string, PlannedTask>;
  /** Tasks without a command of their own, by `package#task`: what they stand for. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** What files of other tools say that isn't carried over, in sentences. */
  readonly notes: readonly string[];
}

/** A package of a workspace. */
export interface WorkspacePackage {
  /** The name in package.json, else the path in the workspace; `.` for a root without a name. */
  readonly name: string;
  readonly directory: string;
  /** Names of the packages of the workspace that it depends on. */
  readonly dependencies: readonly string[];
}

/** A task of a workspace. */
export interface PlannedTask {
  /** `package#task` */
  readonly id: string;
  readonly task: BuildTask;
  /** What must have been run before, in bytewise order. */
  readonly dependsOn: readonly string[];
  /**
   * Whose outputs count in the key: of `dependsOn` and of all that those rest on, in bytewise order. What a package imports
   * may have changed although what was made of the package itself, which names it, has not.
   */
  readonly counted: readonly string[];
  /** Whether what it makes is kept. */
  readonly cache: boolean;
  /** Whether it goes on until it is stopped, or asks its user: such tasks can't be selected. */
  readonly persistent: boolean;
}

/** How a workspace is read. */
export interface ReadWorkspaceOptions {
  /** Where variables come from, for defaults of those that nobody sets. Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the workspace that a directory is in. Each package's tasks are what `turbo.json` says, over that what its block for
 * wireit says, over that the root's `tidemark.build.json`, over that its own. Throws `bad_option` with file, line and name
 * for what is wrong in one of them, for two packages of one name, and for a dependency on a task that nobody describes.
 *
 * @example
 * const workspace = readWorkspace(process.cwd());
 * const { tasks } = select(workspace, ['build'], { from: process.cwd() });
 */
export function readWorkspace(from: string, options: ReadWorkspaceOptions = {}): BuildWorkspace {
  checkOptions('readWorkspace', options, ['environment']);
  const read = readingOnce();
  const { directory, settings, tasks } = readRoot(realDirectory(from), read);
  const globs = workspacesOf(directory, read);
  if (globs === undefined) checkPnpm(directory);
  const formats = settings.formats ?? (['wireit', 'turbo'] satisfies readonly Format[]);
  const found = globs === undefined ? [] : packageDirectories(directory, globs);
  const nearest = nearestPackage(realDirectory(from)) ?? directory;
  const starts = [directory, ...found, ...(isWithin(nearest, directory) ? [nearest] : [])];
  const { environment = process.env } = options;
  const wireit = withWireit({ starts, root: directory, read }, (manifest): WireitBlocks =>
    formats.includes('wireit') ? readWireit(manifest, { root: directory, environment }) : NO_BLOCKS,
  );
  const manifests = [...wireit.keys()];
  checkNames(manifests);
  const turbo = formats.includes('turbo') ? readTurbo(manifests, { isMany: globs !== undefined, read }) : undefined;
  const packages = manifests.map((manifest): PackageTasks => {
    const own = manifest.directory === directory ? undefined : readPackageFile(manifest.directory, read);
    const said = overlaid(
      turbo?.byPackage.get(manifest),
      wireit.get(manifest)!.tasks,
      forPackage(manifest, tasks, manifests),
      own,
    );
    return { manifest, definitions: overlaid(scriptsThatWireitNames(manifest, wireit, said), said) };
  });
  const plan = plannedTasks({ directory, settings, packages });
  return {
    directory,
    settings,
    packages: packages.map(({ manifest }) => ({
      name: manifest.name,
      directory: manifest.directory,
      dependencies: manifests
        .map(({ name }) => name)
        .filter((name) => name !== manifest.name && manifest.wanted.includes(name)),
    })),
    ...plan,
    notes: [...[...wireit.values()].flatMap(({ notes }) => notes), ...(turbo?.notes ?? []), ...plan.notes],
  };
}

const NO_BLOCKS: WireitBlocks = { tasks: new Map(), directories: [], notes: [] };

/** Packages with their blocks, and the packages that those name by directory, although no glob may name them. */
function withWireit(
  { starts, root, read }: { readonly starts: readonly string[]; readonly root: string; readonly read: ReadFile },
  blocksOf: (manifest: Manifest) => WireitBlocks,
): ReadonlyMap<Manifest, WireitBlocks> {
  const byDirectory = new Map<string, readonly [Manifest, WireitBlocks]>();
  const waiting = [...starts];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    if (byDirectory.has(at)) continue;
    const manifest = readManifest(at, root, read);
    const blocks = blocksOf(manifest);
    byDirectory.set(at, [manifest, blocks]);
    const named = blocks.directories.filter((directory) => isWithin(directory, root));
    waiting.push(...named.filter((directory) => read(join(directory, 'package.json'), 'json') !== undefined));
  }
  return new Map(byDirectory.values());
}

/**
 * What the root's file says, for one package. A task with a command is the root's own. One without stands for the script of
 * its name in every package - in the root only if no other has one, since a root's script is mostly what starts the others.
 */
function forPackage(manifest: Manifest, tasks: Definitions | undefined, all: readonly Manifest[]): Definitions {
  const isRoot = manifest === all[0];
  const others = all.slice(1);
  const mine = new Map<string, Definition>();
  for (const [name, task] of tasks ?? []) {
    if (task.command !== undefined ? !isRoot : isRoot && others.some(({ scripts }) => scripts.has(name))) continue;
    mine.set(name, task.command === undefined ? { ...task, everywhere: true } : task);
  }
  return mine;
}

/** Plain scripts on which blocks of wireit rest, and of which nothing is said: run each time. */
function scriptsThatWireitNames(
  manifest: Manifest,
  wireit: ReadonlyMap<Manifest, WireitBlocks>,
  said: Definitions,
): Definitions {
  const named = new Map<string, Definition>();
  for (const [owner, { tasks }] of wireit)
    for (const { dependsOn = [] } of tasks.values())
      for (const { name, in: where } of dependsOn) {
        const isHere =
          where === 'here'
            ? owner === manifest
            : typeof where === 'object' && 'directory' in where && where.directory === manifest.directory;
        if (isHere && !said.has(name) && manifest.scripts.has(name)) named.set(name, { cache: false });
      }
  return named;
}
