/** The files and symbolic links below a directory that globs name: dotfiles too, links never followed, in bytewise order. */
import type { Dirent } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, list, listOrNothing, nonEmptyText } from '../engine/options.ts';
import { sortedByBytes } from './digest.ts';
import { type Disk, machineDisk } from './disk.ts';
import { unreadable } from './file-digest.ts';
import { listed, plainPaths } from './whole-directories.ts';

/** What to look for, and where. */
export interface GlobbedOptions {
  /** The directory that globs and answers are relative to. */
  readonly root: string;
  /**
   * Patterns such as `'src/**'`, `'*.json'`; the name of a directory stands for all that is below it; one that begins
   * with `!` takes away. Absolute ones and ones with `..` are refused.
   */
  readonly globs: readonly string[];
  /** Patterns of what is left out, besides `.git` and `node_modules`, which a glob reaches only by naming them. */
  readonly exclude?: readonly string[];
  /** The file system. Default: the machine's. */
  readonly disk?: Disk;
}

const HIDDEN = ['.git', 'node_modules'];

/**
 * Relative paths with `/`, in the order of their UTF-8 bytes, so the same on every machine and in every language. Throws
 * `bad_option` for a glob that leaves the root or leads through a symbolic link, and `store_failed` for a directory that
 * can't be read: an input that is silently left out would make a key that is wrong.
 */
export function globbed(options: GlobbedOptions): readonly string[] {
  checkOptions('globbed', options, ['root', 'globs', 'exclude', 'disk']);
  const { globs, exclude = [], disk = machineDisk } = options;
  const root = nonEmptyText('root', options.root);
  list('globs', globs);
  listOrNothing('exclude', exclude);
  for (const glob of globs) checkGlob('globs', glob);
  for (const glob of exclude) checkGlob('exclude', glob);

  const negative = globs.filter((glob) => glob.startsWith('!'));
  for (const glob of globs) if (!glob.startsWith('!')) refuseLinks(root, glob, disk);
  const found = new Set<string>();
  for (const [hidden, positive] of byHidden(globs.filter((glob) => !glob.startsWith('!')))) {
    const [whole, unlisted] = [plainPaths(positive), plainPaths(exclude)];
    const paths =
      whole && unlisted && negative.length === 0
        ? listed(root, whole, { names: hidden, paths: unlisted }, disk)
        : crawl(root, [...positive, ...negative], [...exclude, ...hidden.map((name) => `**/${name}/**`)], disk);
    for (const path of paths) found.add(path);
  }
  return sortedByBytes([...found], (path) => path);
}

function checkGlob(what: string, glob: string): void {
  nonEmptyText(what, glob);
  const parts = glob.replace(/^!/, '').split('/');
  if (parts[0] === '' || /^[A-Za-z]:/.test(parts[0]) || parts.includes('..') || glob.includes('\0'))
    throw new TidemarkError('bad_option', `${what}: ${JSON.stringify(glob)} must stay below the root`);
}

/** Globs by what stays hidden from them: a name that a glob spells isn't hidden from that glob. */
function byHidden(
  globs: readonly string[],
): readonly (readonly [hidden: readonly string[], globs: readonly string[]])[] {
  const groups = new Map<string, string[]>();
  for (const glob of globs) {
    const hidden = HIDDEN.filter((name) => !glob.split('/').includes(name)).join('/');
    groups.set(hidden, [...(groups.get(hidden) ?? []), glob]);
  }
  return [...groups].map(([hidden, members]) => [hidden === '' ? [] : hidden.split('/'), members]);
}

/**
 * The library sees the disk through a double of `readdir`, for three reasons: it leaves links out unless it follows them,
 * it passes over errors in silence, and its `**` doesn't match line breaks.
 */
function crawl(root: string, globs: readonly string[], ignore: readonly string[], disk: Disk): readonly string[] {
  const failures: unknown[] = [];
  const readdirSync = (path: string): readonly Dirent[] => {
    const real = spelt(path);
    try {
      return disk.readdirSync(real, { withFileTypes: true }).map(asEntry);
    } catch (error) {
      if (!isAbsent(error) || resolve(real) === resolve(root)) failures.push(error);
      return [];
    }
  };
  const paths = globSync(globs.map(unbroken), {
    cwd: root,
    dot: true,
    followSymbolicLinks: false,
    ignore: ignore.map(unbroken),
    fs: { readdirSync: readdirSync as unknown as typeof import('node:fs').readdirSync },
  });
  const [failure] = failures;
  if (failure !== undefined) throw unreadable(root, failure);
  return paths.map(spelt);
}

/** The plain names with which a glob begins must be directories: what lies behind a link would be passed over. */
function refuseLinks(root: string, glob: string, disk: Disk): void {
  const parts = posix.normalize(glob).split('/');
  for (let depth = 1; depth < parts.length && !isDynamicPattern(parts[depth - 1]); depth++) {
    const name = parts.slice(0, depth).join('/').replaceAll(/\\(.)/g, '$1');
    if (!disk.lstatSync(join(root, name), { throwIfNoEntry: false })?.isSymbolicLink()) continue;
    throw new TidemarkError(
      'bad_option',
      `globs: ${JSON.stringify(name)} is a symbolic link, which isn't followed; name its files where they are`,
    );
  }
}

function asEntry(entry: Dirent): Dirent {
  const isFile = entry.isFile() || entry.isSymbolicLink();
  const isDirectory = entry.isDirectory();
  return {
    name: unbroken(entry.name),
    isFile: () => isFile,
    isDirectory: () => isDirectory,
    isSymbolicLink: () => false,
  } as Dirent;
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

// A lone surrogate can't stand in a name that was read from the disk as UTF-8, so it can stand for a line break.
const BREAKS = '\n\r\u2028\u2029';
const STAND_INS = '\ud800\ud801\ud802\ud803';

function unbroken(text: string): string {
  return text.replace(/[\n\r\u2028\u2029]/g, (c) => STAND_INS[BREAKS.indexOf(c)]);
}

function spelt(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, (c) => BREAKS[STAND_INS.indexOf(c)] ?? c);
}
