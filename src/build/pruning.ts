/** Pruning: records that were used longest ago go first, then the blobs that nobody names any more. */
import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, isDigest } from './digest.ts';
import { blobsOf, unsealed } from './sealed-record.ts';
import { type Found, removed, type StoreFiles, textOf } from './store-files.ts';

/** Limits, all of which hold afterwards, but for what is protected. */
export interface Limits {
  /** Bytes of all blobs, each counted once, and of all records. */
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
  /** Bytes that removed records and blobs had. */
  readonly freedBytes: number;
  /** Bytes of the records and blobs that are left. */
  readonly bytes: number;
}

interface Entry extends Found {
  readonly key: Digest;
  readonly names: ReadonlySet<Digest>;
}

/** Remove what the limits don't allow. Safe beside builds: at worst, one of them finds nothing and runs its task. */
export function prune(files: StoreFiles, limits: Limits): Pruned {
  const entries = [...entriesOf(files)].toSorted((a, b) => a.mtimeMs - b.mtimeMs);
  const blobs = new Map([...files.files('blobs')].map((found) => [found.name, found]));
  const users = new Map<Digest, number>();
  for (const { names } of entries) for (const digest of names) users.set(digest, (users.get(digest) ?? 0) + 1);
  const isYoung = ({ mtimeMs }: Found): boolean => Math.abs(limits.now - mtimeMs) < limits.grace;
  const goes = (blob: Found | undefined): number => (blob && !isYoung(blob) ? blob.size : 0);

  let bytes = sizeOf(entries) + sizeOf(blobs.values());
  for (const blob of blobs.values()) if (!users.has(blob.name)) bytes -= goes(blob);
  const gone = { records: 0, blobs: 0, freedBytes: 0 };
  for (const entry of entries) {
    const tooOld = limits.now - entry.mtimeMs > limits.maxAge;
    if (isYoung(entry) || !(tooOld || bytes > limits.maxBytes) || !removedUnused(entry)) continue;
    rmSync(join(files.home, 'conflicts', entry.key), { recursive: true, force: true });
    gone.records++;
    gone.freedBytes += entry.size;
    bytes -= entry.size;
    for (const digest of entry.names) {
      const left = users.get(digest)! - 1;
      users.set(digest, left);
      if (left === 0) bytes -= goes(blobs.get(digest));
    }
  }

  // Records that came meanwhile may name a blob that nobody named before.
  const seen = new Set(entries.map(({ key }) => key));
  for (const { key, names } of entriesOf(files, seen))
    if (!seen.has(key)) for (const digest of names) users.set(digest, (users.get(digest) ?? 0) + 1);
  for (const blob of blobs.values()) {
    if ((users.get(blob.name) ?? 0) > 0 || isYoung(blob) || !removedUnused(blob)) continue;
    gone.blobs++;
    gone.freedBytes += blob.size;
  }
  sweep(files, 'quarantine', limits.now, limits.grace);
  sweepLeftovers(files, limits.now);
  return { ...gone, bytes: sizeOf(files.files('records')) + sizeOf(files.files('blobs')) };
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

function* entriesOf(files: StoreFiles, skipped?: ReadonlySet<Digest>): Generator<Entry> {
  for (const found of files.files('records')) {
    const key = found.name.replace(/\.json$/, '');
    if (!isDigest(key) || skipped?.has(key)) continue;
    const record = unsealed(textOf(found.path) ?? '');
    yield { ...found, key, names: new Set(record ? blobsOf(record).keys() : []) };
  }
}

/** Remove it, unless it was used since it was found. */
function removedUnused({ path, mtimeMs }: Found): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs === mtimeMs && removed(path);
}

function sizeOf(found: Iterable<Found>): number {
  let bytes = 0;
  for (const { size } of found) bytes += size;
  return bytes;
}
