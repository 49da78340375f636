/** What the parts of a write cache share. */
import type { Clock } from '../engine/clock.ts';
import type { Emitter } from '../engine/events.ts';
import type { WriteCacheCounts, WriteCacheEvents } from './events.ts';
import type { GuardedKeyframes } from './guarded-keyframes.ts';
import type { Invalidations } from './invalidations.ts';
import type { KeyframeWriter } from './keyframe-writer.ts';
import type { Keyframes } from './keyframes.ts';
import type { DocumentModelRegistry } from './model.ts';

/** What the parts of a write cache share. */
export interface Core {
  readonly registry: DocumentModelRegistry;
  readonly clock: Clock;
  readonly events: Emitter<WriteCacheEvents>;
  readonly counts: WriteCacheCounts;
  readonly invalidations: Invalidations;
  readonly keyframes: Keyframes | undefined;
  /** The same, as reads ask for them. */
  readonly guarded: GuardedKeyframes | undefined;
  readonly writer: KeyframeWriter | undefined;
}
