/** Records by their key: the first that is whole stays, and a later one with another result is put beside it. */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import type { Blobs } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { ActionRecord } from './record.ts';
import { blobsOf, differingPaths, resultOf, restorable, sealed, unsealed } from './sealed-record.ts';
import { bytesOf, quietly, removed, type StoreFiles } from './store-files.ts';

/** Why there is no answer. */
export type MissReason = 'absent' | 'damaged record';

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

  /** The record, if it is whole. A damaged one is put aside. */
  lookup(key: Digest): Lookup {
    const path = this.#files.record(key);
    const bytes = bytesOf(path);
    if (bytes === undefined) return { reason: 'absent' };
    const record = restorable(bytes);
    if (record?.key !== key) {
      this.#files.quarantine(path);
      return { reason: 'damaged record' };
    }
    this.#files.touch(path);
    return { record };
  }

  /** The text of a record as it lies there, if it is whole. */
  text(key: Digest): string | undefined {
    const bytes = bytesOf(this.#files.record(key));
    return bytes && unsealed(bytes)?.key === key ? bytes.toString() : undefined;
  }

  /** What came from elsewhere, if it is the record of this key. */
  receive(key: Digest, text: string): Stored | undefined {
    this.#files.mayWrite();
    const record = unsealed(Buffer.from(text));
    return record?.key === key ? this.store(record) : undefined;
  }

  /** Every record that can be read, in no order. */
  *all(): Generator<ActionRecord> {
    for (const { path } of this.#files.files('records')) {
      const bytes = bytesOf(path);
      const record = bytes && unsealed(bytes);
      if (record) yield record;
    }
  }

  store(record: ActionRecord): Stored {
    this.#files.mayWrite();
    const text = sealed(record);
    const ours = unsealed(Buffer.from(text))!;
    const path = this.#files.record(ours.key);
    const fault = this.#blobs.fault(blobsOf(ours));
    if (fault !== undefined)
      throw new TidemarkError('store_failed', `the record of ${ours.key} can't be stored: ${fault}`);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.#files.place(path, text, 'new')) return this.#placed(path);
      const { record: first } = this.lookup(ours.key);
      if (first && this.#blobs.fault(blobsOf(first)) === undefined) return this.#beside(first, ours, text);
      // Nobody can use it: its blobs aren't there.
      if (first) removed(path);
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
