/** What the parts of one cache share. */
import type { Authority } from './authority.ts';
import type { Clock, CoarseClock, Random } from './clock.ts';
import type { Names } from './dependency.ts';
import type { Emitter } from './events.ts';
import type { Stamps } from './stamps.ts';
import type { Tier } from './tier.ts';

/** A cache's inner parts, as the read and the write path see them. */
export interface Core {
  readonly names: Names;
  readonly clock: Clock;
  /** The same time for hot paths: up to a millisecond old. */
  readonly coarse: CoarseClock;
  readonly random: Random;
  readonly events: Emitter;
  readonly stamps: Stamps;
  readonly authority: Authority;
  /** Fastest first. */
  readonly tiers: readonly Tier[];
  /** The tier whose store holds the log as well, if one does. */
  readonly backend: Tier | undefined;
  readonly consistency: 'bounded' | 'strong';
  /** Milliseconds that the log may be silent before nothing that was held is served. */
  readonly maxSilence: number;
  /** Milliseconds that a read waits for a load, or for news of the log, that another one has begun. */
  readonly joinTimeout: number;
  /** Throws `closed` once the cache is closed. */
  assertOpen(): void;
  /** Something accepted that `close` has to wait for. A rejection is its owner's business. */
  track(work: Promise<unknown>): void;
}
