/** What an embedded cache offers: the names that users of level-cache call, and what goes beyond them. */
import type { LmdbBackend } from '../backends/lmdb.ts';
import type { Durability, Replaced } from '../backends/lmdb.ts';
import type { Clock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import type { Load } from '../engine/load.ts';
import type { Size } from '../engine/options.ts';

/** A span of time in milliseconds. */
export type Millis = number;

/** Options of `openLmdbCache`. */
export interface CacheOptions {
  /** The directory. It is made if it is missing; one that holds anything else is refused. */
  readonly path: string;
  /** How long a value lives that is stored without a `ttlMs`. Default for ever; in compatible mode 24 hours. */
  readonly defaultTtlMs?: Millis;
  /** The namespace of the cache that is opened. Default none; in compatible mode `'default'`. */
  readonly namespace?: string;
  /** The most entries to keep in the whole file. Default no limit. */
  readonly maxEntries?: number;
  /** The most bytes that entries may take. Default `'1gb'`, in compatible mode no limit; `Infinity` for no limit. */
  readonly maxBytes?: Size;
  /** How often expired entries are removed. Default one minute; 0: only by `sweepExpired`. They are never served. */
  readonly cleanupIntervalMs?: Millis;
  /** Compress values whose bytes are more than 2,048. Default false. */
  readonly compression?: boolean;
  /** Values to bytes. Default msgpack; in compatible mode JSON, and no other is allowed. What another codec wrote is a miss. */
  readonly codec?: Codec;
  /** Whether everything acknowledged survives the death of a `'process'` (default), or that of the `'machine'`. */
  readonly durability?: Durability;
  /** `'level-cache'`: behave as that package does, in what a program may have come to rely on. */
  readonly compat?: 'level-cache';
  /** Told when the directory held a file that couldn't be used, with what has become of it. */
  readonly onReplaced?: (replaced: Replaced) => void;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

/** Options of `set`. */
export interface PutOptions {
  /** How long the value lives; `Infinity` for ever, 0 not at all. Default the cache's `defaultTtlMs`. */
  readonly ttlMs?: Millis | undefined;
}

/** One step of a batch. */
export type BatchOperation<T> =
  | { readonly type: 'put'; readonly key: string; readonly value: T; readonly ttlMs?: Millis | undefined }
  | { readonly type: 'del'; readonly key: string };

/** Options of `entries`. */
export interface EntriesOptions {
  /** The most entries to yield. Default all. */
  readonly limit?: number | undefined;
  /** List the namespace that `withNamespace` would open by this name, instead of this one. */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of what may take long: `sweepExpired` and `clear`. */
export interface SweepOptions {
  /** Told after each slice how many entries have been removed so far. */
  readonly onSweep?: ((removed: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of `getOrLoad`. */
export interface LoadOptions extends PutOptions {
  /** What else the value rests on: `invalidateTags` with any of them drops it. */
  readonly tags?: readonly string[] | undefined;
  /** Ends this wait; the load itself is aborted when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
}

/** What is in the file, and how this opening's reads have gone. */
export interface CacheStats {
  /** Entries in the whole file; expired ones count until they are removed. */
  readonly totalEntries: number;
  /** How many of them have expired. */
  readonly expiredEntries: number;
  /** The namespaces that have entries, in order. */
  readonly namespaces: readonly string[];
  /** Hits as a share of all reads; 0 before the first. */
  readonly hitRate: number;
  /** Reads (`get`, `has`, `getOrLoad`) through this opening and its views, by whether they found a value. */
  readonly hits: number;
  readonly misses: number;
  /** Bytes that entries take. */
  readonly bytes: number;
  /** Since this opening: entries that had to make room, that were removed when expired, and rows that were damaged. */
  readonly evicted: number;
  readonly expired: number;
  readonly damaged: number;
}

/**
 * A persistent cache in a directory, or a view of one of its namespaces. Its methods may be passed on by themselves.
 *
 * Everything rejects with `closed` after `close`, with `bad_key` for a key that isn't text, and with `store_failed` if the
 * file can't be read or written; nothing has been changed then.
 */
export interface Cache<T = unknown> {
  /** The value under a key, or `undefined`. Every call gives a value of its own: what is done to it changes nothing here. */
  readonly get: (key: string) => Promise<T | undefined>;
  /** Is there a value other than `undefined`? */
  readonly has: (key: string) => Promise<boolean>;
  /** Store a value. Rejects with `bad_value` if the codec can't represent it. */
  readonly set: (key: string, value: T, options?: PutOptions) => Promise<void>;
  /** Remove a key. One that isn't there is no error. */
  readonly del: (key: string) => Promise<void>;
  /** Store and remove, in this order and as one step: all of it or, if anything is wrong, nothing. */
  readonly batch: (operations: readonly BatchOperation<T>[]) => Promise<void>;
  /**
   * The living entries of this namespace in the order of their keys' code points; a key of more than about 1,800 bytes has
   * its place by its first 200 characters. Each value is read when it is asked for: what is removed meanwhile isn't
   * yielded, what is stored meanwhile may be, and nothing is held between one entry and the next.
   */
  readonly entries: (options?: EntriesOptions) => AsyncGenerator<[key: string, value: T], void, void>;
  /** Remove what has expired, and tell how much: in this namespace, or, if this is the cache that was opened, everywhere. */
  readonly sweepExpired: (options?: SweepOptions) => Promise<number>;
  /** Figures. */
  readonly getStats: () => Promise<CacheStats>;
  /** A view of a namespace below this one, in the same file. Throws `bad_option` for anything but non-empty text. */
  readonly withNamespace: (namespace: string) => Cache<T>;
  /**
   * The value under a key, or else what `load` answers with, which is stored unless the key or a tag changed meanwhile. All
   * who ask at the same time, in other processes too, share one load.
   */
  readonly getOrLoad: (key: string, load: Load<string, T>, options?: LoadOptions) => Promise<T>;
  /** Drop what rests on any of these tags. */
  readonly invalidateTags: (tags: readonly string[]) => Promise<void>;
  /** Remove everything in this namespace, a slice at a time; what is stored meanwhile may go, too. Tells how much went. */
  readonly clear: (options?: SweepOptions) => Promise<number>;
  /** The key by which `createCache({ name: 'kv', tiers: [..., cache.backend] })` knows an entry of this namespace. */
  readonly keyOf: (key: string) => readonly string[];
  /** The file as a tier of `createCache`. Closing that cache leaves this one open. */
  readonly backend: LmdbBackend;
  /** Finish what was accepted and let go: of the file, or, for a view, of nothing but the view. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}
