/** A collection's options, checked and with nothing left open: what the read path works with. */
import type { Load, LoadMany } from './load.ts';
import type { Key } from './key.ts';
import {
  checkOptions,
  duration,
  type Duration,
  fraction,
  functionOrNothing,
  listOrNothing,
  oneOf,
  positiveInteger,
  trueOrFalse,
} from './options.ts';
import type { Schema } from './schema.ts';
import { TidemarkError } from './errors.ts';
import type { Isolation } from './values.ts';

/** Options of `cache.define`. Durations are milliseconds or text such as `'90s'`, `'10m'`, `'1h'`, `'7d'`. */
export interface CollectionOptions<V, K extends Key = Key> {
  /**
   * Asks the source of truth for one key. It must see everything that was committed before it began; if its source is a
   * replica that lags, say so with {@link CollectionOptions.sourceLag}. Without a loader `get` never loads.
   */
  readonly load?: Load<K, V>;
  /** Asks for several keys at once: results by position, an `Error` for a key that failed. Used for what one tick misses. */
  readonly loadMany?: LoadMany<K, V>;
  /** The most keys that one `loadMany` is asked for. Default 1,000. */
  readonly maxBatch?: number;
  /** How long a value is fresh. Default for ever: until a change makes it wrong or it is evicted. 0: not kept. */
  readonly ttl?: Duration;
  /** After that, how long it is still served while one refresh runs in the background. Default 0. */
  readonly staleFor?: Duration;
  /** After `ttl`, how long it is served when a load fails or takes longer than `timeout.soft`; at least `staleFor`. Default 0. */
  readonly graceFor?: Duration;
  /** The TTL of `undefined` and `null`. Default as `ttl`; 0: not kept. */
  readonly negativeTtl?: Duration;
  /** Shortens each TTL by a random part of up to this share (0 to 1), so that what was loaded together doesn't end together. */
  readonly jitter?: number;
  /** Refresh some time before the end, by chance and the sooner the longer loads take (XFetch, Vattani et al., VLDB 2015). */
  readonly earlyRefresh?: boolean;
  /** Tags that the value can be invalidated by. Not asked for `undefined` and `null`. */
  readonly tags?: (value: NonNullable<V>, key: K) => readonly string[];
  /** Raise it when the shape of values changes: what another version stored isn't looked at. Default 1. */
  readonly version?: number;
  /** Checks what is loaded (a failure is an error) and what a tier had stored (a failure is a miss). Any Standard Schema. */
  readonly schema?: Schema<V>;
  /** How values are kept apart from their callers: `'frozen'` (default), `'copied'` or `'shared'`. */
  readonly values?: Isolation;
  /** How long a load may take: after `soft` an old value that grace allows is served while it goes on; after `hard` it fails. */
  readonly timeout?: { readonly soft?: Duration; readonly hard?: Duration };
  /** The names of the tiers that keep its entries. Default: all. A secret, for example, stays in `['memory']`. */
  readonly tiers?: readonly string[];
  /** How far the loader's source may lag behind commits. What is loaded within that time after a change is not kept. */
  readonly sourceLag?: Duration;
}

const NAMES = [
  'load',
  'loadMany',
  'maxBatch',
  'ttl',
  'staleFor',
  'graceFor',
  'negativeTtl',
  'jitter',
  'earlyRefresh',
  'tags',
  'version',
  'schema',
  'values',
  'timeout',
  'sourceLag',
  'tiers',
] as const;

/** The same, in milliseconds and without the question whether it was given. */
export interface Terms {
  readonly name: string;
  readonly load: Load<Key, unknown> | undefined;
  readonly loadMany: LoadMany<Key, unknown> | undefined;
  readonly maxBatch: number;
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly staleFor: number;
  readonly graceFor: number;
  /** The longer of the two: how long an entry is kept after it was fresh. */
  readonly keepFor: number;
  readonly jitter: number;
  readonly earlyRefresh: boolean;
  readonly tags: (value: object | string | number | boolean | bigint | symbol, key: Key) => readonly string[];
  readonly version: number;
  readonly schema: Schema | undefined;
  readonly values: Isolation;
  readonly softTimeout: number;
  readonly hardTimeout: number;
  readonly sourceLag: number;
  /** `undefined` for all. */
  readonly tiers: readonly string[] | undefined;
}

const NO_TAGS = (): readonly string[] => [];

/** Check a collection's options. Throws `bad_option` naming the option. */
export function termsOf(name: string, options: CollectionOptions<unknown>): Terms {
  const what = `define '${name}'`;
  checkOptions(what, options, NAMES);
  const time = (option: 'ttl' | 'staleFor' | 'graceFor' | 'negativeTtl' | 'sourceLag', otherwise: number) =>
    options[option] === undefined ? otherwise : duration(`${what}: ${option}`, options[option]);
  for (const option of ['load', 'loadMany', 'tags'] as const) functionOrNothing(`${what}: ${option}`, options[option]);
  const { timeout = {}, schema } = options;
  checkOptions(`${what}: timeout`, timeout, ['soft', 'hard']);
  if (schema !== undefined && typeof (schema as Partial<Schema> | null)?.['~standard']?.validate !== 'function')
    throw new TidemarkError('bad_option', `${what}: schema must be a Standard Schema (an object with '~standard')`);
  listOrNothing(`${what}: tiers`, options.tiers);
  const earlyRefresh = trueOrFalse(`${what}: earlyRefresh`, options.earlyRefresh);
  const ttl = time('ttl', Infinity);
  const staleFor = time('staleFor', 0);
  const graceFor = time('graceFor', 0);
  return {
    name,
    load: options.load,
    loadMany: options.loadMany,
    maxBatch: positiveInteger(`${what}: maxBatch`, options.maxBatch ?? 1000),
    ttl,
    negativeTtl: time('negativeTtl', ttl),
    staleFor,
    graceFor,
    keepFor: Math.max(staleFor, graceFor),
    jitter: fraction(`${what}: jitter`, options.jitter ?? 0),
    earlyRefresh,
    tags: options.tags ?? NO_TAGS,
    version: positiveInteger(`${what}: version`, options.version ?? 1),
    schema,
    values: oneOf(`${what}: values`, options.values ?? 'frozen', ['frozen', 'copied', 'shared']),
    softTimeout: timeout.soft === undefined ? Infinity : duration(`${what}: timeout.soft`, timeout.soft),
    hardTimeout: timeout.hard === undefined ? Infinity : duration(`${what}: timeout.hard`, timeout.hard),
    sourceLag: time('sourceLag', 0),
    tiers: options.tiers && [...options.tiers],
  };
}
