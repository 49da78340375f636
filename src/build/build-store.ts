/** The content-addressed store of builds: blobs by their digest, records by the key of a task, in one directory. */
import { join, resolve } from 'node:path';
import { systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions, duration, nonEmptyText, oneOf, size as sizeOption, trueOrFalse } from '../engine/options.ts';
import { type BlobFault, Blobs, type StoredBlob } from './blobs.ts';
import { type Digest, isDigest } from './digest.ts';
import type { InputSpec } from './input-spec.ts';
import { openLayout } from './layout.ts';
import type { Packing } from './packing.ts';
import { type Pruned, pruning, storedBytes, sweepLeftovers } from './pruning.ts';
import type { ActionRecord } from './record.ts';
import { type Lookup, Records, type Stored } from './records.ts';
import { restorable } from './sealed-record.ts';
import { Specs } from './specs.ts';
import { bytesOf, folders, quietly, removed, StoreFiles, TOUCHED } from './store-files.ts';
import type { BuildStoreOptions, BuildStoreStats, Listed, PruneOptions, RunCounts } from './store-options.ts';
import { allOf, type Steps } from './steps.ts';
import { Tally } from './tally.ts';
import { type Verified, verifying } from './verifying.ts';

export type { BuildStoreOptions, BuildStoreStats, Listed, PruneOptions, RunCounts } from './store-options.ts';

const GRACE = 2 * TOUCHED;
const NAMES = ['directory', 'readOnly', 'fsync', 'compress', 'clock'];

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
  const compress = oneOf('compress', options.compress ?? 'none', ['none', 'gzip', 'brotli']);
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
  return new BuildStore(files, compress === 'none' ? undefined : compress);
}

/** A store. Every write is whole or absent, whoever is killed; every answer was compared with its digest, or says so. */
export class BuildStore {
  readonly #files: StoreFiles;
  readonly #blobs: Blobs;
  readonly #records: Records;
  readonly #specs: Specs;
  readonly #tally: Tally;

