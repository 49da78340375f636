/** A workspace with a cache of its own, in which command lines are run. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scratch } from '../../build/run/repository.ts';
import { type Ran, ran } from '../recorder.ts';

/** What the shell script of a {@link Place} does: it makes an output, and prints on both streams. */
export const SHOUT = [
  'sh',
  '-c',
  'mkdir -p dist; tr a-z A-Z <src/a.txt >dist/a.txt; echo made; echo oops >&2',
] as const;

/** How it is declared. */
export const DECLARED = ['--in', 'src/**', '--out', 'dist/**'] as const;

interface Calling {
  readonly environment?: Readonly<Record<string, string>>;
  readonly isWatched?: boolean;
  readonly directory?: string;
  readonly onDraw?: (interrupt: () => void) => void;
}

export class Place {
  readonly home: string = scratch();
  readonly root: string = join(this.home, 'work');
  readonly cacheDir: string = join(this.home, 'cache');

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(join(this.root, '.git'), { recursive: true });
    this.write({ 'src/a.txt': 'tides\n', ...files });
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

  /** The variables of a call. */
  environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const { PATH, TMPDIR } = process.env;
    const places = { TIDEMARK_CACHE_DIR: this.cacheDir, TIDEMARK_CACHE_STATE: join(this.home, 'state') };
    return { PATH, ...(TMPDIR !== undefined && { TMPDIR }), HOME: join(this.home, 'user'), ...places, ...more };
  }

  /** Run a command line here. Nobody watches, unless that is said. */
  call(
    args: readonly string[],
    { environment, isWatched = false, directory = this.root, onDraw }: Calling = {},
  ): Promise<Ran> {
    return ran(args, onDraw, { environment: this.environment(environment), directory, isWatched });
  }

  /** `run … -- SHOUT`, with declared globs. */
  shout(flags: readonly string[] = [], calling: Calling = {}): Promise<Ran> {
    return this.call(['run', ...DECLARED, ...flags, '--', ...SHOUT], calling);
  }

  /** The files of a folder of the store. */
  stored(folder: 'blobs' | 'records'): readonly string[] {
    const place = join(this.cacheDir, 'v1', folder);
    if (!existsSync(place)) return [];
    const found = readdirSync(place, { recursive: true, withFileTypes: true });
    return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  }
}

/** What `--json` has printed. */
export function figures({ out }: Ran): unknown {
  if (out.length !== 1) throw new Error(`one line expected, not ${out.length}`);
  return JSON.parse(out[0]);
}
