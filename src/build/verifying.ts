/** Verifying: every record and every blob is read and compared with its digest. */
import type { Blobs } from './blobs.ts';
import { type Digest, isDigest } from './digest.ts';
import type { MissReason } from './records.ts';
import { blobsOf, unsealed } from './sealed-record.ts';
import { removed, type StoreFiles, textOf } from './store-files.ts';

/** Something damaged. */
export interface Damage {
  /** What it says of a record with a right text is true of one of its blobs: such a record is of no use. */
  readonly reason: Exclude<MissReason, 'absent'>;
  /** The file. */
  readonly path: string;
  /** The key of the record, or the digest of the blob. */
  readonly name: Digest;
}

/** What was looked at, and what was wrong. */
export interface Verified {
  readonly records: number;
  readonly blobs: number;
  readonly damaged: readonly Damage[];
}

/** Look at everything; with `fix`, what is damaged is removed, and nothing else. */
export function verify(files: StoreFiles, blobs: Blobs, fix: boolean): Verified {
  const damaged: Damage[] = [];
  const broken = new Set<Digest>();
  const counts = { records: 0, blobs: 0 };
  const tell = (damage: Damage): void => {
    damaged.push(damage);
    if (fix) removed(damage.path);
  };
  for (const { name, path } of files.files('blobs')) {
    if (!isDigest(name)) continue;
    counts.blobs++;
    if ((blobs.digestNow(name) ?? name) === name) continue;
    broken.add(name);
    tell({ reason: 'blob damaged', path, name });
  }
  for (const { name: file, path } of files.files('records')) {
    const name = file.replace(/\.json$/, '');
    const text = isDigest(name) ? textOf(path) : undefined;
    if (text === undefined) continue;
    counts.records++;
    const record = unsealed(text);
    if (record?.key !== name) tell({ reason: 'damaged record', path, name });
    else {
      const faults = [...blobsOf(record)].map(([digest, size]) =>
        broken.has(digest) ? 'blob damaged' : blobs.glance(digest, size),
      );
      const reason = faults.find((fault) => fault !== undefined);
      if (reason !== undefined) tell({ reason, path, name });
    }
  }
  return { ...counts, damaged };
}
