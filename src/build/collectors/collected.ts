/** What a collector is asked, and what it answers. */

/** A command as it was typed, and where it runs; all directories are absolute. */
export interface CollectOptions {
  /** The program and its arguments. What only leads to the program (`npx`, `pnpm exec`, `yarn`, `bunx`) may stand before it. */
  readonly words: readonly string[];
  /** Where the command runs. */
  readonly cwd: string;
  /** The package: outputs are named from here. */
  readonly root: string;
  /** The repository: configuration files are named from here. */
  readonly workspace: string;
}

/** What a known tool reads and makes, as its command line and its configuration tell it. Nothing of the tool is run for it. */
export interface Collected {
  readonly tool: string;
  /** Globs of what it makes, from the package. They match what is there after the run, however it is called. */
  readonly outputs: readonly string[];
  /** Whether it makes nothing else. If not, only a look at the disk before and after the run shows the rest. */
  readonly complete: boolean;
  /** Configuration files that it reads or would read if they were there, from the workspace, in its own order. */
  readonly configs: readonly string[];
  /** Names of environment variables that change what it makes, with `*` for any letters. */
  readonly env: readonly string[];
  /** Those of `outputs` that are written in place: they must never share their bytes with a stored file. */
  readonly mutable: readonly string[];
  /** Why what this command does must not be cached. */
  readonly refuse?: string;
}
