/** Keyframes are written in the background: after the caller's commit, one per stream at a time, again when it fails, never without end. */
import type { Clock } from '../engine/clock.ts';
import { turn } from '../engine/turn.ts';
import type { Keyframes, NewKeyframe } from './keyframes.ts';
import type { Where } from './reduce.ts';

const ATTEMPTS = 3;
const PAUSE = 100; // milliseconds before the first repetition, then twice as long each time
const AT_ONCE = 4;
const MOST = 256; // streams that wait, each with a state
const TIMEOUT = 10_000; // milliseconds for one attempt

/** What became of the keyframes that were wanted. */
export interface QueueCounts {
  written: number;
  bytes: number;
  failed: number;
  retried: number;
  /** Not written since a newer one of the same stream came before its turn. */
  coalesced: number;
  /** Not written since too many streams waited, or since there was no time left at the end. */
  dropped: number;
}

/** What the queue works with. */
export interface KeyframeQueueOptions {
  readonly keyframes: Keyframes;
  readonly clock: Clock;
  readonly onWritten: (where: Where, keyframe: NewKeyframe, bytes: number) => void;
  readonly onFailed: (where: Where, keyframe: NewKeyframe, error: unknown) => void;
}

interface Wanted {
  readonly where: Where;
  readonly keyframe: NewKeyframe;
}

/** The queue of one cache. */
export class KeyframeQueue {
  readonly counts: QueueCounts = { written: 0, bytes: 0, failed: 0, retried: 0, coalesced: 0, dropped: 0 };
  readonly #o: KeyframeQueueOptions;
  readonly #wanted = new Map<string, Wanted>();
  /** Documents of which one is being written: their catalogue is read and written. */
  readonly #busy = new Set<string>();
  readonly #stopped = new AbortController();
  #idle: (() => void)[] = [];

  constructor(options: KeyframeQueueOptions) {
    this.#o = options;
  }

  /** Keyframes that wait or are being written. */
  get depth(): number {
    return this.#wanted.size + this.#busy.size;
  }

  /** Have a keyframe written. Never throws, never waits. */
  add(where: Where, keyframe: NewKeyframe): void {
    const key = JSON.stringify([where.documentId, where.branch, where.scope]);
    const waiting = this.#wanted.get(key);
    if (waiting) {
      this.counts.coalesced++;
      if (waiting.keyframe.operation.index > keyframe.operation.index) return;
    } else if (this.#wanted.size >= MOST || this.#stopped.signal.aborted) {
      this.counts.dropped++;
      return;
    }
    this.#wanted.set(key, { where, keyframe });
    void turn().then(() => this.#go()); // not in the caller's own time, nor before what it does next
  }

  /** Wait until all is written, `ms` milliseconds at most; what is left then is dropped. */
  async drain(ms: number): Promise<void> {
    if (this.depth > 0)
      await new Promise<void>((resolve) => {
        const cancel = this.#o.clock.after(ms, resolve);
        this.#idle.push(() => {
          cancel();
          resolve();
        });
      });
    this.counts.dropped += this.depth;
    this.#wanted.clear();
    this.#stopped.abort();
  }

  #go(): void {
    for (const [key, wanted] of this.#wanted) {
      if (this.#busy.size >= AT_ONCE) return;
      if (this.#busy.has(wanted.where.documentId)) continue;
      this.#wanted.delete(key);
      void this.#write(wanted);
    }
    if (this.depth > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  async #write({ where, keyframe }: Wanted): Promise<void> {
    this.#busy.add(where.documentId);
    try {
      const bytes = await this.#attempts(where, keyframe);
      this.counts.written++;
      this.counts.bytes += bytes;
      this.#o.onWritten(where, keyframe, bytes);
    } catch (error) {
      if (!this.#stopped.signal.aborted) {
        this.counts.failed++;
        this.#o.onFailed(where, keyframe, error);
      }
    } finally {
      this.#busy.delete(where.documentId);
      this.#go();
    }
  }

  async #attempts(where: Where, keyframe: NewKeyframe): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#inTime((signal) => this.#o.keyframes.write(where, keyframe, signal));
      } catch (error) {
        if (attempt === ATTEMPTS || this.#stopped.signal.aborted) throw error;
        this.counts.retried++;
        await new Promise<void>((resolve) => this.#o.clock.after(PAUSE * 2 ** (attempt - 1), resolve));
        this.#stopped.signal.throwIfAborted();
      }
    }
  }

  /** One attempt. A store that never answers doesn't hold the queue up. */
  #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stopped.signal]);
    const cancel = this.#o.clock.after(TIMEOUT, () => over.abort(new Error('the store did not answer in time')));
    return new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      void work(signal).then(resolve, reject).finally(cancel);
    });
  }
}
