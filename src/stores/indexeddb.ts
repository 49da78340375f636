/** The IndexedDB backend: a durable tier with a log of its own, in a database that all tabs of an origin share. */
import type { Backend } from '../engine/backend.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import {
  checkOptions,
  duration,
  type Duration,
  nonEmptyText,
  oneOf,
  positiveInteger,
  size,
  type Size,
} from '../engine/options.ts';
import { STAMP_LIMITS } from '../engine/stamp-table.ts';
import { msgpackCodec } from '../codecs/msgpack.ts';
import { IndexedDbBackend } from './indexeddb/backend.ts';
import { platformDatabases } from './indexeddb/platform.ts';

/** Options of {@link indexedDb}. */
export interface IndexedDbOptions {
  /** The name of the database. Who uses the same one, in any tab of the origin, shares entries and log. */
  readonly name: string;
  /** Values to bytes. Default `msgpackCodec`. What another codec wrote is a miss. */
  readonly codec?: Codec;
  /**
   * When a change counts as said. `'strict'` (default): when the disk has it. `'relaxed'`: when the system has it; then a
   * crash of the whole machine may forget the last changes and keep what they made wrong. Entries are always relaxed.
   */
  readonly durability?: 'strict' | 'relaxed';
  /** The most entries to keep. Default 100,000. */
  readonly maxEntries?: number;
  /** The most bytes that entries may take. Default `'50mb'`. The browser may have less room; then fewer are kept. */
  readonly maxBytes?: Size;
  /** How often a cache asks for changes without having been told of any. Default `'1s'`. */
  readonly pollEvery?: Duration;
  /** How many changes are kept for other tabs to replay. Default 1,024. */
  readonly keepChanges?: number;
  /** How many stamps are kept in a generation (two are held). Default 16,384. */
  readonly keepStamps?: number;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

const NAMES: readonly (keyof IndexedDbOptions)[] = [
  'name',
  'codec',
  'durability',
  'maxEntries',
  'maxBytes',
  'pollEvery',
  'keepChanges',
  'keepStamps',
  'clock',
];

/**
 * A backend in a database of the browser. It is opened when it is first used, and anew when it was deleted, upgraded or
 * thrown away meanwhile.
 *
 * @throws `bad_option` naming the option, or if there is no IndexedDB here. A database of a later release fails every
 * operation with `newer_format`.
 * @example
 * const cache = createCache({ tiers: [memory(), indexedDb({ name: 'shop' })] });
 */
export function indexedDb(options: IndexedDbOptions): Backend {
  const what = 'indexedDb';
  checkOptions(what, options, NAMES);
  const { codec = msgpackCodec, clock = systemClock } = options;
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function' || typeof codec.name !== 'string')
    throw new TidemarkError('bad_option', `${what}: codec must be a codec (with name, encode and decode)`);
  const settings = {
    name: nonEmptyText(`${what}: name`, options.name),
    codec,
    durability: oneOf(`${what}: durability`, options.durability ?? 'strict', ['strict', 'relaxed']),
    pollEvery: duration(`${what}: pollEvery`, options.pollEvery ?? 1000),
    log: {
      changes: positiveInteger(`${what}: keepChanges`, options.keepChanges ?? 1024),
      stamps: positiveInteger(`${what}: keepStamps`, options.keepStamps ?? STAMP_LIMITS.stamps),
      rules: STAMP_LIMITS.rules,
    },
    room: {
      entries: positiveInteger(`${what}: maxEntries`, options.maxEntries ?? 100_000),
      bytes: size(`${what}: maxBytes`, options.maxBytes ?? '50mb'),
    },
    clock,
  };
  const factory = platformDatabases();
  if (!factory) throw new TidemarkError('bad_option', `${what}: there is no IndexedDB here`);
  return new IndexedDbBackend({ factory, ...settings });
}
