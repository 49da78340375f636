/** What a configuration says of a task, in the one form that every format is turned into. */
import { resolve } from 'node:path';
import type { BuildTask } from '../task.ts';
import type { Located } from './located.ts';

/** What is said of one task in one package, as far as it is said. Later files are laid over earlier ones, option by option. */
export interface Definition extends Partial<
  Pick<
    BuildTask,
    'command' | 'inputs' | 'outputs' | 'exclude' | 'configs' | 'env' | 'passEnv' | 'set' | 'clean' | 'node'
  >
> {
  readonly dependsOn?: readonly Reference[];
  /** Whether what the task makes is kept. */
  readonly cache?: boolean;
  /** It doesn't end by itself, or asks its user. */
  readonly persistent?: boolean;
  /** It stands for the scripts of this name in all packages: where there is none, it still passes dependencies on. */
  readonly everywhere?: boolean;
}

/** Another task that a task rests on. */
export interface Reference {
  readonly name: string;
  /** In the same package; in each package of the workspace that it depends on; in one by its name (`//`: the root); in a directory. */
  readonly in: 'here' | 'upstream' | { readonly package: string } | { readonly directory: string };
  /** False: it has to run before, but what it makes isn't looked at. */
  readonly counts: boolean;
  /** File and line, for messages. */
  readonly where: string;
}

/** `build`, `^build`, `package#build`, `//#build` or `./directory#build` (from the directory of the file). */
export function reference(item: Located): Reference {
  const text = item.text();
  const { where } = item;
  const found = /^(?:(\^)|(.+)#)?([^#^]+)$/s.exec(text);
  if (found === null)
    throw item.error(
      `${item.name} must be like "build", "^build", "package#build" or "./directory#build", not ${JSON.stringify(text)}`,
    );
  const [, upstream, place, name] = found;
  if (upstream) return { name, in: 'upstream', counts: true, where };
  if (place === undefined) return { name, in: 'here', counts: true, where };
  const isPath = /^\.\.?(?:\/|$)/.test(place);
  return { name, in: isPath ? { directory: resolve(item.directory, place) } : { package: place }, counts: true, where };
}

/** Definitions of one package, by the names of tasks. */
export type Definitions = ReadonlyMap<string, Definition>;

/** One over the other: an option that is said later replaces what was said before. */
export function overlaid(...layers: readonly (Definitions | undefined)[]): Definitions {
  const all = new Map<string, Definition>();
  for (const layer of layers) for (const [name, one] of layer ?? []) all.set(name, { ...all.get(name), ...one });
  return all;
}
