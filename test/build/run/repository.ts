/** Small repositories in which tasks run, with a cache of their own. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import {
  type BuildCache,
  type BuildCacheOptions,
  type BuildTask,
  openBuildCache,
  type RunOptions,
  type RunResult,
} from 'tidemark/build';

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A new directory, removed after the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-build-'));
  made.push(directory);
  return directory;
}

/** A command that is a script of Node: `read(path)`, `write(path, text)` and `fs` are there. */
export function script(body: string): readonly string[] {
  const prelude =
    "const fs = require('node:fs'); const path = require('node:path');" +
    "const read = (p) => fs.readFileSync(p, 'utf8');" +
    'const write = (p, t) => { fs.mkdirSync(path.dirname(p), { recursive: true }); fs.writeFileSync(p, t); };';
  return [process.execPath, '-e', prelude + body];
}

/** A repository, and a cache for it. */
export class Repository {
  readonly root: string;
  readonly home: string;
  readonly #options: BuildCacheOptions;

  constructor(options: BuildCacheOptions = {}, home: string = scratch()) {
    this.home = home;
    this.root = scratch();
    this.#options = options;
  }

  /** Another clone: what git would bring, another directory, another state, the same store. */
  clone(options: BuildCacheOptions = {}): Repository {
    const other = new Repository({ ...this.#options, ...options }, this.home);
    cpSync(this.root, other.root, {
      recursive: true,
      filter: (path) => !['dist', 'node_modules', '.git'].includes(path.slice(this.root.length + 1).split('/')[0]),
    });
    return other;
  }

  write(files: Readonly<Record<string, string>>): this {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), text);
    }
    return this;
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  /** Every file with its text, by path. */
  files(): Readonly<Record<string, string>> {
    const names = (readdirSync(this.root, { recursive: true }) as string[]).filter((path) =>
      statSync(join(this.root, path)).isFile(),
    );
    return Object.fromEntries(names.toSorted().map((path) => [path, this.read(path)]));
  }

  open(options: BuildCacheOptions = {}): BuildCache {
    const places = { directory: join(this.home, 'cache'), state: join(this.root, '..', `${this.root}-state`) };
    made.push(places.state);
    return openBuildCache({ ...places, find: 'everything', ...this.#options, ...options });
  }

  /** One run in a cache of its own, as a process would do it, and what it printed. */
  async run(
    task: Omit<BuildTask, 'workspace'>,
    options: RunOptions & { readonly cache?: BuildCacheOptions } = {},
  ): Promise<RunResult & { readonly printed: string }> {
    const { cache: cacheOptions = {}, ...others } = options;
    const cache = this.open(cacheOptions);
    let printed = '';
    try {
      const result = await cache.run(
        { workspace: this.root, ...task },
        { onOutput: (_, bytes) => void (printed += Buffer.from(bytes).toString()), ...others },
      );
      return { ...result, printed };
    } finally {
      await cache.close();
    }
  }
}
