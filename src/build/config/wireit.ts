/** Blocks of wireit in package.json, as definitions. */
import { posix, resolve } from 'node:path';
import type { Definition, Definitions, Reference } from './definition.ts';
import { inAnyOrder } from './glob-order.ts';
import type { Located, Readers } from './located.ts';
import { type Manifest, pathFrom } from './packages.ts';

/** What a package's blocks say, and in which directories they name scripts. */
export interface WireitBlocks {
  readonly tasks: Definitions;
  readonly directories: readonly string[];
  readonly notes: readonly string[];
}

interface Block {
  readonly command?: string;
  readonly dependencies?: readonly Reference[];
  readonly files?: readonly string[];
  readonly output?: readonly string[];
  readonly clean?: boolean | 'if-file-deleted';
  readonly env?: Readonly<Record<string, string | External>>;
  readonly packageLocks?: readonly string[];
  readonly service?: boolean;
  readonly allowUsuallyExcludedPaths?: boolean;
}

/** A variable from outside, with what it is where nobody sets it. */
interface External {
  readonly default: string | undefined;
}

const READERS: Readers<Block> = {
  command: (value) => value.text(),
  dependencies: (value) => value.items().map(dependency),
  files: (value) => value.texts(),
  output: (value) => value.texts(),
  clean: (value) => (value.value === 'if-file-deleted' ? 'if-file-deleted' : value.flag()),
  env: (value) => Object.fromEntries([...value.members()].map(([name, one]) => [name, variable(one)])),
  packageLocks: (value) => value.texts(),
  service: (value) => (typeof value.value === 'object' && value.value !== null ? true : value.flag()),
  allowUsuallyExcludedPaths: (value) => value.flag(),
};

/** Reads the blocks of a package. Throws `bad_option` for what wireit itself doesn't know. */
export function readWireit(
  manifest: Manifest,
  options: { readonly root: string; readonly environment: Readonly<Record<string, string | undefined>> },
): WireitBlocks {
  const notes: string[] = [];
  const blocks = [...(manifest.json?.members().get('wireit')?.members() ?? [])];
  const tasks = new Map(
    blocks.map(([name, block]) => [name, definition(block, { ...options, manifest, notes })] as const),
  );
  const directories = [...tasks.values()]
    .flatMap(({ dependsOn = [] }) => dependsOn)
    .flatMap((one) => (typeof one.in === 'object' && 'directory' in one.in ? [one.in.directory] : []));
  return { tasks, directories, notes };
}

interface Context {
  readonly manifest: Manifest;
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly notes: string[];
}

function definition(value: Located, context: Context): Definition {
  const block = value.options<Block>(READERS);
  const { notes } = context;
  const say = (text: string): unknown => notes.push(`${value.where}: ${value.name}: ${text}`);
  const inputs = block.files && inAnyOrder(block.files.map(relativeGlob));
  const outputs = block.output && inAnyOrder(block.output.map(relativeGlob));
  if (inputs?.given)
    say(
      `files: what is taken away by ${inputs.given.join(', ')} counts as well, since a later pattern may add it again`,
    );
  if (outputs?.given)
    say('output: a pattern after an excluding one may add what that took away, so nothing is kept or removed');
  if (block.allowUsuallyExcludedPaths)
    say('allowUsuallyExcludedPaths: .git and node_modules are reached only by patterns that name them');
  if (block.packageLocks?.length === 0)
    say('packageLocks: the lockfile counts all the same, as far as the package depends on it');
  const { names, set } = variables(block.env, context.environment);
  return {
    // A script without a command stands for its dependencies.
    ...(block.command === undefined ? {} : { command: block.command }),
    ...(inputs && { inputs: inputs.globs }),
    ...(outputs && { outputs: outputs.globs }),
    ...(!block.allowUsuallyExcludedPaths && { exclude: HIDDEN.map((name) => `**/${name}/**`) }),
    dependsOn: block.dependencies ?? [],
    configs: lockfiles(block.packageLocks ?? [], context),
    env: names,
    set,
    clean: outputs === undefined || outputs.given ? 'never' : CLEAN[String(block.clean ?? true)],
    // Wireit runs a script anew each time unless it knows both what it reads and what it makes.
    cache: inputs !== undefined && outputs !== undefined && !outputs.given,
    everywhere: false,
    persistent: block.service === true,
  };
}

/** What wireit's patterns don't reach, besides `.git` and `node_modules`. */
const HIDDEN = ['.hg', '.svn', '.wireit', '.yarn', 'CVS'];

const CLEAN: Readonly<Record<string, 'always' | 'stale' | 'never'>> = {
  true: 'always',
  false: 'never',
  'if-file-deleted': 'stale',
};

interface WrittenDependency {
  readonly script: string;
  readonly cascade?: boolean;
}

/** `build`, or `./directory:build`; or an object that has it as `script`. */
function dependency(item: Located): Reference {
  if (typeof item.value === 'string') return scriptReference(item, true);
  const members = item.members();
  const { cascade } = item.options<WrittenDependency>({
    script: (value) => value.text(),
    cascade: (value) => value.flag(),
  });
  const script = members.get('script');
  if (script === undefined) throw item.error(`${item.name} must have a script`);
  return scriptReference(script, cascade ?? true);
}

function scriptReference(item: Located, counts: boolean): Reference {
  const text = item.text();
  const { where } = item;
  if (!text.startsWith('.')) return { name: text, in: 'here', counts, where };
  const colon = text.indexOf(':');
  if (colon === -1 || colon === text.length - 1)
    throw item.error(`${item.name} must be like "build" or "./directory:build", not ${JSON.stringify(text)}`);
  return {
    name: text.slice(colon + 1),
    in: { directory: resolve(item.directory, text.slice(0, colon)) },
    counts,
    where,
  };
}

function variable(value: Located): string | External {
  if (typeof value.value === 'string') return value.value;
  const { external, default: fallback } = value.options<{ external?: boolean; default?: string }>({
    external: (flag) => flag.flag(),
    default: (text) => (text.value === '' ? '' : text.text()),
  });
  if (external !== true) throw value.error(`${value.name} must be text, or an object with "external": true`);
  return { default: fallback };
}

function variables(
  env: Block['env'] = {},
  environment: Context['environment'],
): { readonly names: readonly string[]; readonly set: Readonly<Record<string, string>> } {
  const all = Object.entries(env);
  const set = all.flatMap(([name, value]): readonly (readonly [string, string])[] => {
    if (typeof value === 'string') return [[name, value]];
    return value.default !== undefined && environment[name] === undefined ? [[name, value.default]] : [];
  });
  return {
    names: all.filter(([, value]) => typeof value !== 'string').map(([name]) => name),
    set: Object.fromEntries(set),
  };
}

/** Lockfiles of these names, in the package and in every directory above it up to the root. */
function lockfiles(names: readonly string[], { manifest, root }: Context): readonly string[] {
  const path = pathFrom(manifest.directory, root);
  const above = path === '.' ? 0 : path.split('/').length;
  return Array.from({ length: above + 1 }, (_, n) => names.map((name) => '../'.repeat(n) + name)).flat();
}

/** A slash at the beginning means the package, too. */
function relativeGlob(glob: string): string {
  const [sign, path] = glob.startsWith('!') ? ['!', glob.slice(1)] : ['', glob];
  return sign + posix.normalize(path.replace(/^\/+/, '') || '.');
}
