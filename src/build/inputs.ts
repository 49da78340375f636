/** The inputs of a task: each file that its globs name with its digest, each link with its target. */
import { resolve, sep } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions } from '../engine/options.ts';
import type { Disk } from './disk.ts';
import { globbed } from './globbed.ts';
import type { InputEntry } from './record.ts';
import type { StatIndex } from './stat-index.ts';

/** What a task reads. */
export interface InputsOptions {
  /** The package's directory. */
  readonly root: string;
  /** Which files; see {@link globbed}. */
  readonly globs?: readonly string[];
  /** Or the paths of these files. */
  readonly paths?: readonly string[];
  /** Which of them not. `.git` and `node_modules` are left out in any case, unless a glob names them. */
  readonly exclude?: readonly string[];
  /** What files are known to contain. */
  readonly index: StatIndex;
  /** The file system that is listed. Default: the machine's. */
  readonly disk?: Disk;
}

/**
 * The inputs in bytewise order of their paths, as they are on the disk now. Symbolic links are entries of their own and
 * aren't followed; whether a file is executable is part of it. Throws `store_failed` when something can't be read, rather
 * than leave it out.
 *
 * ```ts no-run
 * const inputs = collectInputs({ root: '/repo/packages/a', globs: ['src/**', '*.json'], index: new StatIndex() });
 * ```
 */
export function collectInputs(options: InputsOptions): readonly InputEntry[] {
  checkOptions('collectInputs', options, ['root', 'globs', 'paths', 'exclude', 'index', 'disk']);
  const { index, paths, globs = [], ...where } = options;
  const place = placeIn(resolve(where.root));
  return (paths ?? globbed({ ...where, globs })).map((path): InputEntry => {
    const found = index.look(place(path));
    if (found?.kind === 'file') return { path, digest: found.digest, executable: found.executable };
    if (found?.kind === 'link') return { path, link: found.target };
    // A name that isn't UTF-8 is listed in one form and asked for in another.
    throw new TidemarkError('store_failed', `input ${JSON.stringify(path)} can't be found by the name that is listed`);
  });
}

/** What `resolve` makes of a path that is known to be plain, many thousand times. */
function placeIn(root: string): (path: string) => string {
  return sep === '/' && root !== '/' ? (path) => `${root}/${path}` : (path) => resolve(root, path);
}
