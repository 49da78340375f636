/** The two ways in which an embedded cache behaves: its own, and that of level-cache in what programs rely on. */
import { msgpackCodec } from '../codecs/msgpack.ts';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { looseJsonCodec } from './loose-json.ts';
import { flatSpace, nestedSpace, type Space } from './space.ts';

/** All that one way does differently from the other. */
export interface Manner {
  /** The namespace of the cache that is opened. Throws `bad_option`. */
  readonly space: (namespace: string | undefined) => Space;
  readonly codec: Codec;
  /** Whether another codec may be chosen. */
  readonly codecs: 'any' | 'this one';
  /** Milliseconds. */
  readonly defaultTtl: number;
  readonly maxBytes: number;
  /** A TTL in milliseconds, `Infinity` for ever, of what the option `what` has. Throws `bad_option`. */
  readonly ttl: (what: string, given: number) => number;
  /** How many entries to list at most. Throws `bad_option`. */
  readonly limit: (given: number | undefined) => number;
  /** What a value is once it has been stored. */
  readonly kept: (value: unknown) => unknown;
  /** Whether an expired entry is removed when it is read, too, and not only when it is swept. */
  readonly removes: 'when swept' | 'when read';
  /** Whether a view's `close` and `sweepExpired` concern the view alone, or everything. */
  readonly views: 'apart' | 'together';
}

/** Of its own. */
export const ownManner: Manner = {
  space: (namespace = '') => nestedSpace(namespace),
  codec: msgpackCodec,
  codecs: 'any',
  defaultTtl: Infinity,
  maxBytes: 1024 ** 3,
  ttl(what, given) {
    if (typeof given === 'number' && given >= 0) return given;
    throw new TidemarkError('bad_option', `${what} must be milliseconds from 0 up, not ${describe(given)}`);
  },
  limit(given = Infinity) {
    if (given === Infinity || (Number.isSafeInteger(given) && given >= 0)) return given;
    throw new TidemarkError('bad_option', `entries: limit must be a whole number from 0 up, not ${describe(given)}`);
  },
  kept: (value) => value,
  removes: 'when swept',
  views: 'apart',
};

/** As level-cache. */
export const levelCacheManner: Manner = {
  space: flatSpace,
  codec: looseJsonCodec,
  codecs: 'this one',
  defaultTtl: 24 * 60 * 60 * 1000,
  maxBytes: Infinity,
  ttl(what, given) {
    if (typeof given === 'number') return Number.isFinite(given) ? given : Infinity;
    throw new TidemarkError('bad_option', `${what} must be milliseconds, not ${describe(given)}`);
  },
  limit: (given = Infinity) => (Number.isInteger(given) && given >= 0 ? given : Infinity),
  kept: (value) => looseJsonCodec.decode(looseJsonCodec.encode(value)),
  removes: 'when read',
  views: 'together',
};
