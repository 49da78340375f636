/** What a write cache is made with, checked. */
import type { Clock } from '../engine/clock.ts';
import { systemClock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import type { Listeners } from '../engine/events.ts';
import { describe } from '../engine/key.ts';
import {
  aFunction,
  checkOptions,
  duration,
  type Duration,
  functionOrNothing,
  nonEmptyText,
  oneOf,
  positiveInteger,
  size,
  type Size,
} from '../engine/options.ts';
import type { PolicyFactory } from '../engine/policy.ts';
import { lru } from '../policies/lru.ts';
import { jsonCodec } from '../codecs/json.ts';
import { type Compression, gzip } from './compression.ts';
import { WRITE_CACHE_EVENTS, type WriteCacheEvents } from './events.ts';
import { everyNth, type KeyframePolicy, type Retention } from './keyframe-policy.ts';
import type { KeyValueStore } from './key-value-store.ts';
import type { DocumentModelRegistry } from './model.ts';
import type { OperationSource } from './operation-source.ts';

/**
 * Whether a read from memory looks first whether the stream has grown, or is another one: `checked` asks the source for its
 * head (one narrow lookup); `trusted` doesn't, which is right where every append to the document goes through this cache.
 */
export type Check = 'checked' | 'trusted';

/** Options of {@link createWriteCache}. */
export interface WriteCacheOptions {
  /** Where operations are. */
  readonly operations: OperationSource;
  readonly registry: DocumentModelRegistry;
  /** Where keyframes are kept. Without it there are none, and what isn't in memory is replayed from the beginning. */
  readonly keyframes?: KeyValueStore | undefined;
  /** The most documents in memory, with all their streams. Default 1000. */
  readonly maxDocuments?: number;
  /** The most bytes in memory, as they are estimated. No limit by default. */
  readonly maxBytes?: Size;
  /** States in memory per stream. Default 10. */
  readonly ringBufferSize?: number;
  /** A keyframe after so many revisions. Default 10. */
  readonly keyframeInterval?: number;
  /** When keyframes are written, in place of `keyframeInterval`. */
  readonly keyframePolicy?: KeyframePolicy;
  /** How long a read waits for the store of keyframes; what fails is left alone for a while. Default 2 seconds. */
  readonly keyframeTimeout?: Duration;
  /** Which keyframes are kept. */
  readonly retention?: Retention;
  /** How keyframes are made smaller: gzip by default. */
  readonly compression?: Compression;
  /** How states become bytes: JSON by default. */
  readonly codec?: Codec;
  /** Who leaves when memory is full: the document that wasn't used for the longest time by default. */
  readonly policy?: PolicyFactory;
  /** What reads do that don't say. Default `'checked'`. */
  readonly check?: Check;
  /** How long {@link WriteCache.shutdown} waits for keyframes to be written. Default 5 seconds. */
  readonly drain?: Duration;
  readonly clock?: Clock;
  readonly on?: Listeners<WriteCacheEvents>;
}

/** The same with all defaults. */
export interface Settings {
  readonly operations: OperationSource;
  readonly registry: DocumentModelRegistry;
  readonly keyframes: KeyValueStore | undefined;
  readonly maxDocuments: number;
  readonly maxBytes: number;
  readonly ringSize: number;
  readonly keyframePolicy: KeyframePolicy;
  readonly keyframeTimeout: number;
  readonly retention: Retention;
  readonly compression: Compression;
  readonly codec: Codec;
  readonly policy: PolicyFactory;
  readonly check: Check;
  readonly drain: number;
  readonly clock: Clock;
  readonly on: Listeners<WriteCacheEvents>;
}

const NAMES: readonly (keyof WriteCacheOptions)[] = [
  'operations',
  'registry',
  'keyframes',
  'maxDocuments',
  'maxBytes',
  'ringBufferSize',
  'keyframeInterval',
  'keyframePolicy',
  'keyframeTimeout',
  'retention',
  'compression',
  'codec',
  'policy',
  'check',
  'drain',
  'clock',
  'on',
];

const CHECKS: readonly Check[] = ['checked', 'trusted'];

/** Check options and fill in defaults. Throws `bad_option` naming the option. */
export function settingsOf(options: WriteCacheOptions): Settings {
  const what = 'createWriteCache';
  checkOptions(what, options, NAMES);
  const { operations, registry, keyframes, keyframePolicy, retention = {}, on = {}, clock = systemClock } = options;
  assertSource(`${what}: operations`, operations);
  methods(`${what}: registry`, registry, ['getModel', 'getUpgrade']);
  if (keyframes !== undefined)
    methods(`${what}: keyframes`, keyframes, ['get', 'put', 'delete', 'clear', 'startup', 'shutdown']);
  const { compression = gzip, codec = jsonCodec, policy = lru } = options;
  methods(`${what}: compression`, compression, ['compress', 'decompress']);
  nonEmptyText(`${what}: compression.name`, compression.name);
  methods(`${what}: codec`, codec, ['encode', 'decode']);
  methods(`${what}: clock`, clock, ['now', 'after']);
  aFunction(`${what}: policy`, policy);
  functionOrNothing(`${what}: keyframePolicy`, keyframePolicy);
  checkOptions(`${what}: on`, on, WRITE_CACHE_EVENTS);
  for (const [event, listener] of Object.entries(on)) functionOrNothing(`${what}: on.${event}`, listener);
  return {
    operations,
    registry,
    keyframes,
    maxDocuments: positiveInteger(`${what}: maxDocuments`, options.maxDocuments ?? 1000),
    maxBytes: options.maxBytes === undefined ? Infinity : size(`${what}: maxBytes`, options.maxBytes),
    ringSize: positiveInteger(`${what}: ringBufferSize`, options.ringBufferSize ?? 10),
    keyframePolicy:
      keyframePolicy ?? everyNth(positiveInteger(`${what}: keyframeInterval`, options.keyframeInterval ?? 10)),
    keyframeTimeout: duration(`${what}: keyframeTimeout`, options.keyframeTimeout ?? '2s'),
    retention: checkedRetention(what, retention),
    compression,
    codec,
    policy,
    check: checkOf(what, options.check ?? 'checked'),
    drain: duration(`${what}: drain`, options.drain ?? '5s'),
    clock,
    on,
  };
}

/** Throws `bad_option` for anything but an operation source. */
export function assertSource(what: string, source: OperationSource): void {
  methods(what, source, ['getSince', 'getHeads']);
}

/** Throws `bad_option` for anything but a way of checking. */
export function checkOf(what: string, check: Check): Check {
  return oneOf(`${what}: check`, check, CHECKS);
}

function checkedRetention(what: string, retention: Retention): Retention {
  checkOptions(`${what}: retention`, retention, ['dense', 'sparsity']);
  const { dense, sparsity } = retention;
  if (dense !== undefined) positiveInteger(`${what}: retention.dense`, dense);
  if (sparsity !== undefined && !(sparsity >= 0 && sparsity < 1))
    throw new TidemarkError(
      'bad_option',
      `${what}: retention.sparsity must be from 0 up and below 1, not ${describe(sparsity)}`,
    );
  return retention;
}

function methods(what: string, value: object, names: readonly string[]): void {
  for (const name of names)
    if (typeof (value as Record<string, unknown> | undefined)?.[name] !== 'function')
      throw new TidemarkError('bad_option', `${what} must have the methods ${names.join(', ')}; ${name} is missing`);
}
