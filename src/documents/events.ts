/** What a write cache tells whoever listens, and what it counts. */
import type { ListenerFailures } from '../engine/events.ts';
import type { Rejection } from './keyframe.ts';
import type { From } from './rebuild.ts';
import type { Where } from './reduce.ts';

/** Every event of a write cache and what it brings. */
export interface WriteCacheEvents extends ListenerFailures {
  /** A read was answered by a state in memory. */
  readonly hit: Where & { readonly revision: number };
  /** A state was made: from what, by how many operations, in how many milliseconds, reading them included. */
  readonly rebuild: Where & {
    readonly revision: number;
    readonly from: From;
    readonly replayed: number;
    readonly ms: number;
  };
  /** A read failed. */
  readonly readFailed: Where & { readonly error: unknown };
  /** A state in memory was refused: it was ahead of its stream, or another history has taken the place of its own. */
  readonly refused: Where & { readonly revision: number };
  /** A keyframe was written. */
  readonly keyframe: Where & { readonly revision: number; readonly bytes: number };
  /** A keyframe could not be written, after several attempts. The next one is another chance. */
  readonly keyframeFailed: Where & { readonly revision: number; readonly error: unknown };
  /** The store of keyframes failed, or didn't answer in time, when it was read: the read goes on without it. */
  readonly keyframeReadFailed: { readonly error: unknown };
  /** A keyframe that was found is of no use; the next older one is tried. */
  readonly keyframeRejected: Where & { readonly revision: number; readonly reason: Rejection };
}

/** The names of all events. */
export const WRITE_CACHE_EVENTS: readonly (keyof WriteCacheEvents)[] = [
  'hit',
  'rebuild',
  'readFailed',
  'refused',
  'keyframe',
  'keyframeFailed',
  'keyframeReadFailed',
  'keyframeRejected',
  'listenerFailed',
];

/** How reads ended, and what they cost. */
export interface WriteCacheCounts {
  /** Answered by a state in memory. */
  hits: number;
  /** Answered by a replay that this read began: from a state in memory, from a keyframe, from the beginning. */
  warm: number;
  resumed: number;
  cold: number;
  /** Answered by a replay that another read had begun. */
  joined: number;
  /** Ended with an error. */
  failed: number;
  /** Given up by the caller's signal. */
  aborted: number;
  /** Operations that replays applied, and milliseconds that they took, reading included. */
  replayed: number;
  rebuildMs: number;
  /** States that replays of these reads made and that weren't kept, since an invalidation came meanwhile. */
  overtaken: number;
  puts: number;
  /** States in memory that were refused. */
  refused: number;
}

/** Counters at zero. */
export function newCounts(): WriteCacheCounts {
  return {
    hits: 0,
    warm: 0,
    resumed: 0,
    cold: 0,
    joined: 0,
    failed: 0,
    aborted: 0,
    replayed: 0,
    rebuildMs: 0,
    overtaken: 0,
    puts: 0,
    refused: 0,
  };
}
