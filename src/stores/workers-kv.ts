/** The Workers KV store: a tier in a namespace of Cloudflare's KV, which all isolates everywhere share, and which lags. */
import { jsonCodec } from '../codecs/json.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import {
  checkOptions,
  duration,
  type Duration,
  functionOrNothing,
  nonEmptyText,
  positiveInteger,
  size,
  type Size,
} from '../engine/options.ts';
import type { KvBudget } from './workers-kv/budget.ts';
import { bytesOf } from './workers-kv/names.ts';
import type { KvNamespace } from './workers-kv/namespace.ts';
import { KvStore, type WorkersKvStore } from './workers-kv/store.ts';

export { kvBudget, type KvBudget, type KvOperation, type KvOperations } from './workers-kv/budget.ts';
export type {
  KvGetOptions,
  KvListOptions,
  KvMetadata,
  KvNamespace,
  KvPage,
  KvPutOptions,
} from './workers-kv/namespace.ts';
export type { KvUsage, WorkersKvStore } from './workers-kv/store.ts';

/** Options of {@link workersKv}. */
export interface WorkersKvOptions {
  /** The binding, such as `env.CACHE`. */
  readonly namespace: KvNamespace;
  /**
   * What the keys in the namespace begin with, before a slash; it has none itself. At most 64 bytes. Default `'tidemark'`.
   * Another one for a deploy that stores other values begins with nothing, beside the old one.
   */
  readonly prefix?: string;
  /** Values to bytes. Default `jsonCodec`, whose values can be read in a namespace. What another codec wrote is a miss. */
  readonly codec?: Codec;
  /** What it is called in events and statistics. Default `'workers-kv'`. */
  readonly name?: string;
  /**
   * KV forgets an entry when nobody wants it any more, or after this at the latest; at least a minute. Default `Infinity`:
   * an entry that doesn't age stays until it is replaced.
   */
  readonly ttlCap?: Duration;
  /** How long a location may answer from what it has read before, at least 30 s. Default as KV does: a minute. */
  readonly cacheTtl?: Duration;
  /** The largest entry that is kept. Default, and at most, `'25mb'`, which is KV's own limit. */
  readonly maxBytes?: Size;
  /** How many keys may have a write that waits for its second. Default 1,000. */
  readonly maxWaiting?: number;
  /** How many keys one `clear` deletes; the next goes on. Default 500. */
  readonly clearAtOnce?: number;
  /**
   * Keeps a request alive for writes that go on after it was answered, and for those that wait for their second:
   * `waitUntil`. It is called while a request is answered, with promises that don't reject. Without it such a write may be
   * lost with its request, which costs a load.
   */
  readonly defer?: (work: Promise<unknown>) => void;
  /** The budget of the request that is being answered, if it has one; asked before each operation. Default none. */
  readonly budget?: () => KvBudget | undefined;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

const NAMES: readonly (keyof WorkersKvOptions)[] = [
  'namespace',
  'prefix',
  'codec',
  'name',
  'ttlCap',
  'cacheTtl',
  'maxBytes',
  'maxWaiting',
  'clearAtOnce',
  'defer',
  'budget',
  'clock',
];
const LARGEST = 25 * 1024 ** 2; // bytes of a value
const LONGEST_PREFIX = 64; // bytes

/**
 * A store in a KV namespace, to stand between memory and a backend such as `d1Backend`. Nothing is asked of KV before the
 * store is used, and what it answers late, or too old, makes no read wrong.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const cache = createCache({
 *   tiers: [memory(), workersKv({ namespace: env.CACHE }), d1Backend({ database: env.DB })],
 * });
 */
export function workersKv(options: WorkersKvOptions): WorkersKvStore {
  const what = 'workersKv';
  checkOptions(what, options, NAMES);
  const { namespace, codec = jsonCodec, defer, budget = () => undefined, clock = systemClock } = options;
  for (const method of ['get', 'put', 'delete'] as const)
    if (typeof namespace?.[method] !== 'function')
      throw new TidemarkError('bad_option', `${what}: namespace must be a KV namespace, with get, put and delete`);
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function' || typeof codec.name !== 'string')
    throw new TidemarkError('bad_option', `${what}: codec must be a codec (with name, encode and decode)`);
  functionOrNothing(`${what}: defer`, defer);
  functionOrNothing(`${what}: budget`, budget);
  const prefix = nonEmptyText(`${what}: prefix`, options.prefix ?? 'tidemark');
  if (prefix.includes('/') || bytesOf(prefix) > LONGEST_PREFIX)
    throw new TidemarkError('bad_option', `${what}: prefix must have no slash and at most ${LONGEST_PREFIX} bytes`);
  const cacheTtl =
    options.cacheTtl === undefined ? undefined : atLeast(`${what}: cacheTtl`, options.cacheTtl, 30) / 1000;
  return new KvStore({
    namespace,
    prefix,
    codec,
    name: nonEmptyText(`${what}: name`, options.name ?? 'workers-kv'),
    ttlCap: atLeast(`${what}: ttlCap`, options.ttlCap ?? Infinity, 60),
    cacheTtl: cacheTtl === undefined ? undefined : Math.floor(cacheTtl),
    maxBytes: Math.min(size(`${what}: maxBytes`, options.maxBytes ?? LARGEST), LARGEST),
    maxWaiting: positiveInteger(`${what}: maxWaiting`, options.maxWaiting ?? 1000),
    clearAtOnce: positiveInteger(`${what}: clearAtOnce`, options.clearAtOnce ?? 500),
    defer,
    budget,
    clock,
  });
}

function atLeast(what: string, value: Duration, seconds: number): number {
  const ms = duration(what, value);
  if (ms < seconds * 1000) throw new TidemarkError('bad_option', `${what} must be at least ${seconds} seconds`);
  return ms;
}
