/** The files of a store: where they are, how one is written so that it is whole or absent, how they are walked. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import type { Digest } from './digest.ts';

/**
 * What is forced to the disk before it counts as stored. `'none'`: nothing; `'records'`: records, so that one that is
 * there after a power cut is whole, while its blobs may have to be told damaged; `'all'`: blobs, too.
 */
export type Fsync = 'records' | 'all' | 'none';

/** A file that was found, with its time of last change in milliseconds since the epoch. */
export interface Found {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** The folders of a layout. */
export type Folder = 'blobs' | 'records' | 'specs' | 'conflicts' | 'quarantine' | 'tmp' | 'stats';

/** The names of all folders of a layout. */
export const folders: readonly Folder[] = ['blobs', 'records', 'specs', 'conflicts', 'quarantine', 'tmp', 'stats'];

/** Time of last use is written down at most this often, in milliseconds. */
export const TOUCHED = 3_600_000;

/** A store's directory. */
export class StoreFiles {
  /** The directory of this layout. */
  readonly home: string;
  readonly readOnly: boolean;
  readonly fsync: Fsync;
  /** The time of every file that is written: a network drive has another clock. */
  readonly now: () => number;

  constructor({ home, readOnly, fsync, now }: Pick<StoreFiles, 'home' | 'readOnly' | 'fsync' | 'now'>) {
    this.home = home;
    this.readOnly = readOnly;
    this.fsync = fsync;
    this.now = now;
  }

  blob(digest: Digest): string {
    return join(this.home, 'blobs', digest.slice(0, 2), digest);
  }

  record(key: Digest): string {
    return join(this.home, 'records', key.slice(0, 2), `${key}.json`);
  }

  specs(weak: Digest): string {
    return join(this.home, 'specs', weak.slice(0, 2), `${weak}.json`);
  }

  /** Throws unless this store may be changed. */
  mayWrite(): void {
    if (this.readOnly) throw new TidemarkError('store_failed', `the build store ${this.home} is open for reading only`);
  }

  /** Text as a file that is whole or absent. Tells whether it was placed: `'new'` never replaces a file. */
  place(path: string, text: string, how: 'new' | 'over'): boolean {
    return this.#placed(path, text, { how, mode: 0o644, flush: this.fsync !== 'none' });
  }

  /**
   * The same for what may be lost with the power. Forcing one file to the disk can take as long as writing all that
   * anybody has written there: outputs that were just brought back, say.
   */
  jot(path: string, text: string): void {
    this.#placed(path, text, { how: 'over', mode: 0o644, flush: false });
  }

  #placed(path: string, text: string, manner: Manner): boolean {
    return this.staged((file) => file.write(Buffer.from(text)), path, manner);
  }

  /** What `write` writes into a file in `tmp`, moved to its place when that is whole. */
  staged(write: (file: StagedFile) => void, path: Target, manner: Manner): boolean {
    const file = new StagedFile(this);
    try {
      write(file);
      return file.place(path, manner);
    } finally {
      file.drop();
    }
  }

  /** The same for what arrives little by little. */
  async stagedLater(write: (file: StagedFile) => Promise<void>, path: Target, manner: Manner): Promise<boolean> {
    const file = new StagedFile(this);
    try {
      await write(file);
      return file.place(path, manner);
    } finally {
      file.drop();
    }
  }

  /** Say that a file is used, unless it was said lately. */
  touch(path: string): void {
    if (this.readOnly) return;
    const now = this.now();
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    // The distance, not the age: a clock that was ahead once must not keep a file for ever.
    if (stat && Math.abs(now - stat.mtimeMs) >= TOUCHED) quietly(() => fs.utimesSync(path, now / 1000, now / 1000));
  }

  /** Take a damaged file out of the way, kept for a while for whoever wants to look at it. */
  quarantine(path: string): void {
    if (this.readOnly) return;
    const name = path.slice(path.search(/[^/\\]*$/));
    const target = join(this.home, 'quarantine', `${name}.${unique()}`);
    quietly(() => inFolder(target, () => fs.renameSync(path, target)));
  }

