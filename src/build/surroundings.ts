/** What a task finds around it: the environment variables that count, the platform, the C library, the version of Node. */
import { closeSync, openSync, readSync } from 'node:fs';
import { checkOptions, listOrNothing, nonEmptyText, oneOf } from '../engine/options.ts';
import { isPattern, namedBy } from './variable-names.ts';

/** The part of a key that the machine and the shell decide. */
export interface Surroundings {
  readonly platform: string;
  readonly arch: string;
  /** `glibc`, `musl`, or `none` where the platform has only one. */
  readonly libc: string;
  /** `20`, or `20.20.2` where the exact version was asked for. */
  readonly node: string;
  /** By name; `null` for one that is declared and not set, which isn't the same as empty. */
  readonly environment: Readonly<Record<string, string | null>>;
}

/** Which of the surroundings count. */
export interface SurroundingsOptions {
  /** Names of the variables that the task reads, with `*` for any letters. No other one changes the key, except those said below. */
  readonly names?: readonly string[];
  /** Where variables are looked up. Default: those of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How exactly the version of Node counts. Default: `major`. */
  readonly node?: NodePrecision;
}

/** `major`: versions of Node with the same first number count as the same. */
export type NodePrecision = 'major' | 'exact';

/** The surroundings of this process. `NODE_ENV` always counts, and every variable with `_CACHE_BUST` in its name. */
export function surroundings(options: SurroundingsOptions = {}): Surroundings {
  checkOptions('surroundings', options, ['names', 'environment', 'node']);
  const { names = [], environment = process.env, node = 'major' } = options;
  listOrNothing('names', options.names);
  const wanted = [...names.map((name) => nonEmptyText('names', name)), 'NODE_ENV', '*_CACHE_BUST*'];
  const patterns = wanted.filter(isPattern);
  const found = Object.keys(environment).filter(namedBy(patterns, process.platform));
  const declared = new Set([...wanted.filter((name) => !isPattern(name)), ...found]);
  return {
    platform: process.platform,
    arch: process.arch,
    libc: (libc ??= foundLibc()),
    node: nodeVersion(node),
    environment: Object.fromEntries(
      [...declared].map((name) => [name, Object.hasOwn(environment, name) ? (environment[name] ?? null) : null]),
    ),
  };
}

/** The version of Node that runs this, as precisely as it counts. */
export function nodeVersion(precision: NodePrecision): string {
  const { node } = process.versions;
  return oneOf('node', precision, ['major', 'exact']) === 'exact' ? node : node.split('.')[0];
}

let libc: string | undefined; // the answer never changes

/** The beginning of Node's own file names the loader that it needs, which is one or the other library's. */
function foundLibc(): string {
  if (process.platform !== 'linux') return 'none';
  const file = openSync(process.execPath, 'r');
  try {
    const beginning = Buffer.alloc(4096);
    const text = beginning.toString('latin1', 0, readSync(file, beginning));
    return /\/ld-musl-/.test(text) ? 'musl' : /\/ld-linux|\/ld64\.so/.test(text) ? 'glibc' : 'none';
  } finally {
    closeSync(file);
  }
}
