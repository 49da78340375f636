/** How a file is opened: what both doors to it ask for, checked once. */
import { type Clock, systemClock } from '../../engine/clock.ts';
import type { Codec } from '../../engine/codec.ts';
import { TidemarkError } from '../../engine/errors.ts';
import {
  functionOrNothing,
  nonEmptyText,
  oneOf,
  positiveInteger,
  size,
  type Size,
  trueOrFalse,
} from '../../engine/options.ts';
import { STAMP_LIMITS } from '../../engine/stamp-table.ts';
import { packed } from '../../codecs/packed.ts';
import type { Durability, Replaced } from './premises.ts';
import type { Bounds } from './room.ts';

/** Settings of an opening, checked. Times in milliseconds, sizes in bytes. */
export interface FileSettings extends Bounds {
  readonly path: string;
  readonly durability: Durability;
  readonly codec: Codec;
  readonly clock: Clock;
  /** Between two sweeps of what has expired; `Infinity` for none. */
  readonly sweepEvery: number;
  /** How many changes are kept for followers to replay. */
  readonly keepChanges: number;
  /** How many stamps there are in a generation; two are held. */
  readonly keepStamps: number;
}

/** The options that every door has, under the same names. */
export interface FileOptions {
  readonly path: string;
  readonly codec?: Codec;
  readonly compression?: boolean;
  readonly durability?: Durability;
  readonly maxEntries?: number;
  readonly maxBytes?: Size;
  readonly onReplaced?: (replaced: Replaced) => void;
  readonly clock?: Clock;
}

/** What a door decides by itself. */
export interface DoorSettings {
  /** The codec, unless another one was chosen. */
  readonly codec: Codec;
  /** Bytes, unless told otherwise. */
  readonly maxBytes: Size;
  /** Milliseconds, checked. */
  readonly sweepEvery: number;
  readonly keepChanges?: number | undefined;
  readonly keepStamps?: number | undefined;
}

/** Check options. `what` names the function whose they are. Throws `bad_option`. */
export function fileSettings(what: string, options: FileOptions, door: DoorSettings): FileSettings {
  const { codec = door.codec, maxEntries = Infinity, maxBytes = door.maxBytes, clock = systemClock } = options;
  const { keepChanges = 10_000, keepStamps = STAMP_LIMITS.stamps * 8, sweepEvery } = door;
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function' || typeof codec.name !== 'string')
    throw new TidemarkError('bad_option', `${what}: codec must be a codec (with name, encode and decode)`);
  if (typeof clock?.now !== 'function' || typeof clock.after !== 'function')
    throw new TidemarkError('bad_option', `${what}: clock must be a clock (with now and after)`);
  functionOrNothing(`${what}: onReplaced`, options.onReplaced);
  const compressed = trueOrFalse(`${what}: compression`, options.compression);
  return {
    path: nonEmptyText(`${what}: path`, options.path),
    durability: oneOf(`${what}: durability`, options.durability ?? 'process', ['process', 'machine']),
    codec: compressed ? packed(codec) : codec,
    clock,
    maxEntries: maxEntries === Infinity ? Infinity : positiveInteger(`${what}: maxEntries`, maxEntries),
    maxBytes: maxBytes === Infinity ? Infinity : size(`${what}: maxBytes`, maxBytes),
    sweepEvery,
    keepChanges: positiveInteger(`${what}: keepChanges`, keepChanges),
    keepStamps: positiveInteger(`${what}: keepStamps`, keepStamps),
  };
}
