/** The options of an embedded cache, checked. */
import { packed } from '../codecs/packed.ts';
import { type FileSettings } from '../backends/lmdb/file.ts';
import { systemClock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import {
  checkOptions,
  duration,
  functionOrNothing,
  nonEmptyText,
  oneOf,
  positiveInteger,
  size,
  trueOrFalse,
} from '../engine/options.ts';
import { STAMP_LIMITS } from '../engine/stamp-table.ts';
import { levelCacheManner, type Manner, ownManner } from './manner.ts';
import type { CacheOptions } from './types.ts';

const NAMES: readonly (keyof CacheOptions)[] = [
  'path',
  'defaultTtlMs',
  'namespace',
  'maxEntries',
  'maxBytes',
  'cleanupIntervalMs',
  'compression',
  'codec',
  'durability',
  'compat',
  'onReplaced',
  'clock',
];

const WHAT = 'openLmdbCache';

/** The way that the options ask for. Throws `bad_option`. */
export function mannerOf(options: CacheOptions): Manner {
  checkOptions(WHAT, options, NAMES);
  if (options.compat === undefined) return ownManner;
  oneOf(`${WHAT}: compat`, options.compat, ['level-cache']);
  return levelCacheManner;
}

/** How long what is stored lives by default, in milliseconds. Throws `bad_option`. */
export function defaultTtlOf({ defaultTtlMs }: CacheOptions, manner: Manner): number {
  return defaultTtlMs === undefined ? manner.defaultTtl : manner.ttl(`${WHAT}: defaultTtlMs`, defaultTtlMs);
}

/** How to open the file. Throws `bad_option`. */
export function settingsOf(options: CacheOptions, manner: Manner): FileSettings {
  const { maxEntries = Infinity, maxBytes = manner.maxBytes, cleanupIntervalMs = 60_000 } = options;
  const compressed = trueOrFalse(`${WHAT}: compression`, options.compression);
  const codec = codecOf(options, manner);
  const sweepEvery = duration(`${WHAT}: cleanupIntervalMs`, cleanupIntervalMs);
  functionOrNothing(`${WHAT}: onReplaced`, options.onReplaced);
  const clock = options.clock ?? systemClock;
  if (typeof clock.now !== 'function' || typeof clock.after !== 'function')
    throw new TidemarkError('bad_option', `${WHAT}: clock must be a clock (with now and after)`);
  return {
    path: nonEmptyText(`${WHAT}: path`, options.path),
    durability: oneOf(`${WHAT}: durability`, options.durability ?? 'process', ['process', 'machine']),
    codec: compressed ? packed(codec) : codec,
    clock,
    maxEntries: maxEntries === Infinity ? Infinity : positiveInteger(`${WHAT}: maxEntries`, maxEntries),
    maxBytes: maxBytes === Infinity ? Infinity : size(`${WHAT}: maxBytes`, maxBytes),
    sweepEvery: sweepEvery === 0 ? Infinity : sweepEvery,
    keepChanges: 10_000,
    keepStamps: STAMP_LIMITS.stamps * 8,
  };
}

function codecOf({ codec }: CacheOptions, manner: Manner): Codec {
  if (codec === undefined) return manner.codec;
  if (manner.codecs !== 'any')
    throw new TidemarkError('bad_option', `${WHAT}: codec can't be chosen together with compat: it is JSON`);
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function' || typeof codec.name !== 'string')
    throw new TidemarkError('bad_option', `${WHAT}: codec must be a codec (with name, encode and decode)`);
  return codec;
}
