/** Records by their key: the first that is whole stays, and a later one with another result is put beside it. */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import type { BlobFault, Blobs } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { ActionRecord } from './record.ts';
import { blobsOf, differingPaths, resultOf, sealed, unsealed } from './sealed-record.ts';
import { quietly, removed, type StoreFiles, textOf } from './store-files.ts';

/** Why there is no answer. */
export type MissReason = 'absent' | 'damaged record' | BlobFault;

/** What is known for a key. */
export type Lookup =
  | { readonly record: ActionRecord; readonly reason?: undefined }
  | { readonly record?: undefined; readonly reason: MissReason };

/**
 * What became of a record. `'present'`: the same result was there already. `'conflict'`: another result was, and stays;
 * `differs` names the outputs, `log` tells whether what the task printed differs.
 */
export type Stored =
  | { readonly stored: 'new' | 'present' }
  | { readonly stored: 'conflict'; readonly differs: readonly string[]; readonly log: boolean };

/** Time of last use is written down at most this often, in milliseconds. */
export const TOUCHED = 3_600_000;
/** Results kept beside the first of a key. */
const CONFLICTS = 16;
const ATTEMPTS = 8;

/** The records of a store. */
export class Records {
  readonly #files: StoreFiles;
  readonly #blobs: Blobs;

  constructor(files: StoreFiles, blobs: Blobs) {
    this.#files = files;
    this.#blobs = blobs;
  }

  /** A record all of whose blobs are there. What is damaged is put aside. */
  lookup(key: Digest): Lookup {
    const path = this.#files.record(key);
    const text = textOf(path);
    if (text === undefined) return { reason: 'absent' };
    const record = unsealed(text);
    if (record?.key !== key) {
      this.#files.quarantine(path);
      return { reason: 'damaged record' };
    }
    const reason = this.#fault(record);
    if (reason !== undefined) return { reason };
    this.#touch(path);
    return { record };
  }

  store(record: ActionRecord): Stored {
    this.#files.mayWrite();
    const text = sealed(record);
    const ours = unsealed(text)!;
    const path = this.#files.record(ours.key);
    const fault = this.#fault(ours);
    if (fault !== undefined)
      throw new TidemarkError('store_failed', `the record of ${ours.key} can't be stored: ${fault}`);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.#files.place(path, text, 'new')) return this.#placed(path);
      const { record: first, reason } = this.lookup(ours.key);
      if (first) return this.#beside(first, ours, text);
      // Nobody can use it: its blobs aren't there.
      if (reason === 'blob missing' || reason === 'blob damaged') removed(path);
    }
    throw new TidemarkError('store_failed', `the record of ${ours.key} can't be placed: others keep replacing it`);
  }

  #placed(path: string): Stored {
    if (this.#files.fsync !== 'none') flushFolder(dirname(path));
    return { stored: 'new' };
  }

  #beside(first: ActionRecord, ours: ActionRecord, text: string): Stored {
    if (resultOf(first) === resultOf(ours)) return { stored: 'present' };
    const folder = join(this.#files.home, 'conflicts', ours.key);
    const kept = fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
    if (kept < CONFLICTS) this.#files.place(join(folder, `${resultOf(ours)}.json`), text, 'new');
    return { stored: 'conflict', differs: differingPaths(first, ours), log: first.log !== ours.log };
  }

  #fault(record: ActionRecord): BlobFault | undefined {
    for (const [digest, size] of blobsOf(record)) {
      const fault = this.#blobs.glance(digest, size);
      if (fault === 'blob damaged') this.#blobs.damaged(digest);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #touch(path: string): void {
    if (this.#files.readOnly) return;
    const now = this.#files.now();
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    // The distance, not the age: a clock that was ahead once must not keep a record for ever.
    if (stat && Math.abs(now - stat.mtimeMs) >= TOUCHED) quietly(() => fs.utimesSync(path, now / 1000, now / 1000));
  }
}

function flushFolder(folder: string): void {
  quietly(() => {
    const fd = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  });
}