  /** Stores are opened by {@link openBuildStore}. */
  constructor(files: StoreFiles, packing: Packing | undefined) {
    this.#files = files;
    this.#blobs = new Blobs(files, packing);
    this.#records = new Records(files, this.#blobs);
    this.#specs = new Specs(files);
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

  /**
   * Where a blob is, to be cloned or linked, never written to: {@link checkBlob} says whether it is right. There is nothing
   * if it is kept packed: see {@link unpack}.
   */
  path(digest: Digest): string {
    return this.#blobs.path(checkedDigest(digest));
  }

  /** What is wrong with a blob, having read it. A damaged one is put into quarantine. */
  checkBlob(digest: Digest): BlobFault | undefined {
    return this.#blobs.check(checkedDigest(digest));
  }

  /** A blob as bytes, which were compared with their digest, or what is wrong with it. */
  readBlob(digest: Digest): Uint8Array | BlobFault {
    return this.#blobs.read(checkedDigest(digest));
  }

  /**
   * Write a packed blob to a descriptor, from where that stands; false if it isn't packed, and then {@link path} has it.
   * Throws `bad_bytes` if it is damaged, and `store_failed`.
   */
  unpack(digest: Digest, descriptor: number): boolean {
    return this.#blobs.unpack(checkedDigest(digest), descriptor);
  }

  /**
   * Store what comes from elsewhere, little by little. Throws `bad_bytes` if it isn't what has this digest, and
   * `store_failed`; then nothing is left behind.
   */
  receiveBlob(digest: Digest, chunks: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    return this.#blobs.receive(checkedDigest(digest), chunks);
  }

  /**
   * A blob piece by piece, to be sent elsewhere. Throws `bad_bytes` when it is asked for the first piece, if the blob isn't
   * there, or after the last, if these weren't the right bytes: who passes them on compares them, too.
   */
  blobChunks(digest: Digest): AsyncIterable<Uint8Array> {
    return this.#blobs.chunks(checkedDigest(digest));
  }

  /** Store a record whose blobs have been put. Throws `bad_bytes` if it isn't one, and `store_failed`. */
  store(record: ActionRecord): Stored {
    return this.#records.store(record);
  }

  /**
   * The record of a key, if it is whole; else why not. Nothing is said of its blobs: who needs some asks {@link glance} or
   * {@link checkBlob}, since what stands in a package already needs none.
   */
  lookup(key: Digest): Lookup {
    return this.#records.lookup(checkedDigest(key));
  }

  /** What is wrong with a blob as it lies there, looking at no more than its size in bytes. A damaged one is put aside. */
  glance(digest: Digest, size?: number): BlobFault | undefined {
    return this.#blobs.fault([{ digest: checkedDigest(digest), size }]);
  }

  /** The record of a key as text, to be sent elsewhere, if it is there and whole. */
  recordText(key: Digest): string | undefined {
    return this.#records.text(checkedDigest(key));
  }

  /** Store a record that comes from elsewhere, as {@link store} does; `undefined` if it isn't the record of this key. */
  receiveRecord(key: Digest, text: string): Stored | undefined {
    return this.#records.receive(checkedDigest(key), text);
  }

  /** Every record that can be read, in no order. */
  records(): Generator<ActionRecord> {
    return this.#records.all();
  }

  /** How the inputs of a task were found before, the latest first, by the key of everything but its inputs. */
  specs(weak: Digest): readonly InputSpec[] {
    return this.#specs.of(checkedDigest(weak));
  }

  /** Remember how inputs were found; the 17th is forgotten. Throws `bad_bytes` if a path can't be kept, and `store_failed`. */
  addSpec(weak: Digest, spec: InputSpec): void {
    this.#specs.add(checkedDigest(weak), spec);
  }

  /** What {@link specs} answers as text, to be sent elsewhere; `undefined` if there are none. */
  specsText(weak: Digest): string | undefined {
    return this.#specs.text(checkedDigest(weak));
  }

  /** Add specs that come from elsewhere behind what is there. False if they aren't those of this key. */
  receiveSpecs(weak: Digest, text: string): boolean {
    return this.#specs.receive(checkedDigest(weak), text);
  }

  /** Count for the statistics. Of a run, count one hit or one miss, when it is known how it ended. Throws `bad_option`. */
  count(counts: RunCounts): void {
    checkOptions('count', counts, ['hits', 'misses', 'restoreMs', 'storeMs', 'savedMs']);
    for (const [name, value] of Object.entries(counts))
      if (value !== undefined && !(value >= 0 && value < Infinity))
        throw new TidemarkError('bad_option', `${name} must be a number of at least 0, not ${describe(value)}`);
    const { restoreMs, storeMs } = counts;
    const [restores, stores] = [restoreMs, storeMs].map((ms) => (ms === undefined ? 0 : 1));
    this.#tally.add({ ...counts, restores, stores });
  }

  /** Read everything and tell what is damaged; with `fix`, remove that, and records that rest on it. */
  verify(options: { readonly fix?: boolean } = {}): Verified {
    return allOf(this.verifying(options));
  }

  /** The same in steps: each yields how many files were read so far. */
  verifying(options: { readonly fix?: boolean } = {}): Steps<Verified> {
    checkOptions('verify', options, ['fix']);
    const fix = trueOrFalse('fix', options.fix);
    if (fix) this.#files.mayWrite();
    return verifying(this.#files, this.#blobs, fix);
  }

  /** Remove what was used longest ago. Safe beside builds that run. */
  prune(options: PruneOptions = {}): Pruned {
    return allOf(this.pruning(options));
  }

  /** The same in steps: each yields how many files were looked at so far. What ends it early leaves a store that is whole. */
  *pruning(options: PruneOptions = {}): Steps<Pruned> {
    checkOptions('prune', options, ['maxBytes', 'maxAge', 'grace', 'now']);
    const { maxBytes, maxAge = Infinity, grace = GRACE, now = this.#files.now() } = options;
    this.#files.mayWrite();
    const pruned = yield* pruning(this.#files, {
      maxBytes: maxBytes === undefined ? Infinity : sizeOption('maxBytes', maxBytes),
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
      const bytes = bytesOf(path);
      const record = bytes && restorable(bytes);
      if (!record) continue;
      const { key, task, createdAt, outputs } = record;
      const size = outputs.reduce((all, output) => all + (output.kind === 'file' ? output.size : 0), 0);
      yield { key, task, createdAt, lastUsed: mtimeMs, outputs: outputs.length, bytes: size };
    }
  }

  /** What is there, counted from the disk, and how it was used. */
  stats(): BuildStoreStats {
    const { hits, misses, stores, storeMs, restores, restoreMs, savedMs, lastPruned } = this.#tally.total();
    return {
      entries: count(this.#files.files('records')),
      blobs: count(this.#files.files('blobs')),
      bytes: storedBytes(this.#files),
      hits,
      misses,
      averageRestoreMs: restores > 0 ? restoreMs / restores : null,
      averageStoreMs: stores > 0 ? storeMs / stores : null,
      timeSavedMs: savedMs,
      lastPruned: lastPruned > 0 ? lastPruned : null,
    };
  }

  /** Write down the statistics. A store needs no closing otherwise. */
  close(): void {
    this.#tally.flush();
  }
}

function count(found: Iterable<unknown>): number {
  let all = 0;
  for (const _ of found) all++;
  return all;
}

function checkedDigest(value: Digest): Digest {
  if (!isDigest(value)) throw new TidemarkError('bad_option', `a digest must be 64 hex digits, not ${describe(value)}`);
  return value;
}
