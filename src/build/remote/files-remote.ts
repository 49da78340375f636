/** A remote in a directory, such as that of a network drive: each name is a file, written beside its place and renamed. */
import * as fs from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkOptions, nonEmptyText, trueOrFalse } from '../../engine/options.ts';
import { unique } from '../store-files.ts';
import { checkName, checkWritable } from './checked-name.ts';
import type { RemoteBody, RemoteCall, RemoteKind, RemoteStore } from './remote-store.ts';

/** How a directory is used as a remote. */
export interface FilesRemoteOptions {
  /** It must be there: one that isn't may be a drive that isn't mounted, and is never made. */
  readonly directory: string;
  /** Never write to it. Default: false. */
  readonly readOnly?: boolean;
  /** What it is called in events and statistics. Default: the directory. */
  readonly name?: string;
}

/**
 * A directory as a remote. It needs neither locks nor links, and any of its files may be deleted at any time.
 *
 * @throws `bad_option`
 * @example
 * const remote = filesRemote({ directory: '/mnt/builds' });
 */
export function filesRemote(options: FilesRemoteOptions): RemoteStore {
  checkOptions('filesRemote', options, ['directory', 'readOnly', 'name']);
  const directory = nonEmptyText('directory', options.directory);
  return new FilesRemote(
    resolve(directory),
    trueOrFalse('readOnly', options.readOnly),
    nonEmptyText('name', options.name ?? directory),
  );
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** A link isn't followed, and a pipe isn't waited for. Where a platform has no such flag, it counts as 0. */
const READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
const PIECE = 256 * 1024;
/** What was being written so long ago, in milliseconds, was left behind by a process that is gone. */
const LEFT_BEHIND = 24 * 3_600_000;

class FilesRemote implements RemoteStore {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #directory: string;
  #swept: Promise<void> | undefined;

  constructor(directory: string, readOnly: boolean, name: string) {
    this.#directory = directory;
    this.readOnly = readOnly;
    this.name = name;
  }

  async get(kind: RemoteKind, name: string, { signal }: RemoteCall): Promise<RemoteBody | undefined> {
    const file = await opened(this.#path(kind, name));
    if (!file) return undefined;
    try {
      const found = await file.stat();
      signal.throwIfAborted();
      if (found.isFile()) return { size: found.size, chunks: piecesOf(file, signal) };
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return undefined;
  }

  async put(kind: RemoteKind, name: string, body: RemoteBody, { signal }: RemoteCall): Promise<void> {
    checkWritable(this);
    const path = this.#path(kind, name);
    await this.#folder(kind, name.slice(0, 2));
    const tmp = await this.#folder('tmp');
    await (this.#swept ??= swept(tmp));
    const temporary = join(tmp, unique());
    try {
      await written(temporary, body, signal);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async has(kind: RemoteKind, name: string): Promise<boolean> {
    try {
      return (await stat(this.#path(kind, name))).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  #path(kind: RemoteKind, name: string): string {
    checkName(kind, name);
    return join(this.#directory, kind, name.slice(0, 2), name);
  }

  /** A folder below the directory, each level made on its own: the directory itself must be there. */
  async #folder(...names: readonly string[]): Promise<string> {
    let path = this.#directory;
    for (const name of names) {
      path = join(path, name);
      try {
        await mkdir(path);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    }
    return path;
  }
}

async function opened(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, READING);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function* piecesOf(file: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      signal.throwIfAborted();
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function written(path: string, { chunks }: RemoteBody, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
    }
    signal.throwIfAborted();
  } finally {
    await file.close(); // some network drives tell of a failed write only here
  }
}

/** Nobody's harm if it fails. */
async function swept(tmp: string): Promise<void> {
  try {
    for (const name of await readdir(tmp)) {
      const path = join(tmp, name);
      if (Math.abs(Date.now() - (await stat(path)).mtimeMs) > LEFT_BEHIND) await rm(path, { force: true });
    }
  } catch {
    // another process may be sweeping, too
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
