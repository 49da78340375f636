/** A task of `turbo.json`, read, laid over the root's, and as a definition. */
import { type Definition, type Reference, reference } from './definition.ts';
import type { Located } from './located.ts';

/** As it is written. */
export interface TurboTask {
  readonly value: Located;
  /** Names of the options that are there. */
  readonly said: readonly string[];
  readonly dependsOn?: readonly Reference[];
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly env?: readonly string[];
  readonly passThroughEnv?: readonly string[];
  readonly cache?: boolean;
  readonly persistent?: boolean;
  readonly interactive?: boolean;
  readonly extends?: boolean;
  /** Whether `inputs` has kinds that aren't globs. */
  readonly otherInputs?: boolean;
  readonly everywhere: boolean;
}

/** What every task of a package is read with. */
export interface TurboContext {
  /** The path from the package to the root. */
  readonly toRoot: string;
  /** Globs from the root that count for every task. */
  readonly files: readonly string[];
  readonly env: readonly string[];
  readonly passEnv: readonly string[];
  /** Variables that turbo adds by itself. */
  readonly framework: readonly string[];
  readonly notes: string[];
}

const DEFAULT = '$TURBO_DEFAULT$';
const EXTENDS = '$TURBO_EXTENDS$';
const ROOT = /\$TURBO_ROOT\$\/?/g;
const LISTS = ['inputs', 'outputs', 'env', 'passThroughEnv'] as const;
const FLAGS = ['cache', 'persistent', 'interactive', 'extends'] as const;

/** Throws `bad_option` for an option that has the wrong type; options that aren't known here are noted. */
export function readTurboTask(value: Located, notes: string[]): TurboTask {
  const members = value.members();
  const known: readonly string[] = ['dependsOn', 'description', ...LISTS, ...FLAGS];
  const others = [...members.keys()].filter((name) => !known.includes(name));
  if (others.length > 0) notes.push(`${value.where}: ${value.name}: not carried over: ${others.join(', ')}`);
  const items = members.get('dependsOn')?.items() ?? [];
  const isVariable = (item: Located): boolean => item.text().startsWith('$') && item.text() !== EXTENDS;
  const read: Record<string, unknown> = {};
  for (const name of LISTS) {
    const found = members.get(name);
    if (found === undefined) continue;
    const all = found.value === null ? [] : found.items();
    if (name === 'inputs' && all.some((item) => typeof item.value !== 'string')) {
      notes.push(
        `${found.where}: ${found.name}: an input that isn't a glob isn't carried over, so what is read is found out`,
      );
      read.otherInputs = true;
    }
    read[name] = all.filter((item) => typeof item.value === 'string').map((item) => item.text());
  }
  for (const name of FLAGS) {
    const found = members.get(name);
    if (found !== undefined) read[name] = found.flag();
  }
  if (members.has('dependsOn')) read.dependsOn = items.filter((item) => !isVariable(item)).map(turboReference);
  // In old files, variables stand among the dependencies.
  const variables = items.filter(isVariable).map((item) => item.text());
  if (variables.length > 0) read.env = [...((read.env as readonly string[] | undefined) ?? []), ...variables];
  return { ...read, value, said: [...members.keys()].filter((name) => name !== 'extends'), everywhere: true };
}

function turboReference(item: Located): Reference {
  if (item.text() === EXTENDS) return { name: EXTENDS, in: 'here', counts: true, where: item.where };
  return reference(item);
}

/** A package's own task over the root's: what it says replaces, unless a list begins with `$TURBO_EXTENDS$`. */
export function mergedTask(base: TurboTask | undefined, own: TurboTask): TurboTask {
  const lists = LISTS.map((name) => [name, extended(base?.[name], own[name], (text) => text === EXTENDS)] as const);
  const dependsOn = extended(base?.dependsOn, own.dependsOn, ({ name }) => name === EXTENDS);
  return {
    ...base,
    ...own,
    ...Object.fromEntries(lists.filter(([, list]) => list !== undefined)),
    ...(dependsOn && { dependsOn }),
    // A task that only its package knows isn't looked for in others.
    everywhere: base?.everywhere ?? false,
  };
}

