/** What a node runs on, where that isn't a process of its own: as in Workers, where all is done in requests, which end. */
import type { Clock } from '../../engine/clock.ts';
import type { Chance } from './chance.ts';

/** A platform for the nodes of one schedule. */
export interface Platform {
  /** How a schedule's caches are told of it. Milliseconds. */
  readonly joinTimeout: number;
  /** The platform's `waitUntil`. */
  readonly background: (work: Promise<unknown>) => void;
  /** True from the end on: nothing ends before its time any more. */
  calm: boolean;
  /** Let a node do something, in a request of its own. Settles when that has been answered, or can't be any more. */
  ask(node: string, work: () => Promise<void>): Promise<void>;
  /** A node's clock as its code has it: whose timers end with what set them. */
  clock(clock: Clock): Clock;
  /** Something outside of the node as its code has it: who is gone asks nothing, and hears no answer. */
  asked<T extends object>(thing: T): T;
  /** Do this if what runs at present ends before its time. */
  onEnd(task: () => void): void;
  /** A task that runs as a part of what runs at present; if that is gone, it doesn't. */
  bound(task: () => void): () => void;
  /** Is what runs at present gone? Then it doesn't, but for what a model can't stop. */
  readonly gone: boolean;
  /** Something that a node does ends now. False if it does nothing. */
  end(node: string, chance: Chance): boolean;
  /** A node is dead. */
  leave(node: string): void;
}

/** Makes a platform, anew for each schedule. `clock` is the true time. */
export type PlatformMaker = (clock: Clock, chance: Chance) => Platform;
