/** Keyframes as reads ask for them: a store that fails, or doesn't answer in time, is one that has none, and is left alone for a while. */
import type { Clock } from '../engine/clock.ts';
import { Emitter } from '../engine/events.ts';
import { FAILED, Guard } from '../engine/guard.ts';
import { abortable } from '../engine/wait.ts';
import type { Catalogue } from './catalogue.ts';
import type { Expected, Keyframes, Resumed } from './keyframes.ts';
import type { Operation } from './operation.ts';
import type { Where } from './reduce.ts';

const BREAKER = { failures: 3, pause: 1000, longestPause: 30_000 }; // milliseconds

/** What keyframes are guarded by. */
export interface GuardedKeyframesOptions {
  readonly keyframes: Keyframes;
  /** Milliseconds for one question. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly onFailed: (error: unknown) => void;
}

/** The two questions that a rebuild asks. */
export class GuardedKeyframes {
  readonly #keyframes: Keyframes;
  readonly #guard: Guard;

  constructor({ keyframes, timeout, clock, onFailed }: GuardedKeyframesOptions) {
    const events = new Emitter();
    events.on('tierFailed', ({ error }) => onFailed(error));
    this.#keyframes = keyframes;
    this.#guard = new Guard('keyframes', { timeout, breaker: BREAKER }, clock, events);
  }

  /** Questions that failed, and questions that weren't asked since others had failed. */
  get counts(): { readonly readFailures: number; readonly readsSkipped: number } {
    return { readFailures: this.#guard.failures, readsSkipped: this.#guard.skipped };
  }

  /** See {@link Keyframes.list}. */
  async list(where: Where, upTo: number, signal: AbortSignal | undefined): Promise<Catalogue[string]> {
    const asked = this.#guard.attempt('list', (call) => this.#keyframes.list(where, upTo, call.signal));
    const found = await abortable(Promise.resolve(asked), signal);
    return found === FAILED ? [] : found;
  }

  /** See {@link Keyframes.load}. */
  async load(
    where: Where,
    at: Operation,
    expected: Expected,
    signal: AbortSignal | undefined,
  ): Promise<Resumed | undefined> {
    const asked = this.#guard.attempt('load', (call) => this.#keyframes.load(where, at, expected, call.signal));
    const found = await abortable(Promise.resolve(asked), signal);
    return found === FAILED ? undefined : found;
  }
}
