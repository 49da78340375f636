/** The queue of what waits to be read: the highest first, few at a time, no more waiting than there is room for. */
import type { Clock } from '../../engine/clock.ts';
import { abortable } from '../../engine/wait.ts';
import { Heap } from './heap.ts';

/** How a wait ended: its turn came and it is over, or it was taken out before. */
type Ending = 'read' | 'withdrawn';

/** A place in the queue. */
export interface Ticket {
  readonly key: unknown;
  readonly priority: number;
  /** Resolves when it may read; false if it was withdrawn. Who has read says so by {@link ReadQueue.done}. */
  readonly turn: Promise<boolean>;
  /** Resolves when it is done with, for who has joined it: a promise of the caller's own request. */
  ended(): Promise<Ending>;
}

/** What a queue is made with. */
export interface ReadQueueOptions {
  /** Reads under way at once. */
  readonly concurrency: number;
  /** Tickets that wait at once. */
  readonly capacity: number;
  readonly clock: Clock;
}

const LOST = 60_000; // a read that takes longer doesn't count any more: what it belonged to may have ended without a word

/**
 * Turns by priority; of equal ones the earlier comes first. It gives turns and reads nothing itself, so that each read is
 * begun by whom it belongs to: in Workers a request must not do the work of another, which would end with it.
 */
export class ReadQueue {
  readonly #o: ReadQueueOptions;
  readonly #waiting = new Heap<Place>(comesFirst);
  readonly #byKey = new Map<unknown, Place>();
  readonly #underWay = new Map<Ticket, number>();
  readonly #forRoom = new Heap<RoomWaiter>(comesFirst);
  #seq = 0;

  constructor(options: ReadQueueOptions) {
    this.#o = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** No more may wait. */
  get isFull(): boolean {
    return this.#waiting.size >= this.#o.capacity;
  }

  /**
   * Resolves when there may be room, or the signal has aborted. The highest who waits for room is told first; who comes
   * between may have taken it.
   */
  async room(priority: number, signal: AbortSignal): Promise<void> {
    let waiter!: RoomWaiter;
    const told = new Promise<void>((resolve) => (waiter = { priority, seq: this.#seq++, resolve }));
    this.#forRoom.add(waiter);
    await abortable(told, signal).catch(() => this.#forRoom.delete(waiter));
    if (signal.aborted) this.#tellOfRoom(); // it may have been told
  }

  /** The ticket that waits with this key, if one does. It is moved up to `priority`. */
  joined(key: unknown, priority: number): Ticket | undefined {
    const place = this.#byKey.get(key);
    if (!place || place.priority >= priority) return place;
    place.priority = priority;
    this.#waiting.moved(place);
    return place;
  }

  /** Wait with a key that no other waits with. To be called while it isn't full. */
  add(key: unknown, priority: number): Ticket {
    const place = new Place(key, priority, this.#seq++);
    this.#waiting.add(place);
    this.#byKey.set(key, place);
    this.#giveTurns();
    return place;
  }

  /** A ticket whose turn had come is done with: it has read, or, after all, hasn't. */
  done(ticket: Ticket, how: Ending): void {
    this.#underWay.delete(ticket);
    (ticket as Place).end(how);
    this.#giveTurns();
  }

  /** Give up a ticket; answers whether it was still waiting. */
  withdraw(ticket: Ticket): boolean {
    if (!this.#leave(ticket as Place)) return false;
    (ticket as Place).call(false);
    (ticket as Place).end('withdrawn');
    return true;
  }

  /** Drop tickets whose owner is gone, and can't be told. */
  forget(tickets: Iterable<Ticket>): void {
    const gone = [...tickets] as Place[];
    for (const place of gone) if (!this.#leave(place)) this.#underWay.delete(place);
    for (const place of gone) place.end('withdrawn');
    this.#giveTurns();
  }

  #giveTurns(): void {
    while (this.#waiting.first && this.#isFree()) {
      const place = this.#waiting.first;
      this.#leave(place);
      this.#underWay.set(place, this.#o.clock.now());
      place.call(true);
    }
  }

  #isFree(): boolean {
    const { concurrency, clock } = this.#o;
    if (this.#underWay.size < concurrency) return true;
    const lost = clock.now() - LOST;
    for (const [ticket, since] of this.#underWay) if (since < lost) this.#underWay.delete(ticket);
    return this.#underWay.size < concurrency;
  }

  #leave(place: Place): boolean {
    if (!this.#waiting.delete(place)) return false;
    this.#byKey.delete(place.key);
    this.#tellOfRoom();
    return true;
  }

  #tellOfRoom(): void {
    const next = this.isFull ? undefined : this.#forRoom.first;
    if (next && this.#forRoom.delete(next)) next.resolve();
  }
}

interface RoomWaiter {
  readonly priority: number;
  readonly seq: number;
  readonly resolve: () => void;
}

class Place implements Ticket {
  readonly key: unknown;
  priority: number;
  readonly seq: number;
  readonly turn: Promise<boolean>;
  readonly #joiners: ((how: Ending) => void)[] = [];
  call!: (mayRead: boolean) => void;

  constructor(key: unknown, priority: number, seq: number) {
    this.key = key;
    this.priority = priority;
    this.seq = seq;
    this.turn = new Promise((resolve) => (this.call = resolve));
  }

  ended(): Promise<Ending> {
    return new Promise((resolve) => this.#joiners.push(resolve));
  }

  end(how: Ending): void {
    for (const tell of this.#joiners.splice(0)) tell(how);
  }
}

function comesFirst(a: Place | RoomWaiter, b: Place | RoomWaiter): boolean {
  return a.priority === b.priority ? a.seq < b.seq : a.priority > b.priority;
}
