/** The LMDB backend: a durable tier with a log of its own, in one file that several processes share. */
import type { Clock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import { checkOptions, duration, type Duration, nonEmptyText, type Size } from '../engine/options.ts';
import { msgpackCodec } from '../codecs/msgpack.ts';
import { FileBackend } from './lmdb/backend.ts';
import { openFile } from './lmdb/file.ts';
import type { LmdbBackend } from './lmdb/offer.ts';
import type { Durability, Replaced } from './lmdb/premises.ts';
import { fileSettings } from './lmdb/settings.ts';

export type { LmdbBackend, LmdbStats, SweepOptions, Verification, VerifyOptions } from './lmdb/offer.ts';
export type { Durability, Replaced } from './lmdb/premises.ts';

/** Options of {@link lmdbBackend}. */
export interface LmdbOptions {
  /** The directory. It is made if it is missing; one that holds anything else is refused. */
  readonly path: string;
  /** What the tier is called in events and statistics. Default `'lmdb'`. */
  readonly name?: string;
  /** Values to bytes. Default `msgpackCodec`. What another codec wrote is a miss. */
  readonly codec?: Codec;
  /** Compress values whose bytes are more than 2,048. Default false. For other limits give `codec: packed(codec, …)`. */
  readonly compression?: boolean;
  /**
   * What survives what. `'process'` (default): everything acknowledged survives the death of any process; after a crash of
   * the machine the file starts empty. `'machine'`: everything acknowledged survives that, too; each commit waits for the disk.
   */
  readonly durability?: Durability;
  /** The most entries to keep. Default no limit. */
  readonly maxEntries?: number;
  /** The most bytes that entries may take; the file is somewhat larger. Default `'1gb'`; `Infinity` for no limit. */
  readonly maxBytes?: Size;
  /** How often expired entries are removed. Default `'1m'`. They are never served, removed or not. */
  readonly sweepEvery?: Duration;
  /** How many changes are kept for other processes to replay. Default 10,000. */
  readonly keepChanges?: number;
  /** How many stamps are kept in a generation (two are held). Default 131,072. */
  readonly keepStamps?: number;
  /** Told when the directory held a file that couldn't be used, with what has become of it. */
  readonly onReplaced?: (replaced: Replaced) => void;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

const NAMES: readonly (keyof LmdbOptions)[] = [
  'path',
  'name',
  'codec',
  'compression',
  'durability',
  'maxEntries',
  'maxBytes',
  'sweepEvery',
  'keepChanges',
  'keepStamps',
  'onReplaced',
  'clock',
];

const WHAT = 'lmdbBackend';

/**
 * A backend in a directory of this machine. Several processes may use it at the same time; it must not lie on a network
 * file system. Opening it is synchronous and takes milliseconds; after an unclean shutdown, as long as a look at the file
 * in a process of its own.
 *
 * @throws `bad_option` naming the option; `foreign_directory`, `newer_format`, `in_use`, `store_failed` for a directory
 * that can't be used.
 * @example
 * const cache = createCache({ tiers: [memory(), lmdbBackend({ path: '.cache/shop' })] });
 */
export function lmdbBackend(options: LmdbOptions): LmdbBackend {
  checkOptions(WHAT, options, NAMES);
  const { name = 'lmdb', keepChanges, keepStamps, onReplaced } = options;
  nonEmptyText(`${WHAT}: name`, name);
  const sweepEvery = duration(`${WHAT}: sweepEvery`, options.sweepEvery ?? '1m');
  const door = { codec: msgpackCodec, maxBytes: '1gb', sweepEvery, keepChanges, keepStamps } as const;
  const file = openFile(fileSettings(WHAT, options, door), (opened) => {
    if (opened.premises.replaced) onReplaced?.(opened.premises.replaced);
    opened.follow();
  });
  return new FileBackend(name, file);
}
