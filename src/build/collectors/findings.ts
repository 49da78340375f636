/** What a collector has found so far: it turns paths as tools are given them into globs and names that tasks know. */
import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { CollectOptions, Collected } from './collected.ts';

/** Where a command runs. */
export type Place = Omit<CollectOptions, 'words'>;

/** A command of a known tool. */
export interface Invocation {
  readonly tool: string;
  /** What follows the tool's name. */
  readonly words: readonly string[];
  readonly place: Place;
}

/** What is found of one command. Paths are resolved from where it runs. */
export class Findings {
  readonly #tool: string;
  readonly #place: Place;
  readonly #outputs = new Set<string>();
  readonly #mutable = new Set<string>();
  readonly #configs = new Set<string>();
  readonly #env = new Set<string>(['NODE_ENV', 'NODE_OPTIONS']);
  #complete = true;
  #refuse: string | undefined;

  constructor({ tool, place }: Invocation) {
    this.#tool = tool;
    this.#place = place;
  }

  /** The path from where the command runs. */
  at(path: string): string {
    return resolve(this.#place.cwd, path);
  }

  /** Files that it writes, each as a whole and anew. */
  files(...paths: readonly string[]): void {
    for (const path of paths) {
      const glob = this.#fromRoot(path);
      if (glob) this.#outputs.add(glob);
    }
  }

  /** What it keeps for its next run and can do without; written in place. Outside of the package it is no one's output. */
  cache(path: string, below?: string): void {
    const name = within(this.#place.root, this.at(path));
    if (name === undefined || name === '' || this.#isBehindLink(name)) return;
    const glob = escaped(name) + (below === undefined ? '' : `/${below}`);
    this.#outputs.add(glob);
    this.#mutable.add(glob);
  }

  /** A file that says what the others are; written in place. It must come back with them, or the next run is misled. */
  state(path: string): void {
    const glob = this.#fromRoot(path);
    if (!glob) return;
    this.#outputs.add(glob);
    this.#mutable.add(glob);
  }

  /**
   * A directory that it fills, with nothing of anyone else's in it but what `pattern` leaves out. One that holds the
   * sources, too, can't be told by a glob: the snapshot has to.
   */
  directory(path: string, { sources = [], pattern = '**' }: DirectoryOptions = {}): void {
    const held = [this.#place.cwd, ...sources.map((source) => this.at(source))];
    if (held.some((source) => within(this.at(path), source) !== undefined)) {
      this.incomplete();
      return;
    }
    const name = this.#fromRoot(path);
    if (name === '') this.incomplete();
    else if (name !== undefined) this.#outputs.add(`${name}/${pattern}`);
  }

  /**
   * The directory that the command line names, else the tool's default, from `base`. Where there is a configuration, it may
   * name another one and plugins that write anything anywhere, so the default isn't taken, and nothing is complete.
   */
  directoryOf({ named, usual, base = '.', isConfigured }: DirectoryChoice): void {
    if (named !== undefined || !isConfigured)
      this.directory(resolve(this.at(base), named ?? usual), { sources: [base] });
    if (isConfigured) this.incomplete();
  }

  /** There may be other outputs: something decides that isn't read here. */
  incomplete(): void {
    this.#complete = false;
  }

  /** Files that it reads, or would. */
  configs(...paths: readonly string[]): void {
    for (const path of paths) {
      const place = this.at(path);
      const name = within(this.#place.workspace, place);
      if (name !== undefined) this.#configs.add(name);
      // What is installed is told by the lockfile, wherever it lies.
      else if (existsSync(place) && !place.split(sep).includes('node_modules'))
        this.refuse(`it reads ${place}, which is outside of the workspace`);
    }
  }

  /** Files of these names in a directory and in each above it, up to the workspace. */
  configsUpFrom(directory: string, names: readonly string[]): void {
    for (const above of this.upFrom(directory)) this.configs(...names.map((name) => join(above, name)));
  }

  /** The nearest of these in a directory or above it, and those that would be nearer. Returns where it is. */
  nearestConfig(directory: string, names: readonly string[]): string | undefined {
    for (const above of this.upFrom(directory)) {
      const found = this.firstConfig(names.map((name) => join(above, name)));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The first of these files that is there, and those that would be taken before it. */
  firstConfig(paths: readonly string[]): string | undefined {
    for (const path of paths) {
      this.configs(path);
      if (isFile(this.at(path))) return this.at(path);
    }
    return undefined;
  }

  /** A directory and those above it, up to the workspace. */
  upFrom(directory: string): readonly string[] {
    const place = this.at(directory);
    if (within(this.#place.workspace, place) === undefined) return [];
    return place === this.#place.workspace ? [place] : [place, ...this.upFrom(dirname(place))];
  }

  env(...names: readonly string[]): void {
    for (const name of names) this.#env.add(name);
  }

  /** The first reason is the one that is told. */
  refuse(reason: string): void {
    this.#refuse ??= reason;
  }

  /** What another tool does that this one starts. */
  include(other: Collected): void {
    for (const glob of other.outputs) this.#outputs.add(glob);
    for (const glob of other.mutable) this.#mutable.add(glob);
    for (const path of other.configs) this.#configs.add(path);
    this.env(...other.env);
    if (!other.complete) this.incomplete();
    if (other.refuse !== undefined) this.refuse(other.refuse);
  }

  collected(): Collected {
    const refuse = this.#refuse === undefined ? {} : { refuse: this.#refuse };
    return {
      tool: this.#tool,
      outputs: [...this.#outputs],
      complete: this.#complete,
      configs: [...this.#configs],
      env: [...this.#env],
      mutable: [...this.#mutable],
      ...refuse,
    };
  }

  #fromRoot(path: string): string | undefined {
    const name = within(this.#place.root, this.at(path));
    if (name !== undefined && !this.#isBehindLink(name)) return escaped(name);
    const where = name === undefined ? 'outside of the package' : 'behind a symbolic link';
    this.refuse(`it writes ${this.at(path)}, which is ${where}`);
    return undefined;
  }

  /** Whether a directory on the way is a link: nothing is kept from there, or put there. */
  #isBehindLink(name: string): boolean {
    const parts = name.split('/');
    return parts.some((_, depth) => {
      const place = join(this.#place.root, ...parts.slice(0, depth + 1));
      return isDirectory(place) && lstatSync(place).isSymbolicLink();
    });
  }
}

interface DirectoryOptions {
  /** What it reads, where that may lie in the same directory. */
  readonly sources?: readonly string[];
  /** Which files below are its own. Default: all. */
  readonly pattern?: string;
}

interface DirectoryChoice {
  readonly named: string | undefined;
  readonly usual: string;
  readonly base?: string;
  readonly isConfigured: boolean;
}

/** The path from a directory, separated by `/`; empty for itself; nothing for what isn't in it. */
export function within(directory: string, path: string): string | undefined {
  const name = relative(directory, path);
  return isAbsolute(name) || name === '..' || name.startsWith(`..${sep}`) ? undefined : name.replaceAll(sep, '/');
}

/** A glob that means this very path. */
function escaped(path: string): string {
  return path.replace(/[$()*+?![\]{}@|\\,]/g, '\\$&');
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
