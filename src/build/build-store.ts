/** The content-addressed store of builds: blobs by their digest, records by the key of a task, in one directory. */
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import {
  type Duration,
  type Size,
  checkOptions,
  duration,
  nonEmptyText,
  oneOf,
  size,
  trueOrFalse,
} from '../engine/options.ts';
import { type BlobFault, type BlobReading, Blobs, type StoredBlob } from './blobs.ts';
import { type Digest, isDigest } from './digest.ts';
import { openLayout } from './layout.ts';
import { type Pruned, prune, sweepLeftovers } from './pruning.ts';
import type { ActionRecord } from './record.ts';
import { type Lookup, Records, type Stored, TOUCHED } from './records.ts';
import { unsealed } from './sealed-record.ts';
import { type Fsync, folders, quietly, removed, StoreFiles, textOf } from './store-files.ts';
import { Tally } from './tally.ts';
import { type Verified, verify } from './verifying.ts';

/** How a store is opened. */
export interface BuildStoreOptions {
  /** Where the store is, or shall be. It may be shared by any number of processes. */
  readonly directory: string;
  /** Change nothing, not even times of use and statistics. Default: false. */
  readonly readOnly?: boolean;
  /** What survives a power cut; see {@link Fsync}. Default: `'records'`. */
  readonly fsync?: Fsync;
  readonly clock?: Clock;
}

/** What pruning leaves; without a limit, only what no record names goes. */
export interface PruneOptions {
  /** Of all blobs, each counted once, and of all records. */
  readonly maxBytes?: Size;
  /** Since the last use, which is known to the hour. */
  readonly maxAge?: Duration;
  /** What was made or used so short a time ago belongs to builds that run, and stays. Default: two hours. */
  readonly grace?: Duration;
  /** Milliseconds since the epoch. Default: the clock's. */
  readonly now?: number;
}

/** A record in a list. */
export interface Listed {
  readonly key: Digest;
  readonly task: ActionRecord['task'];
  readonly createdAt: string;
  /** Milliseconds since the epoch, to the hour. */
  readonly lastUsed: number;
  readonly outputs: number;
  /** Bytes of its outputs. */
  readonly bytes: number;
}

/** What is in a store and how it was used, by all processes together. */
export interface BuildStoreStats {
  readonly entries: number;
  readonly blobs: number;
  /** Of all blobs and records. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  /** Milliseconds, or null before the first. */
  readonly averageRestoreMs: number | null;
  readonly averageStoreMs: number | null;
  /** Milliseconds since the epoch, or null. */
  readonly lastPruned: number | null;
}

const GRACE = 2 * TOUCHED;
const NAMES = ['directory', 'readOnly', 'fsync', 'clock'];

/**
 * Open a store; a directory that isn't there is made by the first write.
 *
 * @throws `bad_option`; `newer_format` or `foreign_directory`, with nothing changed; `store_failed`.
 * @example
 * const store = openBuildStore({ directory: '.cache/build' });
 * const { digest, size } = store.putFile('dist/main.js');
 */
export function openBuildStore(options: BuildStoreOptions): BuildStore {
  checkOptions('openBuildStore', options, NAMES);
  const fsync = oneOf('fsync', options.fsync ?? 'records', ['records', 'all', 'none']);
  const clock = options.clock ?? systemClock;
  const home = join(resolve(nonEmptyText('directory', options.directory)), 'v1');
  const files = new StoreFiles({
    home,
    readOnly: trueOrFalse('readOnly', options.readOnly),
    fsync,
    now: () => clock.now(),
  });
  openLayout(files);
  if (!files.readOnly) quietly(() => sweepLeftovers(files, files.now()));
  return new BuildStore(files);
}

/** A store. Every write is whole or absent, whoever is killed; every answer was compared with its digest, or says so. */
export class BuildStore {
  readonly #files: StoreFiles;
  readonly #blobs: Blobs;
  readonly #records: Records;
  readonly #tally: Tally;

  /** Stores are opened by {@link openBuildStore}. */
  constructor(files: StoreFiles) {
    this.#files = files;
    this.#blobs = new Blobs(files, TOUCHED);
    this.#records = new Records(files, this.#blobs);
    this.#tally = new Tally(files);
  }

  /** Store bytes. Throws `store_failed`, and then nothing is left behind. */
  putBytes(bytes: Uint8Array): StoredBlob {
    return this.#blobs.putBytes(bytes);
  }

  /** Store a file, which is read once, piece by piece; links aren't followed. Throws `store_failed`. */
  putFile(path: string): StoredBlob {
    return this.#blobs.putFile(path);
  }

  /** Where a blob is, to be cloned or linked, never written to: {@link checkBlob} says whether it is right. */
  path(digest: Digest): string {
    return this.#blobs.path(checkedDigest(digest));
  }

