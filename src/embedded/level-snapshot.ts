/** A directory of LevelDB read without changing it: the database is opened in a directory of links and copies instead. */
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { hash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';

/** Rows as LevelDB keeps them. */
export type RawRow = readonly [key: Uint8Array, value: Uint8Array];

/** The class of `classic-level` (or `level`), by what is called of it. */
export type LevelClass = new (
  location: string,
  options?: object,
) => {
  open(options: { readonly createIfMissing: boolean }): Promise<void>;
  iterator(options: {
    readonly gt?: unknown;
    readonly keyEncoding: 'view';
    readonly valueEncoding: 'view';
    readonly highWaterMarkBytes: number;
  }): { nextv(size: number): Promise<readonly (readonly [unknown, unknown])[]>; close(): Promise<void> };
  close(): Promise<void>;
};

const TABLE = /\.(ldb|sst)$/; // never changed once it is written
const CHANGING = /^(CURRENT|MANIFEST-\d+|\d+\.log)$/;
const LOCK = 'LOCK';
const MOST_BYTES = 8 * 1024 * 1024; // of rows in memory

/**
 * A LevelDB as it stands, held for as long as this is open.
 *
 * Opening a LevelDB changes it, even if nothing is written then: its log becomes a table, its manifest and `CURRENT` are
 * replaced, its `LOG` is renamed. So what it may change is copied into a directory of its own, and tables, which are
 * never changed, are linked there. The lock file is linked, too: LevelDB locks what the link leads to, so whoever has the
 * database open is noticed, and nobody can open it meanwhile.
 */
export class LevelSnapshot {
  readonly #source: string;
  readonly #folder: string;
  readonly #level: InstanceType<LevelClass>;
  /** A text that is another one once the source has been opened or written to. */
  readonly fingerprint: string;

  private constructor(source: string, fingerprint: string, folder: string, level: InstanceType<LevelClass>) {
    this.#source = source;
    this.fingerprint = fingerprint;
    this.#folder = folder;
    this.#level = level;
  }

  /**
   * Take a snapshot of a directory.
   *
   * @throws `bad_option` if there is no LevelDB; `in_use` if anyone has it open; `bad_bytes` if it is damaged.
   */
  static async take(from: string, Level: LevelClass): Promise<LevelSnapshot> {
    if (!existsSync(join(from, 'CURRENT'))) throw new TidemarkError('bad_option', `${from} holds no LevelDB`);
    const source = realpathSync(from);
    if (isOpenHere(join(source, LOCK))) throw inUse(source);
    const fingerprint = fingerprintOf(source);
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-level-'));
    try {
      fill(folder, source);
      const level = new Level(folder);
      await level.open({ createIfMissing: false }).catch((error: unknown) => {
        throw told(source, error);
      });
      return new LevelSnapshot(source, fingerprint, folder, level);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * All rows after a key, in the order of their keys' bytes, at most `most` and about 8 MB at once.
   *
   * @throws `bad_bytes` where the database is damaged.
   */
  async *rows(after: Uint8Array | undefined, most: number): AsyncGenerator<readonly RawRow[], void, void> {
    const iterator = this.#level.iterator({
      ...(after && { gt: after }),
      keyEncoding: 'view',
      valueEncoding: 'view',
      highWaterMarkBytes: MOST_BYTES,
    });
    const next = () =>
      iterator.nextv(most).catch((error: unknown) => {
        throw told(this.#source, error);
      });
    try {
      for (let rows = await next(); rows.length > 0; rows = await next()) yield rows as readonly RawRow[];
    } finally {
      await iterator.close();
    }
  }

  /** True if the source is what it was when the snapshot was taken. */
  get current(): boolean {
    return fingerprintOf(this.#source) === this.fingerprint;
  }

  /** Let go of the source. */
  async close(): Promise<void> {
    await this.#level.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function fill(folder: string, source: string): void {
  for (const name of filesOf(source)) {
    if (TABLE.test(name)) link(join(source, name), join(folder, name));
    else copyFileSync(join(source, name), join(folder, name));
  }
  if (canBeLocked(join(source, LOCK))) link(join(source, LOCK), join(folder, LOCK));
}

/** A link, or a copy where links aren't allowed. A lock file that is held can't be copied there, either. */
function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch {
    copyFileSync(target, path);
  }
}

/** A lock needs a file that may be written to; where there is none, nobody can have locked it. */
function canBeLocked(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Locks are between processes: this one's own would be passed, and lost, so its open files are looked through. */
function isOpenHere(path: string): boolean {
  const open = '/proc/self/fd';
  if (!existsSync(open)) return false;
  return readdirSync(open).some((descriptor) => {
    try {
      return readlinkSync(join(open, descriptor)) === path;
    } catch {
      return false; // closed since it was listed
    }
  });
}

/** The files that make up a LevelDB. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => TABLE.test(name) || CHANGING.test(name));
}

function fingerprintOf(folder: string): string {
  const files = filesOf(folder).toSorted();
  const states = files.map((name) => {
    const { size, mtimeMs } = statSync(join(folder, name));
    return [name, size, mtimeMs];
  });
  return hash('sha256', JSON.stringify(states));
}

function inUse(source: string): TidemarkError {
  return new TidemarkError('in_use', `${source} is open: close the cache that uses it first`);
}

function told(source: string, error: unknown): unknown {
  const { code } = ((error as Error).cause ?? error) as { readonly code?: string };
  if (code === 'LEVEL_LOCKED') return inUse(source);
  return new TidemarkError('bad_bytes', `${source} can't be read: ${reasonOf(error)}`, error);
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
