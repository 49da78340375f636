/** From what is said of tasks to tasks that can be run: commands, and what each rests on. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { bytewise } from '../digest.ts';
import { escaped } from '../resolved-task.ts';
import type { BuildTask } from '../task.ts';
import { namedBy } from '../variable-names.ts';
import type { Definition, Definitions, Reference } from './definition.ts';
import { suggestion } from './nearest.ts';
import { type Manifest, pathFrom } from './packages.ts';
import { type Script, scriptOf } from './scripts.ts';
import type { FileSettings } from './settings.ts';
import type { PlannedTask } from './workspace.ts';

/** A package with what is said of its tasks. */
export interface PackageTasks {
  readonly manifest: Manifest;
  readonly definitions: Definitions;
}

/** The tasks of a workspace. */
export interface Plan {
  readonly tasks: ReadonlyMap<string, PlannedTask>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly notes: readonly string[];
}

/** A task, whether it has a command or only stands for what it rests on. */
interface Spot {
  readonly id: string;
  readonly name: string;
  readonly of: Manifest;
  readonly definition: Definition;
  readonly command: Definition['command'];
  readonly script: Script | undefined;
}

/** With those of `dependsOn` whose outputs needn't count. */
type Direct = Omit<PlannedTask, 'counted'> & { readonly uncounted: readonly string[] };

interface Rest {
  readonly spot: Spot;
  readonly counts: boolean;
}

/** What a spot leads to: those with a command that come first on each way, and those without that lie between. */
interface Reached {
  readonly tasks: ReadonlyMap<string, boolean>;
  readonly between: ReadonlySet<Spot>;
}

/** Throws `bad_option` for a dependency on a task or package that isn't there. */
export function plannedTasks(options: {
  readonly directory: string;
  readonly settings: FileSettings;
  readonly packages: readonly PackageTasks[];
}): Plan {
  const graph = new Spots(options.packages);
  const direct = new Map<string, Direct>();
  const groups = new Map<string, readonly string[]>();
  const notes: string[] = [];
  // Names of packages are the same on every platform.
  const isExcluded = namedBy(options.settings.exclude ?? [], 'linux');
  for (const spot of graph.all) {
    const reached = graph.reachedFrom(spot);
    const dependsOn = [...reached.tasks.keys()].toSorted(bytewise);
    const { definition, of, name, id, command } = spot;
    if (command === undefined) {
      // Where other packages have a script of the name, this one lacks it; else the name stands for what it rests on.
      if (!definition.everywhere || !graph.isRun(name)) groups.set(id, dependsOn);
      if (isLeftToUs(of.scripts.get(name), dependsOn))
        notes.push(`${id}: its script hands the work on, so it isn't run: give the task a command`);
      continue;
    }
    direct.set(id, {
      id,
      task: { ...buildTask(spot, reached.between, options.settings), workspace: options.directory, command },
      dependsOn,
      uncounted: dependsOn.filter((other) => reached.tasks.get(other) === false),
      cache: (definition.cache ?? true) && !definition.persistent && !isExcluded(of.name),
      persistent: definition.persistent === true,
    });
  }
  const tasks = new Map(
    [...direct].map(([id, one]) => {
      const { uncounted: _, ...task } = one;
      return [id, { ...task, counted: countedFor(one, direct) }] as const;
    }),
  );
  return { tasks, groups, notes };
}

/** All that is reached by ways on which everything counts. */
function countedFor(task: Direct, tasks: ReadonlyMap<string, Direct>): readonly string[] {
  const counting = ({ dependsOn, uncounted }: Direct): readonly string[] =>
    dependsOn.filter((other) => !uncounted.includes(other));
  const seen = new Set(counting(task));
  for (const id of seen) for (const other of counting(tasks.get(id)!)) seen.add(other);
  seen.delete(task.id); // in a circle, which is told to who asks for it
  return [...seen].toSorted(bytewise);
}

/** A script that isn't run, although no block of wireit says what it stands for. */
function isLeftToUs(script: string | undefined, dependsOn: readonly string[]): boolean {
  return script !== undefined && (script.trim() !== 'wireit' || dependsOn.length === 0);
}

function buildTask(
  spot: Spot,
  between: ReadonlySet<Spot>,
  settings: FileSettings,
): Omit<BuildTask, 'command' | 'workspace'> {
  const { definition, of, name, script } = spot;
  const { inputs, outputs, exclude, configs, clean, node } = definition;
  const env = [...(settings.env ?? []), ...(definition.env ?? [])];
  const passEnv = [...(settings.passEnv ?? []), ...(definition.passEnv ?? [])];
  const set = { ...script?.set, ...definition.set };
  return {
    root: of.directory,
    package: of.name,
    name,
    // Of what isn't kept, nobody needs to know what it read; and inputs that are declared ask for outputs that are.
    ...(inputs && (outputs ?? definition.cache !== false) && { inputs: [...inputs, ...sourcesOf(between, of)] }),
    ...(outputs && { outputs }),
    ...(exclude && { exclude }),
    ...(configs && configs.length > 0 && { configs }),
    ...(env.length > 0 && { env }),
    ...(passEnv.length > 0 && { passEnv }),
    ...(Object.keys(set).length > 0 && { set }),
    ...(clean && { clean }),
    ...(node && { node }),
  };
}

