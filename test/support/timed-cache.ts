/** A cache whose time is moved by hand: memory first, and whatever the test puts behind it. */
import {
  type Cache,
  type CacheOptions,
  createCache,
  memory,
  type MemoryOptions,
  type TierOptions,
  type Store,
} from 'tidemark';
import { type ManualClock, manualClock } from 'tidemark/testing';

export interface TimedOptions extends Omit<CacheOptions, 'tiers' | 'clock'> {
  /** Tiers behind memory. */
  readonly behind?: readonly (Store | TierOptions)[];
  readonly memory?: Omit<MemoryOptions, 'clock'>;
  readonly clock?: ManualClock;
}

export interface TimedCache {
  readonly cache: Cache;
  readonly clock: ManualClock;
}

export function timedCache({
  behind = [],
  memory: limits,
  clock = manualClock(),
  ...rest
}: TimedOptions = {}): TimedCache {
  return { cache: createCache({ ...rest, clock, tiers: [memory({ ...limits, clock }), ...behind] }), clock };
}
