/** The place that the nodes of a simulation share: a backend, seen from outside. */
import type { Backend } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Position } from '../../engine/log.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { StampLimits } from '../../engine/stamp-table.ts';
import type { Chance } from './chance.ts';
import type { Link } from './network.ts';

/** What a place is made with. */
export interface Site {
  /** The place's own clock, which nobody else's agrees with. */
  readonly clock: Clock;
  /** How little of its log's stamps and rules the place should remember, so that it is seen to forget; by default much. */
  readonly limits: StampLimits | undefined;
}

/**
 * Something that befalls a place, at once:
 *
 * - `flush`: everything is lost, as by a restart without a disk, and another incarnation of the log begins;
 * - `backup`: what it has now may come back by `restore`;
 * - `restore`: it restarts with what it had at the last `backup`, and another incarnation of the log begins;
 * - `trim`: the log forgets all but its newest few changes;
 * - `compact`: the log forgets its stamps, so that the floor is its head;
 * - `evict`: an entry is lost.
 */
export type Fault = 'flush' | 'backup' | 'restore' | 'trim' | 'compact' | 'evict';

/** What can befall a place; what it doesn't name can't. */
export type Faults = Readonly<Partial<Record<Fault, (chance: Chance) => void>>>;

/** The place that the nodes share. Implement it to put a backend of your own under the simulator. */
export interface Place {
  /**
   * A connection for a node. Whatever goes between the two must go through the link: `link.send` for one message, or
   * `carried(backend, link)` for a backend each of whose operations is one.
   */
  connect(link: Link): Backend;
  /** Where its log stands, past all that is slow or cut off: there everyone must arrive in the end. */
  position(): MaybePromise<Position>;
  readonly faults: Faults;
  /** Let go of it. */
  close?(): MaybePromise<void>;
}

/** Makes a place, anew for each schedule. */
export type PlaceMaker = (site: Site) => Place;
