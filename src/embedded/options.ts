/** The options of an embedded cache, checked. */
import { type FileSettings, fileSettings } from '../backends/lmdb/settings.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, duration, oneOf } from '../engine/options.ts';
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
  const { codec, maxBytes } = manner;
  if (options.codec !== undefined && manner.codecs !== 'any')
    throw new TidemarkError('bad_option', `${WHAT}: codec can't be chosen together with compat: it is JSON`);
  const cleanup = duration(`${WHAT}: cleanupIntervalMs`, options.cleanupIntervalMs ?? 60_000);
  return fileSettings(WHAT, options, { codec, maxBytes, sweepEvery: cleanup === 0 ? Infinity : cleanup });
}