  /** What is wrong with a blob, having read it. A damaged one is put into quarantine. */
  checkBlob(digest: Digest): BlobFault | undefined {
    return this.#blobs.check(checkedDigest(digest));
  }

  /** A blob as bytes, verified unless asked otherwise, or what is wrong with it. */
  readBlob(digest: Digest, reading: BlobReading = {}): Uint8Array | BlobFault {
    return this.#blobs.read(checkedDigest(digest), reading);
  }

  /** A descriptor at the blob's beginning, which the caller closes, or what is wrong with it. */
  openBlob(digest: Digest, reading: BlobReading = {}): number | BlobFault {
    return this.#blobs.open(checkedDigest(digest), reading);
  }

  /** Store a record whose blobs have been put. Throws `bad_bytes` if it isn't one, and `store_failed`. */
  store(record: ActionRecord): Stored {
    return this.#records.store(record);
  }

  /** The record of a key, if it is whole and each of its blobs is there with the right size; else why not. */
  lookup(key: Digest): Lookup {
    const found = this.#records.lookup(checkedDigest(key));
    this.#tally.add(found.record ? { hits: 1 } : { misses: 1 });
    return found;
  }

  /** Count for the statistics how long a whole restore or store took, in milliseconds. */
  took(what: 'restore' | 'store', ms: number): void {
    if (!(ms >= 0 && ms < Infinity))
      throw new TidemarkError('bad_option', `ms must be milliseconds, not ${describe(ms)}`);
    this.#tally.add(what === 'store' ? { stores: 1, storeMs: ms } : { restores: 1, restoreMs: ms });
  }

  /** Read everything and tell what is damaged; with `fix`, remove that, and records that rest on it. */
  verify(options: { readonly fix?: boolean } = {}): Verified {
    checkOptions('verify', options, ['fix']);
    const fix = trueOrFalse('fix', options.fix);
    if (fix) this.#files.mayWrite();
    return verify(this.#files, this.#blobs, fix);
  }

  /** Remove what was used longest ago. Safe beside builds that run. */
  prune(options: PruneOptions = {}): Pruned {
    checkOptions('prune', options, ['maxBytes', 'maxAge', 'grace', 'now']);
    const { maxBytes, maxAge = Infinity, grace = GRACE, now = this.#files.now() } = options;
    this.#files.mayWrite();
    const pruned = prune(this.#files, {
      maxBytes: maxBytes === undefined ? Infinity : size('maxBytes', maxBytes),
      maxAge: duration('maxAge', maxAge),
      grace: duration('grace', grace),
      now: duration('now', now),
    });
    this.#tally.add({ lastPruned: now });
    this.#tally.flush();
    return pruned;
  }

  /** Remove everything, statistics included. A build that runs finds nothing, and runs its tasks. */
  clean(): void {
    this.#files.mayWrite();
    const kept = ['tmp', 'blobs', 'records'];
    const order = ['records', 'blobs', ...folders.filter((folder) => !kept.includes(folder))] as const;
    for (const folder of order) for (const { path } of this.#files.files(folder)) removed(path);
    sweepLeftovers(this.#files, this.#files.now());
  }

  /** Every record that can be read, in no order. */
  *list(): Generator<Listed> {
    for (const { path, mtimeMs } of this.#files.files('records')) {
      const record = unsealed(textOf(path) ?? '');
      if (!record) continue;
      const { key, task, createdAt, outputs } = record;
      const bytes = outputs.reduce((all, output) => all + (output.kind === 'file' ? output.size : 0), 0);
      yield { key, task, createdAt, lastUsed: mtimeMs, outputs: outputs.length, bytes };
    }
  }

  /** What is there, counted from the disk, and how it was used. */
  stats(): BuildStoreStats {
    const { hits, misses, stores, storeMs, restores, restoreMs, lastPruned } = this.#tally.total();
    const [records, blobs] = [[...this.#files.files('records')], [...this.#files.files('blobs')]];
    return {
      entries: records.length,
      blobs: blobs.length,
      bytes: [...records, ...blobs].reduce((all, found) => all + found.size, 0),
      hits,
      misses,
      averageRestoreMs: restores > 0 ? restoreMs / restores : null,
      averageStoreMs: stores > 0 ? storeMs / stores : null,
      lastPruned: lastPruned > 0 ? lastPruned : null,
    };
  }

  /** Write down the statistics. A store needs no closing otherwise. */
  close(): void {
    this.#tally.flush();
  }
}

function checkedDigest(value: Digest): Digest {
  if (!isDigest(value)) throw new TidemarkError('bad_option', `a digest must be 64 hex digits, not ${describe(value)}`);
  return value;
}
