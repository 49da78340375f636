/** When a keyframe is worth writing, and which ones are worth keeping. */
import { TidemarkError } from '../engine/errors.ts';
import { duration, type Duration, positiveInteger } from '../engine/options.ts';

/** What has come together since the last keyframe of a stream. */
export interface KeyframeFacts {
  readonly revision: number;
  /** Revisions since the last keyframe, or since the beginning. */
  readonly revisions: number;
  /** Milliseconds that replays of what came since have taken, the newest of them. */
  readonly replayMs: number;
  /** Characters of JSON of the operations that came since, as far as they have been seen. */
  readonly operationBytes: number;
  /** Bytes of the last keyframe; `undefined` if none is known. */
  readonly keyframeBytes: number | undefined;
}

/** Is it time for another keyframe? Asked after each state that is put or rebuilt. */
export type KeyframePolicy = (facts: KeyframeFacts) => boolean;

/** A keyframe once `n` revisions have come since the last one. */
export function everyNth(n: number): KeyframePolicy {
  positiveInteger('everyNth', n);
  return ({ revisions }) => revisions >= n;
}

/** Options of {@link byCost}. */
export interface ByCostOptions {
  /** Bytes of operations for one byte of keyframe. Default 1: keyframes take no more room than the operations. */
  readonly ratio?: number;
  /** Replaying what came since takes at most so long. Default 50 ms. */
  readonly replay?: Duration;
  /** No keyframe before so many revisions. Default 10. */
  readonly least?: number;
}

/**
 * A keyframe when it pays: once the operations since the last one are as many bytes as that was, or once replaying them has
 * taken too long. However large a document grows, keyframes then write no more than a multiple of what operations do.
 */
export function byCost({ ratio = 1, replay = 50, least = 10 }: ByCostOptions = {}): KeyframePolicy {
  if (!(ratio > 0)) throw new TidemarkError('bad_option', `byCost: ratio must be a number above 0, not ${ratio}`);
  const budget = duration('byCost: replay', replay);
  positiveInteger('byCost: least', least);
  return ({ revisions, replayMs, operationBytes, keyframeBytes = 0 }) =>
    revisions >= least && (operationBytes >= ratio * keyframeBytes || replayMs >= budget);
}

/** Which keyframes of a stream are kept. */
export interface Retention {
  /** So many of the newest. Default 8. */
  readonly dense?: number;
  /**
   * Behind them, gaps may grow with the distance from the newest keyframe: to this share of it. Default 0.5: a stream of a
   * million revisions keeps some thirty. 0 keeps all.
   */
  readonly sparsity?: number;
}

/** The revisions of a stream that are kept, out of those that it has; ascending both. */
export function retained(revisions: readonly number[], { dense = 8, sparsity = 0.5 }: Retention): number[] {
  const newest = revisions.at(-1) ?? 0;
  const kept: number[] = [];
  for (let i = revisions.length - 1; i >= 0; i--) {
    const last = kept[0];
    // What counts is the gap that there would be without it. Thus what is kept stays, however often this is asked meanwhile.
    const before = i > 0 ? revisions[i - 1] : -1;
    if (kept.length < dense || last - before > (newest - last) * sparsity) kept.unshift(revisions[i]);
  }
  return kept;
}
