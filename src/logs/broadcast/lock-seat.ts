/**
 * A seat that is a Web Lock: the browser gives it to one at a time, to the next as soon as its holder is gone, and to
 * whoever steals it from a holder that doesn't answer.
 *
 * Sure of the seat is who has asked the lock manager something and then finds that it hasn't been told of a theft: the
 * manager handles one thing after the other, so it tells of a theft before it answers what it was asked later.
 */
import type { Seat, SeatEvents } from './seat.ts';

/** What is used of a `LockManager`. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: AbortSignal },
    held: () => Promise<void>,
  ): Promise<unknown>;
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

/** The platform's lock manager; undefined where there is none: in Node before 24, and in pages that aren't served securely. */
export function platformLocks(): Locks | undefined {
  return (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
}

interface Held {
  readonly release: () => void;
}

/** A seat by lock. */
export class LockSeat implements Seat {
  readonly #locks: Locks;
  readonly #name: string;
  readonly #events: SeatEvents;
  #held: Held | undefined;
  #waiting: AbortController | undefined;
  #left = false;

  constructor(locks: Locks, name: string, events: SeatEvents) {
    this.#locks = locks;
    this.#name = name;
    this.#events = events;
    this.#wait();
  }

  get sitting(): boolean {
    return this.#held !== undefined;
  }

  async confirm(): Promise<boolean> {
    const held = this.#held;
    if (!held) return false;
    const state = await this.#locks.query();
    return this.#held === held && state.held?.some(({ name }) => name === this.#name) === true;
  }

  seize(): void {
    if (this.#left || this.#held) return;
    this.#waiting?.abort();
    this.#request({ steal: true });
  }

  hear(): void {}

  leave(): void {
    this.#left = true;
    this.#waiting?.abort();
    this.#held?.release();
    this.#held = undefined;
  }

  #wait(): void {
    this.#waiting = new AbortController();
    this.#request({ signal: this.#waiting.signal });
  }

  #request(options: { readonly steal?: boolean; readonly signal?: AbortSignal }): void {
    let mine: Held | undefined;
    const sit = () =>
      new Promise<void>((release) => {
        if (this.#left || this.#held) return release();
        this.#held = mine = { release };
        this.#events.seated();
      });
    this.#locks.request(this.#name, options, sit).catch(() => {
      // Stolen, or given up in favour of a theft of our own, or refused by a place without storage.
      if (!mine || this.#held !== mine) return;
      this.#held = undefined;
      this.#wait();
      this.#events.lost();
    });
  }
}
