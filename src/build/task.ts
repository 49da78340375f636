/** A task: a command, where it runs, and what is known of what it reads and makes. */
import type { Digest } from './digest.ts';
import type { NodePrecision } from './surroundings.ts';

/** A task. What isn't said is found out: see `run` of the build cache. */
export interface BuildTask {
  /** The repository: inputs are named from here, and nothing above it is one. */
  readonly workspace: string;
  /** The package, within the workspace: outputs are named from here, and nothing outside of it is written. Default: the workspace. */
  readonly root?: string;
  /** Where the command runs, within the workspace. Default: the package. */
  readonly cwd?: string;
  /** Default: the name in the package's `package.json`, else its path in the workspace. */
  readonly package?: string;
  /** Default: the command's text. */
  readonly name?: string;
  /** A program and its arguments; or a text, for the shell. Programs of `node_modules/.bin` here and above are found first. */
  readonly command: readonly string[] | string;
  /** Globs of what is read, from the package; `../` may climb to the workspace. Default: it is found out. */
  readonly inputs?: readonly string[];
  /** Globs of what is made, from the package; an empty list for nothing but text. Default: it is found out. */
  readonly outputs?: readonly string[];
  /** Globs of what is neither read nor made, whatever else is said or found, from the package. */
  readonly exclude?: readonly string[];
  /** Configuration files from the package, part of the key even if `inputs` forgets them; absent ones, too. */
  readonly configs?: readonly string[];
  /** Names of environment variables that are read, with `*` for any letters. No other reaches the command, but `passEnv`. */
  readonly env?: readonly string[];
  /** Names of variables that reach the command and don't count: where it is, who runs it, secrets that don't show. */
  readonly passEnv?: readonly string[];
  /** What the tasks made that it rests on, by their names. */
  readonly dependencies?: Readonly<Record<string, Digest>>;
  /** How exactly the version of Node counts. Default: `major`. */
  readonly node?: NodePrecision;
  /** Remove the outputs before the command runs: `'stale'` only if an input of the last run here is gone. Default: `'never'`. */
  readonly clean?: 'always' | 'stale' | 'never';
  /** Variables that are set for the command, whatever surrounds it. */
  readonly set?: Readonly<Record<string, string>>;
}