/**
 * A package without the script that `^build` names isn't built: its sources are used as they are, so they are inputs of
 * whoever rests on it and declares inputs.
 */
function sourcesOf(between: ReadonlySet<Spot>, of: Manifest): readonly string[] {
  const globs = [...between]
    .filter((spot) => spot.definition.everywhere && spot.of !== of)
    .flatMap((spot) =>
      (spot.definition.inputs ?? ['**']).map((glob) =>
        fromThere(escaped(pathFrom(of.directory, spot.of.directory)), glob),
      ),
    );
  return [...new Set(globs)];
}

function fromThere(path: string, glob: string): string {
  return glob.startsWith('!') ? `!${path}/${glob.slice(1)}` : `${path}/${glob}`;
}

/** All spots, and the ways between them. */
class Spots {
  readonly #spots = new Map<string, Spot>();
  readonly #packages: ReadonlyMap<string, Manifest>;
  readonly #names: ReadonlySet<string>;
  readonly #run = new Set<string>();

  constructor(packages: readonly PackageTasks[]) {
    this.#packages = new Map(packages.map(({ manifest }) => [manifest.name, manifest]));
    this.#names = new Set(packages.flatMap(({ definitions }) => [...definitions.keys()]));
    for (const { manifest: of, definitions } of packages)
      for (const [name, definition] of definitions) {
        const script = definition.command === undefined ? scriptOf(of, name) : undefined;
        const id = `${of.name}#${name}`;
        const command = definition.command ?? script?.command;
        this.#spots.set(id, { id, name, of, definition, script, command });
        if (command !== undefined) this.#run.add(name);
      }
  }

  get all(): Iterable<Spot> {
    return this.#spots.values();
  }

  /** Whether a task of this name has a command in any package. */
  isRun(name: string): boolean {
    return this.#run.has(name);
  }

  /** Through spots without a command, however many lie one behind the other. */
  reachedFrom(start: Spot): Reached {
    const tasks = new Map<string, boolean>();
    const seen = new Set<Spot>();
    const counted = new Set<Spot>();
    const waiting: Rest[] = [...this.#restsOn(start)];
    for (let rest = waiting.pop(); rest !== undefined; rest = waiting.pop()) {
      const { spot, counts } = rest;
      if (spot.command !== undefined) tasks.set(spot.id, counts || tasks.get(spot.id) === true);
      if (spot.command !== undefined || counted.has(spot) || (seen.has(spot) && !counts)) continue;
      seen.add(spot);
      if (counts) counted.add(spot);
      for (const next of this.#restsOn(spot)) waiting.push({ spot: next.spot, counts: next.counts && counts });
    }
    return { tasks, between: counted };
  }

  #restsOn({ definition, of }: Spot): readonly Rest[] {
    return (definition.dependsOn ?? []).flatMap((reference) =>
      this.#meant(reference, of).map((spot) => ({ spot, counts: reference.counts })),
    );
  }

  #meant(reference: Reference, from: Manifest): readonly Spot[] {
    const { name, in: where } = reference;
    if (where === 'upstream') {
      if (!this.#names.has(name)) throw this.#unknown(reference, this.#names);
      return this.#upstream(name, from);
    }
    const owner = where === 'here' ? from : this.#packageOf(reference);
    const spot = this.#spots.get(`${owner.name}#${name}`);
    if (spot !== undefined) return [spot];
    const names = where === 'here' ? this.#names : this.#namesIn(owner);
    // A script that this package doesn't have, but others do.
    if (where === 'here' && names.has(name)) return [];
    throw this.#unknown(reference, names);
  }

  /** In the packages that one depends on; past those that have no such task at all, in what they depend on. */
  #upstream(name: string, from: Manifest): readonly Spot[] {
    const found: Spot[] = [];
    const seen = new Set([from.name]);
    const waiting = [...from.wanted];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const other = this.#packages.get(next);
      if (other === undefined || seen.has(next)) continue;
      seen.add(next);
      const spot = this.#spots.get(`${next}#${name}`);
      if (spot === undefined) waiting.push(...other.wanted);
      else found.push(spot);
    }
    return found;
  }

  #packageOf({ in: where, where: place }: Reference): Manifest {
    const all = [...this.#packages.values()];
    if (typeof where === 'string') throw new TypeError(where);
    if ('package' in where) {
      const found = where.package === '//' ? all[0] : this.#packages.get(where.package);
      if (found !== undefined) return found;
      const others = suggestion(where.package, this.#packages.keys());
      throw new TidemarkError('bad_option', `${place}: there is no package ${describe(where.package)}; ${others}`);
    }
    const found = all.find(({ directory }) => directory === where.directory);
    if (found !== undefined) return found;
    throw new TidemarkError('bad_option', `${place}: ${where.directory} is no package of the workspace`);
  }

  #namesIn(owner: Manifest): ReadonlySet<string> {
    return new Set([...this.#spots.values()].filter(({ of }) => of === owner).map(({ name }) => name));
  }

  #unknown({ name, where }: Reference, names: ReadonlySet<string>): TidemarkError {
    return new TidemarkError('bad_option', `${where}: there is no task ${describe(name)}; ${suggestion(name, names)}`);
  }
}
