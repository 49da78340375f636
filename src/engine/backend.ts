/**
 * The contract of a backend: a store and a change log that live in the same place, so that an entry can be checked
 * against the log at the moment it is stored, and a change be appended together with the entry that it brings.
 *
 * Implementing one: in addition to the contracts of store and log,
 * - `setMany` refuses (answers `false` for) an entry if any of `everyDependency(key, entry)` has a stamp newer than the
 *   entry's mark, or the entry is of another incarnation; check and store are one atomic step per entry;
 * - if reads are synchronous (`sync`), it has `commit`, which appends a change and stores the records that it brings, with
 *   the new mark as theirs, in one atomic step. A commit must not be given its mark once the call's `signal` has aborted:
 *   the time to look is within the atomic step. Whoever gave it up says its change anew, and that must come later in the
 *   log, or the records would lie behind changes that are newer than they. A place that can't promise this answers reads
 *   with promises: there a `set` is an append, and then a store that is checked as every other;
 * - a key's own change (`=…`) may remove the entry under that key at once; it need not.
 */
import type { Dependency } from './dependency.ts';
import { implicitDependencies } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import { decodePath, encodePath, type Path } from './key.ts';
import type { Change, ChangeLog, Position } from './log.ts';
import type { MaybePromise } from './maybe.ts';
import type { Call, Store, Stored } from './store.ts';

/** A store and a log in one place. Put into a cache's tiers like any store; the last one's log is the authority. */
export interface Backend extends Store {
  readonly log: ChangeLog;
  /**
   * Append a change and store records with its mark and the log's incarnation, atomically. Answers as `append` does, and
   * like it gives no mark after `signal` has aborted. A synchronous backend must have it; no other is asked.
   */
  commit?(change: Change, records: readonly Stored[], call: Call): MaybePromise<Position>;
  /** If the backend can make one process of many do a load. */
  readonly leases?: Leases;
}

/** One load among all processes. An economy, never a safety: a load without a lease is only a load too many. */
export interface Leases {
  /**
   * Take the lease of a key; `undefined` if another holds it whose load is of use. One whose load began at a mark below
   * `since`, in the same log, is overtaken: its value will be refused, so its lease is taken over.
   */
  acquire(key: string, wanted: LeaseRequest, call: Call): MaybePromise<Lease | undefined>;
  /** Resolves when the key's lease has been released or has ended; at once if nobody holds it. */
  released(key: string, call: Call): Promise<void>;
}

/** For what a lease is wanted. */
export interface LeaseRequest {
  /** It ends by itself after so many milliseconds. */
  readonly ttl: number;
  /** The incarnation of the log, and the mark at which the load would begin. */
  readonly incarnation: string;
  readonly mark: Mark;
  /** The mark of the last change that is known of anything the value will rest on: what began before it comes too late. */
  readonly since: Mark;
}

/** A lease that is held. */
export interface Lease {
  /** Let go. A lease that has ended already is let go of without harm to its next holder. */
  release(call: Call): MaybePromise<void>;
}

/** True for a store that brings a log of its own. */
export function isBackend(store: Store): store is Backend {
  return 'log' in store;
}

/**
 * The text that a store keeps an entry under: the encoded path of collection and key, and, after a tilde that no encoded
 * path contains before a letter, the collection's version. `adhoc` keeps entries without a collection apart.
 */
export function storageKey(path: Path, version: number | 'adhoc'): string {
  return encodePath(path) + (version === 'adhoc' ? '~a' : '~v' + version);
}

/** The path within a storage key. */
export function pathOfStorageKey(key: string): Path {
  return decodePath(key.slice(0, key.lastIndexOf('~')));
}

/** Everything that an entry under a storage key rests on: its key, that key's prefixes, and what it names itself. */
export function everyDependency(key: string, entry: Entry): Dependency[] {
  return [...implicitDependencies(pathOfStorageKey(key)), ...entry.dependencies];
}
