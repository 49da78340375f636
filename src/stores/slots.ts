/** The slots of a memory tier: every entry's fields in parallel arrays by a small integer, shared by all its shelves. */
import type { Entry } from '../engine/entry.ts';
import { TidemarkError } from '../engine/errors.ts';
import type { Policy } from '../engine/policy.ts';
import type { Usage } from '../engine/store.ts';
import { ExpiryRing } from '../policies/expiry.ts';

/** What owns the entry in a slot, and is told when it has to leave. */
export interface SlotOwner {
  /** The slot is being emptied: forget the key, release what is held. */
  forget(key: string, held: readonly number[] | undefined): void;
}

/** What a set of slots is made with; limits are checked already. */
export interface SlotsOptions {
  readonly policy: Policy;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly weigh: ((value: unknown, key: string) => number) | undefined;
}

const SWEEP = 8; // due slots that one store operation clears away

/** Parallel arrays by slot. Public where the hit path reads them; nobody outside this folder sees them. */
export class Slots {
  readonly policy: Policy;
  values: unknown[] = [];
  keys: string[] = [];
  /**
   * Two numbers a slot, side by side since a hit reads both: at `2s` the mark up to which the entry is known to be right;
   * at `2s + 1` the time until which a hit needs no thought at all: -Infinity for a value that must be copied, earlier than
   * the end of freshness for one that may be refreshed early.
   */
  checks: Float64Array = new Float64Array(0);
  held: (readonly number[] | undefined)[] = [];
  #owners: Uint16Array = new Uint16Array(0);
  readonly #shelves: SlotOwner[] = [];
  /** The whole entry, where there is more to say than mark, dependencies and one time. */
  rest: (Entry | undefined)[] = [];
  #weights: Float64Array = new Float64Array(0);
  readonly #ring = new ExpiryRing();
  readonly #free: number[] = [];
  readonly #options: SlotsOptions;
  #capacity = 0;
  #used = 0;
  #entries = 0;
  #bytes = 0;
  #evicted = 0;
  #expired = 0;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.policy = options.policy;
  }

  get usage(): Usage {
    const { weigh } = this.#options;
    return {
      entries: this.#entries,
      bytes: weigh ? this.#bytes : undefined,
      evicted: this.#evicted,
      expired: this.#expired,
    };
  }

  /** A number for who owns slots. Throws `bad_option` beyond 65,536 of them. */
  join(owner: SlotOwner): number {
    if (this.#shelves.length > 0xffff) throw new TidemarkError('bad_option', 'memory: more than 65,536 collections');
    return this.#shelves.push(owner) - 1;
  }

  /** When the entry in a slot stops being fresh. */
  freshUntil(slot: number): number {
    return this.rest[slot]?.freshUntil ?? this.checks[2 * slot + 1];
  }

  /** When the entry in a slot is worth nothing any more. */
  keptUntil(slot: number): number {
    return this.rest[slot]?.keptUntil ?? this.checks[2 * slot + 1];
  }

  /** Put an entry into a slot of its own, making room first; -1 if there is no room for it. */
  add(owner: number, key: string, value: unknown, held: readonly number[] | undefined): number {
    const weight = this.#weigh(value, key);
    if (weight > this.#options.maxBytes) return -1;
    const slot = this.#take();
    this.values[slot] = value;
    this.keys[slot] = key;
    this.#owners[slot] = owner;
    this.hold(slot, held);
    this.#record(slot, weight);
    this.#entries++;
    this.policy.insert(slot, key, weight);
    return slot;
  }

  /** Put another value into a slot that is in use; false if it is too large, and then the slot is emptied. */
  replace(slot: number, value: unknown): boolean {
    const weight = this.#weigh(value, this.keys[slot]);
    if (weight > this.#options.maxBytes) {
      this.drop(slot);
      return false;
    }
    this.values[slot] = value;
    this.#record(slot, weight);
    this.policy.touch(slot, weight);
    return true;
  }

  /** What the entry in a slot rests on beyond its shelf. */
  hold(slot: number, held: readonly number[] | undefined): void {
    if (held || this.held.length > 0) this.#room(this.held)[slot] = held;
  }

  /** The times of a slot: file it for its end. */
  time(slot: number, easyUntil: number, rest: Entry | undefined, now: number): void {
    this.checks[2 * slot + 1] = easyUntil;
    if (rest || this.rest.length > 0) this.#room(this.rest)[slot] = rest;
    this.#ring.file(slot, this.keptUntil(slot), now);
  }

  /** Get within the limits again, the expired leaving first; false if `slot` itself had to leave. */
  settle(slot: number, now: number): boolean {
    this.#drain(now, SWEEP);
    if (this.#over()) this.#drain(now, Infinity);
    while (this.#over()) {
      const victim = this.policy.victim();
      this.#evicted++;
      this.drop(victim);
      if (victim === slot) return false;
    }
    return true;
  }

  /** Empty a slot. */
  drop(slot: number): void {
    this.#shelves[this.#owners[slot]].forget(this.keys[slot], this.held[slot]);
    this.policy.remove(slot);
    this.#ring.unfile(slot);
    if (this.#options.weigh) this.#record(slot, 0);
    this.values[slot] = undefined;
    if (this.held.length > 0) this.held[slot] = undefined;
    if (this.rest.length > 0) this.rest[slot] = undefined;
    this.keys[slot] = '';
    this.#entries--;
    this.#free.push(slot);
  }

  /** Empty a slot whose entry has been found past its end. */
  expire(slot: number): void {
    this.#expired++;
    this.drop(slot);
  }

  readonly #dueAt = (slot: number): number => this.keptUntil(slot);
  readonly #expire = (slot: number): void => this.expire(slot);

  #drain(now: number, most: number): void {
    this.#ring.drain(now, most, this.#dueAt, this.#expire);
  }

  #over(): boolean {
    return this.#entries > this.#options.maxEntries || this.#bytes > this.#options.maxBytes;
  }

  #weigh(value: unknown, key: string): number {
    const { weigh } = this.#options;
    if (!weigh) return 1;
    const weight = weigh(value, key);
    return weight >= 0 ? weight : Infinity; // a size that isn't a number is too large to keep
  }

  #record(slot: number, weight: number): void {
    if (!this.#options.weigh) return;
    this.#bytes += weight - this.#weights[slot];
    this.#weights[slot] = weight;
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used === this.#capacity) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    const capacity = Math.min(Math.max(this.#capacity * 2, 64), this.#options.maxEntries + 1); // one more than the limit: the newcomer
    this.checks = enlarged(this.checks, 2 * capacity);
    if (this.#options.weigh) this.#weights = enlarged(this.#weights, capacity);
    const owners = new Uint16Array(capacity);
    owners.set(this.#owners);
    this.#owners = owners;
    this.#ring.grow(capacity);
    this.policy.grow(capacity);
    this.#capacity = capacity;
    for (const list of [this.values, this.keys]) this.#room(list);
  }

  /** A list with room for every slot: exactly, where pushing would take up to half as much again. */
  #room<T>(list: T[]): T[] {
    if (list.length < this.#capacity) list.length = this.#capacity;
    return list;
  }
}

function enlarged(from: Float64Array, length: number): Float64Array {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}
