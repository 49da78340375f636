/** Where a shared HTTP cache keeps responses: one record for each URI, with all its variants. */
import type { Times } from './age.ts';
import type { Selection } from './vary.ts';

/** A complete response as it is stored: plain data, which any codec can carry. It is never changed in place. */
export interface StoredResponse extends Times {
  /** Which requests it answers. */
  readonly selection: Selection;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Its fields, to be read and changed. */
export function headersOf({ headers }: Pick<StoredResponse, 'headers'>): Headers {
  return new Headers(headers.map(([name, value]): [string, string] => [name, value]));
}

/** What is stored for one URI. */
export interface HttpRecord {
  /** The latest first; no two answer the same requests. */
  readonly variants: readonly StoredResponse[];
}

/**
 * A place for records. It may forget any record at any time, and may fail: a read that fails is a miss. A write to a
 * key begins after the one before has ended, within one cache; caches in several processes that share a place need one
 * that refuses a record older than the last deletion, which is what `begin` is for.
 */
export interface HttpStore {
  get(key: string): HttpRecord | undefined | Promise<HttpRecord | undefined>;
  /** Keep a record of which the origin was asked for after `since`. */
  put(key: string, record: HttpRecord, since?: unknown): void | Promise<void>;
  delete(key: string): void | Promise<void>;
  /** The present, in the store's own words: taken before a record is looked for, and so before the origin is asked. */
  begin?(): unknown;
}
