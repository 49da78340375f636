/** What files contained when they were last read: a file whose state hasn't changed since costs one `lstat`, and no read. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../engine/clock.ts';
import { checkOptions, duration, type Duration, nonEmptyText, positiveInteger } from '../engine/options.ts';
import { type Digest, digestOf, isDigest } from './digest.ts';
import { type Disk, look, machineDisk } from './disk.ts';
import { asFile, fileDigest, type FileState, type Sameness, unreadable } from './file-digest.ts';

/** What stands at a path. */
export type Found =
  | { readonly kind: 'file'; readonly digest: Digest; readonly executable: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' }
  | { readonly kind: 'other' };

/** Where a {@link StatIndex} is kept, and how far it goes. */
export interface StatIndexOptions {
  /** The file that it is kept in. Default: none, and what it knows ends with the process. */
  readonly file?: string;
  /** The most files that are remembered; those that weren't asked for longest go first. Default: 200,000. */
  readonly maxEntries?: number;
  /**
   * How coarse the time of a file can be. A file that was changed less than this before it was read isn't remembered:
   * another change at the same instant would look like none. Default: two seconds, which the coarsest file systems have.
   */
  readonly granularity?: Duration;
  /** Where time comes from. Default: the machine's clock. */
  readonly clock?: Clock;
  /** The file system. Default: the machine's. */
  readonly disk?: Disk;
}

type Remembered = FileState & { readonly digest: Digest };

const HEADER = 'tidemark stat index 1';

/**
 * Knows the digests of files by their size, times, inode and device. Within a run each path is looked at once:
 * {@link StatIndex.look} answers the same until {@link StatIndex.nextRun}.
 *
 * "Racily clean" files, as git calls them, are never trusted: what was read less than a granularity after its last change
 * is read again by the next run.
 */
export class StatIndex {
  readonly #file: string | undefined;
  readonly #maxEntries: number;
  readonly #granularityNs: bigint;
  readonly #clock: Clock;
  readonly #disk: Disk;
  readonly #remembered: Map<string, Remembered>;
  readonly #run: Map<string, Found | 'absent'> = new Map();
  #changed = false;

  /** Opens the index; a file that is absent, damaged or of another version counts as empty. Throws `bad_option`. */
  constructor(options: StatIndexOptions = {}) {
    checkOptions('StatIndex', options, ['file', 'maxEntries', 'granularity', 'clock', 'disk']);
    this.#file = options.file === undefined ? undefined : nonEmptyText('file', options.file);
    this.#maxEntries = positiveInteger('maxEntries', options.maxEntries ?? 200_000);
    this.#granularityNs = BigInt(Math.ceil(duration('granularity', options.granularity ?? '2s') * 1e6));
    this.#clock = options.clock ?? systemClock;
    this.#disk = options.disk ?? machineDisk;
    this.#remembered = this.#file === undefined ? new Map() : parsed(this.#file);
    this.#bound();
  }

  /** How many files are remembered. */
  get size(): number {
    return this.#remembered.size;
  }

  /** What stands at an absolute path, or `undefined` if nothing does. Throws `store_failed` if it can't be read. */
  look(path: string): Found | undefined {
    let found = this.#run.get(path);
    if (found === undefined) this.#run.set(path, (found = this.#lookAnew(path) ?? 'absent'));
    return found === 'absent' ? undefined : found;
  }

  /**
   * The digest of a file in this state: as remembered from one that is the same, or as `read` tells. That is remembered unless
   * the state is so young that a later change could look like it. Paths here aren't part of the run's looks.
   */
  digest(path: string, stats: FileState, read: () => Digest | undefined, sameness: Sameness): Digest | undefined {
    const known = this.#recalled(path, stats, sameness);
    if (known !== undefined) return known;
    const beganNs = this.#nowNs();
    const digest = read();
    if (digest !== undefined) this.#remember(path, stats, digest, { beganNs, sameness });
    return digest;
  }

  /** From here on, every path is looked at again: before a run begins, and after a task has written. */
  nextRun(): void {
    this.#run.clear();
  }

  /** Keeps the index for later processes, in one step. False where it can't be written: it only saves time. */
  save(): boolean {
    if (this.#file === undefined || !this.#changed) return true;
    const lines = [...this.#remembered].map(lineOf);
    const body = lines.join('\n');
    const staged = `${this.#file}.${randomUUID()}.tmp`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(staged, `${HEADER} ${digestOf(body)}\n${body}`);
      renameSync(staged, this.#file);
    } catch {
      discard(staged);
      return false;
    }
    this.#changed = false;
    return true;
  }

  #lookAnew(path: string): Found | undefined {
    const stats = look(this.#disk, path);
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink())
      return { kind: 'link', target: attempt(path, () => this.#disk.readlinkSync(path, { encoding: 'utf8' })) };
    if (stats.isDirectory()) return { kind: 'directory' };
    if (!stats.isFile()) return { kind: 'other' };
    const executable = (stats.mode & 0o111n) !== 0n;
    return { kind: 'file', digest: this.#recalled(path, stats, asFile) ?? this.#read(path), executable };
  }

  #recalled(path: string, stats: FileState, { isSame }: Sameness): Digest | undefined {
    const known = this.#remembered.get(path);
    if (known === undefined || !isSame(known, stats)) return undefined;
    if (this.#remembered.size > this.#maxEntries / 2) {
      this.#remembered.delete(path); // to the end of the order in which they go, where some may have to
      this.#remembered.set(path, known);
    }
    return known.digest;
  }

  #read(path: string): Digest {
    const beganNs = this.#nowNs();
    const { digest, stats } = fileDigest(path, this.#disk);
    this.#remember(path, stats, digest, { beganNs, sameness: asFile });
    return digest;
  }

  #nowNs(): bigint {
    return BigInt(Math.floor(this.#clock.now() * 1e6));
  }

  #remember(
    path: string,
    stats: FileState,
    digest: Digest,
    { beganNs, sameness }: { readonly beganNs: bigint; readonly sameness: Sameness },
  ): void {
    this.#changed ||= this.#remembered.delete(path);
    if (sameness.changedAt(stats) + this.#granularityNs < beganNs) {
      const { size, mtimeNs, ctimeNs, ino, dev } = stats;
      this.#remembered.set(path, { size, mtimeNs, ctimeNs, ino, dev, digest });
      this.#changed = true;
      this.#bound();
    }
  }

  #bound(): void {
    for (const path of this.#remembered.keys()) {
      if (this.#remembered.size <= this.#maxEntries) return;
      this.#remembered.delete(path);
    }
  }
}

function discard(staged: string): void {
  try {
    rmSync(staged, { force: true });
  } catch {
    // what couldn't be written can't always be taken away either
  }
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function lineOf([path, { digest, size, mtimeNs, ctimeNs, ino, dev }]: readonly [string, Remembered]): string {
  return JSON.stringify([path, digest, ...[size, mtimeNs, ctimeNs, ino, dev].map(String)]);
}

/** The whole is under a digest, so that a damaged digest within can't pass for a file's. */
function parsed(file: string): Map<string, Remembered> {
  const remembered = new Map<string, Remembered>();
  try {
    const text = readFileSync(file, 'utf8');
    const end = text.indexOf('\n');
    const body = text.slice(end + 1);
    if (text.slice(0, end) !== `${HEADER} ${digestOf(body)}` || body === '') return remembered;
    for (const line of body.split('\n')) {
      const [path, digest, ...numbers] = JSON.parse(line) as readonly string[];
      if (!isDigest(digest)) return new Map();
      const [size, mtimeNs, ctimeNs, ino, dev] = numbers.map(BigInt);
      remembered.set(path, { size, mtimeNs, ctimeNs, ino, dev, digest });
    }
  } catch {
    return new Map();
  }
  return remembered;
}