  /** All files of a folder, however deep; what vanishes meanwhile is left out. */
  *files(folder: Folder): Generator<Found> {
    yield* walk(join(this.home, folder));
  }
}

/** Where a file goes, if anywhere: asked when it is whole. */
export type Target = string | (() => string | undefined);

/** Whether a file that is there is replaced, the file's permission bits, and whether it is forced to the disk. */
export interface Manner {
  readonly how: 'new' | 'over';
  readonly mode: number;
  readonly flush: boolean;
}

/** A file in `tmp` under a name that nobody else has, until it is placed. */
export class StagedFile {
  readonly #files: StoreFiles;
  readonly #path: string;
  #fd: number | undefined;

  constructor(files: StoreFiles) {
    this.#files = files;
    this.#path = join(files.home, 'tmp', unique());
    this.#fd = this.#attempt(() => inFolder(this.#path, () => fs.openSync(this.#path, 'wx', 0o600)));
  }

  write(bytes: Uint8Array): void {
    this.#attempt(() => writeAll(this.#fd!, bytes));
  }

  /** Tells whether it was placed: it isn't where there is no place for it, or a file is there that isn't replaced. */
  place(path: Target, { how, mode, flush }: Manner): boolean {
    const now = this.#files.now() / 1000;
    return this.#attempt(() => {
      fs.fchmodSync(this.#fd!, mode);
      fs.futimesSync(this.#fd!, now, now);
      if (flush) fs.fsyncSync(this.#fd!);
      this.#close();
      const target = typeof path === 'string' ? path : path();
      return target !== undefined && inFolder(target, () => moved(this.#path, target, how));
    });
  }

  /** Leave nothing behind but what was placed. */
  drop(): void {
    this.#attempt(() => {
      this.#close();
      fs.rmSync(this.#path, { force: true });
    });
  }

  #close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) fs.closeSync(fd);
  }

  #attempt<T>(task: () => T): T {
    try {
      return task();
    } catch (error) {
      throw failed(`writing below ${this.#files.home}`, error);
    }
  }
}

function* walk(folder: string): Generator<Found> {
  for (const entry of listed(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else {
      const stat = entry.isFile() ? fs.lstatSync(path, { throwIfNoEntry: false }) : undefined;
      if (stat) yield { path, name: entry.name, size: stat.size, mtimeMs: stat.mtimeMs };
    }
  }
}

function listed(folder: string): readonly fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw failed(`listing ${folder}`, error);
  }
}

/** Links don't replace, so of many writers one is first; where there are no links, the last look decides. */
function moved(from: string, to: string, how: 'new' | 'over'): boolean {
  if (how === 'new') {
    try {
      fs.linkSync(from, to);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (isMissing(error)) throw error;
      if (fs.existsSync(to)) return false;
    }
  }
  fs.renameSync(from, to);
  return true;
}

function inFolder<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!isMissing(error)) throw error;
    fs.mkdirSync(join(path, '..'), { recursive: true });
    return make();
  }
}

/** Write all bytes: one call may write fewer, as a disk gets full. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at, bytes.length - at);
}

/** Remove a file; tells whether it was there and is gone. */
export function removed(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw failed(`removing ${path}`, error);
  }
}

/** Do what may fail without harm. */
export function quietly(task: () => void): void {
  try {
    task();
  } catch {
    // what it was for is a comfort only
  }
}

/** The bytes of a file, or nothing if there is none. */
export function bytesOf(path: string): Buffer | undefined {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw failed(`reading ${path}`, error);
  }
}

/** The text of a file, or nothing if there is none. */
export function textOf(path: string): string | undefined {
  return bytesOf(path)?.toString();
}

/** An error of the file system as ours, with its cause. */
export function failed(what: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  return new TidemarkError('store_failed', `${what} failed: ${describe((error as Error).message)}`, error);
}

/** The code of an error of the file system. */
function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Letters that name one process's work among all. */
export function unique(): string {
  return `${process.pid}-${randomBytes(8).toString('hex')}`;
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}
