/** Verifying: every record and every blob is read and compared with its digest. */
import { type BlobFault, type Blobs, digestNamed } from './blobs.ts';
import { type Digest, isDigest } from './digest.ts';
import type { MissReason } from './records.ts';
import { blobsOf, hasInputs, restorable } from './sealed-record.ts';
import { specsIn } from './specs.ts';
import type { Steps } from './steps.ts';
import { bytesOf, removed, type StoreFiles } from './store-files.ts';

/** Something damaged. */
export interface Damage {
  /** What it says of a record with a right text is true of one of its blobs: such a record is of no use. */
  readonly reason: Exclude<MissReason, 'absent'> | BlobFault | 'damaged specs';
  /** The file. */
  readonly path: string;
  /** The key of the record, the digest of the blob, or the weak key of the specs. */
  readonly name: Digest;
}

/** What was looked at, and what was wrong. */
export interface Verified {
  readonly records: number;
  readonly blobs: number;
  /** Files that say how inputs were found. */
  readonly specs: number;
  readonly damaged: readonly Damage[];
}

/** Look at everything; with `fix`, what is damaged is removed, and nothing else. Yields how many files were read so far. */
export function* verifying(files: StoreFiles, blobs: Blobs, fix: boolean): Steps<Verified> {
  const damaged: Damage[] = [];
  const broken = new Set<Digest>();
  const counts = { records: 0, blobs: 0, specs: 0 };
  const tell = (damage: Damage): void => {
    damaged.push(damage);
    if (fix) removed(damage.path);
  };
  for (const { name: file, path } of files.files('blobs')) {
    const name = digestNamed(file);
    if (name === undefined) continue;
    counts.blobs++;
    yield seen(counts);
    if (blobs.isRight(path, name) !== false) continue;
    if (!blobs.isServed(name)) broken.add(name);
    tell({ reason: 'blob damaged', path, name });
  }
  for (const { name: file, path } of files.files('records')) {
    const name = file.replace(/\.json$/, '');
    const bytes = isDigest(name) ? bytesOf(path) : undefined;
    if (bytes === undefined) continue;
    counts.records++;
    yield seen(counts);
    const record = restorable(bytes);
    if (record?.key !== name || !hasInputs(record)) tell({ reason: 'damaged record', path, name });
    else {
      const faults = [...blobsOf(record)].map(({ digest, size }) =>
        broken.has(digest) ? 'blob damaged' : blobs.glance(digest, size),
      );
      const reason = faults.find((fault) => fault !== undefined);
      if (reason !== undefined) tell({ reason, path, name });
    }
  }
  for (const { name: file, path } of files.files('specs')) {
    const name = file.replace(/\.json$/, '');
    const bytes = isDigest(name) ? bytesOf(path) : undefined;
    if (bytes === undefined) continue;
    counts.specs++;
    if (specsIn(name, bytes) === undefined) tell({ reason: 'damaged specs', path, name });
  }
  return { ...counts, damaged };
}

function seen({ records, blobs, specs }: Omit<Verified, 'damaged'>): number {
  return records + blobs + specs;
}
