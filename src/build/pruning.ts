/** Pruning: records and specs that were used longest ago go first, then the blobs that nobody names any more. */
import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestNamed } from './blobs.ts';
import { type Digest, isDigest } from './digest.ts';
import { blobsOf, restorable } from './sealed-record.ts';
import type { Steps } from './steps.ts';
import { bytesOf, type Found, removed, type StoreFiles } from './store-files.ts';

/** Limits, all of which hold afterwards, but for what is protected. */
export interface Limits {
  /** Bytes of all blobs, each counted once, and of all records and specs. */
  readonly maxBytes: number;
  /** Milliseconds since the last use. */
  readonly maxAge: number;
  /** What was made or used so short a time ago, in milliseconds, belongs to builds that run: it stays. */
  readonly grace: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What pruning did. */
export interface Pruned {
  /** Records that were removed. */
  readonly records: number;
  /** Blobs that were removed. */
  readonly blobs: number;
  /** Bytes of everything that was removed. */
  readonly freedBytes: number;
  /** Bytes of the records, specs and blobs that are left. */
  readonly bytes: number;
}

interface Entry extends Found {
  readonly names: readonly Digest[];
}

/**
 * Remove what the limits don't allow. Safe beside builds: at worst, one of them finds nothing and runs its task; and so it is
 * if it ends early. Yields how many files were looked at so far.
 */
export function* pruning(files: StoreFiles, limits: Limits): Steps<Pruned> {
  const records: Entry[] = [];
  for (const record of recordsOf(files)) yield records.push(record);
  // A lookup uses specs whenever it uses a record that they lead to: so they go in one order, about together.
  const specs = [...files.files('specs')].map((found) => ({ ...found, names: NONE }));
  const entries: readonly Entry[] = [...records, ...specs].toSorted((a, b) => a.mtimeMs - b.mtimeMs);
  const blobs = [...files.files('blobs')];
  const users = new Map<Digest, number>();
  for (const { names } of entries) for (const digest of names) users.set(digest, (users.get(digest) ?? 0) + 1);
  const isYoung = ({ mtimeMs }: Found): boolean => Math.abs(limits.now - mtimeMs) < limits.grace;
  const unused = new Map<Digest, number>(); // bytes that go with the last that names them; packed and plain ones together
  for (const blob of blobs)
    if (!isYoung(blob)) unused.set(digestIn(blob), (unused.get(digestIn(blob)) ?? 0) + blob.size);

  let bytes = sizeOf(entries) + sizeOf(blobs);
  for (const [digest, size] of unused) if (!users.has(digest)) bytes -= size;
  const gone = { records: 0, blobs: 0, freedBytes: 0 };
  let looked = records.length;
  for (const entry of entries) {
    yield ++looked;
    const tooOld = limits.now - entry.mtimeMs > limits.maxAge;
    if (isYoung(entry) || !(tooOld || bytes > limits.maxBytes) || !removedUnused(entry)) continue;
    if (entry.names !== NONE) {
      rmSync(join(files.home, 'conflicts', keyIn(entry)), { recursive: true, force: true });
      gone.records++;
    }
    gone.freedBytes += entry.size;
    bytes -= entry.size;
    for (const digest of entry.names) {
      const left = users.get(digest)! - 1;
      users.set(digest, left);
      if (left === 0) bytes -= unused.get(digest) ?? 0;
    }
  }

  // Records that came meanwhile may name a blob that nobody named before.
  const seen = new Set(records.map(keyIn));
  for (const { names } of recordsOf(files, seen))
    for (const digest of names) users.set(digest, (users.get(digest) ?? 0) + 1);
  for (const blob of blobs) {
    yield ++looked;
    if ((users.get(digestIn(blob)) ?? 0) > 0 || isYoung(blob) || !removedUnused(blob)) continue;
    gone.blobs++;
    gone.freedBytes += blob.size;
  }
  sweep(files, 'quarantine', limits.now, limits.grace);
  sweepLeftovers(files, limits.now);
  return { ...gone, bytes: storedBytes(files) };
}

/** A file in `tmp` that is so old, in milliseconds, was left by a process that was killed. */
const LEFT = 2 * 3_600_000;

/** Remove what killed processes left in `tmp`. No shorter grace applies: others may be writing. */
export function sweepLeftovers(files: StoreFiles, now: number): void {
  sweep(files, 'tmp', now, LEFT);
}

function sweep(files: StoreFiles, folder: 'quarantine' | 'tmp', now: number, grace: number): void {
  for (const { path, mtimeMs } of files.files(folder)) if (Math.abs(now - mtimeMs) >= grace) removed(path);
}

const NONE: readonly Digest[] = [];

function* recordsOf(files: StoreFiles, skipped?: ReadonlySet<Digest>): Generator<Entry> {
  for (const found of files.files('records')) {
    const key = keyIn(found);
    if (!isDigest(key) || skipped?.has(key)) continue;
    const bytes = bytesOf(found.path);
    const record = bytes && restorable(bytes);
    yield { ...found, names: record ? Array.from(blobsOf(record), ({ digest }) => digest) : [] };
  }
}

function digestIn({ name }: Found): Digest {
  return digestNamed(name) ?? name; // what isn't a blob is named by nobody
}

function keyIn({ name }: Found): Digest {
  return name.replace(/\.json$/, '');
}

/** Remove it, unless it was used since it was found. */
function removedUnused({ path, mtimeMs }: Found): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs === mtimeMs && removed(path);
}

/** Bytes of all that pruning counts. */
export function storedBytes(files: StoreFiles): number {
  return sizeOf(files.files('records')) + sizeOf(files.files('specs')) + sizeOf(files.files('blobs'));
}

function sizeOf(found: Iterable<Found>): number {
  let bytes = 0;
  for (const { size } of found) bytes += size;
  return bytes;
}