function extended<T>(
  base: readonly T[] | undefined,
  own: readonly T[] | undefined,
  marks: (one: T) => boolean,
): readonly T[] | undefined {
  if (own === undefined) return base;
  return own.some(marks) ? [...(base ?? []), ...own.filter((one) => !marks(one))] : own;
}

export function turboDefinition(task: TurboTask, context: TurboContext): Definition {
  const { value } = task;
  const say = (text: string): unknown => context.notes.push(`${value.where}: ${value.name}: ${text}`);
  const outputs = task.outputs?.map((glob) => fromPackage(glob, context.toRoot));
  const isOutside = outputs?.some((glob) => /^!?(?:\.\.\/|\.\.$)/.test(glob)) === true;
  if (isOutside) say('outputs: they lie outside of the package, so nothing is kept');
  const inputs = inputsOf(task, outputs ?? [], context);
  return {
    dependsOn: task.dependsOn ?? [],
    ...inputs,
    ...(outputs && !isOutside ? { outputs } : {}),
    // What isn't said there is nothing; here it is found out, where inputs are, too.
    ...(inputs.inputs && (isOutside || !outputs) ? { outputs: [] } : {}),
    env: variableNames('env', [...context.framework, ...context.env, ...(task.env ?? [])], say),
    passEnv: variableNames('passThroughEnv', [...context.passEnv, ...(task.passThroughEnv ?? [])], say),
    // Where turbo itself writes what it has seen.
    exclude: ['.turbo/**'],
    cache: (task.cache ?? true) && !isOutside,
    everywhere: task.everywhere,
    persistent: task.persistent === true || task.interactive === true,
  };
}

/**
 * `$TURBO_DEFAULT$` is every file of the package that git doesn't ignore. Where nothing is taken away from that, inputs are
 * found out: that has all of them. Where something is, every file counts but that and what the task makes.
 */
function inputsOf(
  task: TurboTask,
  outputs: readonly string[],
  { toRoot, files }: TurboContext,
): Pick<Definition, 'inputs' | 'configs'> {
  const fromRoot = (glob: string): string => fromPackage(glob.replace(/^(!?)/, '$1$$TURBO_ROOT$$/'), toRoot);
  const said = (task.inputs ?? []).map((glob) => fromPackage(glob, toRoot));
  const all = [...said.filter((glob) => glob !== DEFAULT), ...files.map(fromRoot)];
  const hasDefault = said.length === 0 || said.includes(DEFAULT);
  const takesAway = said.some((glob) => glob.startsWith('!'));
  // Files by their plain names count even if nobody is seen to read them; of patterns, what is read.
  if (task.otherInputs || (hasDefault && !takesAway))
    return { configs: ['package.json', ...all.filter((glob) => !/[!*?[\]{}()]/.test(glob))] };
  const made = hasDefault ? outputs.filter((glob) => !glob.startsWith('!')).map((glob) => `!${glob}`) : [];
  return { inputs: [...(hasDefault ? ['**'] : []), ...all, ...made], configs: ['package.json'] };
}

/** A glob from the package, whether it was meant from there or from the root. */
function fromPackage(glob: string, toRoot: string): string {
  return glob.replace(ROOT, `${toRoot}/`).replace(/^(!?)\.\//, '$1');
}

/** `!NAME` takes a name from what a pattern before it has: here the pattern keeps it. */
function variableNames(what: string, names: readonly string[], say: (text: string) => unknown): readonly string[] {
  const taken = names.filter((name) => name.startsWith('!'));
  if (taken.length > 0)
    say(`${what}: ${taken.join(', ')} isn't carried over: those variables reach the command and count`);
  return [...new Set(names.filter((name) => !name.startsWith('!')).map((name) => name.replace(/^\$/, '')))];
}
