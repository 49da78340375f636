/**
 * One write per second and key, which is all that KV takes: of writes that come closer together the newest waits for its
 * second, in the place of those between.
 *
 * A timer, and an operation under way, belong to the request that began them, and may end with it without a word. Nobody
 * waits for another request's promise here, and what should have ended long ago counts as ended.
 */
import type { Clock } from '../../engine/clock.ts';
import type { MaybePromise } from '../../engine/maybe.ts';

const APART = 1000; // milliseconds between two writes of a key
const ENDED = 10_000; // after so long a write counts as ended, and what waits as lost
const MOST_LANES = 16_384;

/** How writes are sent. */
export interface PaceSettings<C> {
  readonly clock: Clock;
  /** How many keys may have a write that waits. */
  readonly most: number;
  readonly send: (key: string, change: C) => Promise<boolean>;
  /** Keeps a request alive for what waits. */
  readonly defer: (work: Promise<unknown>) => void;
}

interface Waiting<C> {
  change: C;
  due: number;
  readonly sent: () => void;
}

interface Lane<C> {
  /** When the last write began, or ended: how long it was on its way nobody knows, and the second must be over there. */
  last: number;
  sending: boolean;
  waiting: Waiting<C> | undefined;
}

/** Sends writes, key by key, in the order in which they came. */
export class Pace<C> {
  /** Writes whose place a newer one took before they were sent. */
  coalesced = 0;
  /** Writes for which there was no room or no timer. */
  dropped = 0;
  readonly #settings: PaceSettings<C>;
  /** What was written lately or waits, in the order of the last write. */
  readonly #lanes = new Map<string, Lane<C>>();
  #waiting = 0;

  constructor(settings: PaceSettings<C>) {
    this.#settings = settings;
  }

  /** How many keys have a write that waits. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The write of a key that waits. */
  newest(key: string): C | undefined {
    return this.#lanes.get(key)?.waiting?.change;
  }

  /**
   * Send a write, or let it wait for its second. Answers whether it was done, true if it waits, false if there is no room
   * to wait or no timer; `admit` is asked before anything becomes an operation more.
   */
  change(key: string, change: C, admit: () => boolean): MaybePromise<boolean> {
    const now = this.#settings.clock.now();
    this.#sweep(now);
    const lane = this.#lanes.get(key);
    if (lane) setBack(lane, now);
    if (lane?.waiting && now >= lane.waiting.due + ENDED) this.#giveUp(lane);
    if (lane?.waiting) {
      lane.waiting.change = change;
      this.coalesced++;
      return true;
    }
    const early = lane !== undefined && (now < lane.last + APART || isSending(lane, now));
    const room = early ? this.#waiting < this.#settings.most : lane !== undefined || this.#lanes.size < MOST_LANES;
    if (!room) this.dropped++;
    if (!room || !admit()) return false;
    return early ? this.#wait(key, lane, change, now) : this.#send(key, change);
  }

  /** What waits is forgotten. */
  forget(): void {
    for (const lane of this.#lanes.values()) if (lane.waiting) this.#giveUp(lane);
  }

  #send(key: string, change: C): Promise<boolean> {
    const lane: Lane<C> = { last: this.#settings.clock.now(), sending: true, waiting: undefined };
    this.#lanes.delete(key); // so that it comes last
    this.#lanes.set(key, lane);
    return this.#settings.send(key, change).finally(() => {
      lane.sending = false;
      lane.last = this.#settings.clock.now();
    });
  }

  #wait(key: string, lane: Lane<C>, change: C, now: number): boolean {
    let sent = () => {};
    const done = new Promise<void>((resolve) => {
      sent = resolve;
    });
    const waiting: Waiting<C> = { change, due: Math.max(now, lane.last + APART), sent };
    if (!this.#arm(key, lane, waiting, waiting.due - now)) {
      this.dropped++;
      return false;
    }
    lane.waiting = waiting;
    this.#waiting++;
    this.#settings.defer(done);
    return true;
  }

  /** False where there are no timers, as outside requests. */
  #arm(key: string, lane: Lane<C>, waiting: Waiting<C>, ms: number): boolean {
    try {
      this.#settings.clock.after(ms, () => this.#due(key, lane, waiting));
      return true;
    } catch {
      return false;
    }
  }

  #due(key: string, lane: Lane<C>, waiting: Waiting<C>): void {
    if (lane.waiting !== waiting) return waiting.sent(); // it was given up meanwhile
    const now = this.#settings.clock.now();
    setBack(lane, now);
    const rest = isSending(lane, now) ? APART : lane.last + APART - now;
    if (rest > 0 && this.#arm(key, lane, waiting, rest)) return;
    lane.waiting = undefined;
    this.#waiting--;
    this.#send(key, waiting.change).then(waiting.sent, waiting.sent);
  }

  /** What waits there does so no longer. Its timer finds that, and ends the request's wait, in the request's own context. */
  #giveUp(lane: Lane<C>): void {
    lane.waiting = undefined;
    this.#waiting--;
  }

  /** What was written a second ago and more needn't be remembered. */
  #sweep(now: number): void {
    for (const [key, lane] of this.#lanes) {
      setBack(lane, now);
      if (lane.waiting && now >= lane.waiting.due + ENDED) this.#giveUp(lane);
      if (lane.waiting || isSending(lane, now) || now < lane.last + APART) return;
      this.#lanes.delete(key);
    }
  }
}

/** A clock may be set back: nothing was written later than now, and what waits does so no longer than its second. */
function setBack(lane: Lane<unknown>, now: number): void {
  lane.last = Math.min(lane.last, now);
  if (lane.waiting) lane.waiting.due = Math.min(lane.waiting.due, now + APART);
}

function isSending({ sending, last }: Lane<unknown>, now: number): boolean {
  return sending && now < last + ENDED;
}
