/** One collection's part of a memory tier: a map from the caller's own key to a slot, and the hit path. */
import { implicitDependencies } from '../engine/dependency.ts';
import type { CoarseClock } from '../engine/clock.ts';
import type { Entry, Mark } from '../engine/entry.ts';
import { isSegment, type Path, pathOfLocalId } from '../engine/key.ts';
import { type LiveShelf, MISS, type Truth } from '../engine/store.ts';
import type { SlotOwner, Slots } from './slots.ts';

const EARLY = 10; // an early refresh this many load times before the end has a chance of e^-10

/** One collection's entries in a memory tier. */
export class MemoryShelf implements LiveShelf, SlotOwner {
  readonly sync = true;
  readonly #bySlot: Slots;
  readonly #truth: Truth;
  readonly #clock: CoarseClock;
  readonly #path: Path;
  readonly #number: number;
  readonly #base: readonly number[];
  readonly #segments = new Map<string, number>(); // local names that are one segment, as callers give them
  readonly #paths = new Map<string, number>(); // all others

  constructor(slots: Slots, path: Path, truth: Truth, clock: CoarseClock) {
    this.#bySlot = slots;
    this.#truth = truth;
    this.#clock = clock;
    this.#path = path;
    this.#number = slots.join(this);
    this.#base = truth.hold(implicitDependencies(path).slice(0, -1)); // of the collection's path every prefix, not the key
  }

  get size(): number {
    return this.#segments.size + this.#paths.size;
  }

  hit(key: unknown): unknown {
    const slot = this.#segments.get(key as string);
    return slot === undefined ? MISS : this.#serve(slot);
  }

  hitPath(id: string): unknown {
    const slot = this.#paths.get(id);
    return slot === undefined ? MISS : this.#serve(slot);
  }

  freshUntil(id: string): number {
    const slot = this.#named(id).get(id);
    return slot === undefined ? -Infinity : this.#bySlot.freshUntil(slot);
  }

  #serve(slot: number): unknown {
    const all = this.#bySlot;
    const at = 2 * slot;
    if (all.checks[at + 1] <= this.#clock.time && !this.#isEasyNow(slot)) return MISS;
    if (all.checks[at] < this.#truth.horizon && !this.#recheckEasy(slot)) return MISS;
    all.policy.touch(slot);
    return all.values[slot];
  }

  /** The time of an entry is over, or isn't known: reading it may bring news of the log, for which the entry has to leave. */
  #isEasyNow(slot: number): boolean {
    const key = this.#bySlot.keys[slot];
    const now = this.#clock.now();
    return this.#named(key).get(key) === slot && this.#bySlot.checks[2 * slot + 1] > now;
  }

  /** The map that a local name belongs to. */
  #named(id: string): Map<string, number> {
    return isSegment(id) ? this.#segments : this.#paths;
  }

  get(id: string): Entry | undefined {
    const slot = this.#named(id).get(id);
    if (slot === undefined) return undefined;
    const all = this.#bySlot;
    if (all.checks[2 * slot] < this.#truth.horizon) {
      const verdict = this.#recheck(slot);
      if (verdict === 'invalid') all.drop(slot);
      if (verdict !== 'valid') return undefined;
    }
    if (all.keptUntil(slot) <= this.#clock.quietly()) {
      all.expire(slot);
      return undefined;
    }
    all.policy.touch(slot);
    return this.#entry(slot);
  }

  set(id: string, entry: Entry): boolean {
    const all = this.#bySlot;
    const held = this.#hold(id, entry);
    const named = this.#named(id);
    let slot = named.get(id) ?? -1;
    if (slot >= 0) {
      const before = all.held[slot];
      if (!all.replace(slot, entry.value)) slot = -1;
      else {
        all.hold(slot, held);
        if (before) this.#truth.release(before);
      }
    } else {
      slot = all.add(this.#number, id, entry.value, held);
      if (slot >= 0) named.set(id, slot);
    }
    if (slot < 0) {
      if (held) this.#truth.release(held);
      return false;
    }
    all.checks[2 * slot] = entry.mark;
    const { freshUntil, keptUntil, copied, cost, etag } = entry;
    const easyUntil = copied ? -Infinity : cost === undefined ? freshUntil : freshUntil - EARLY * cost;
    const plain = easyUntil === freshUntil && keptUntil === freshUntil && etag === undefined;
    const now = this.#clock.quietly();
    all.time(slot, easyUntil, plain ? undefined : entry, now);
    return all.settle(slot, now);
  }

  delete(id: string): boolean {
    const slot = this.#named(id).get(id);
    if (slot !== undefined) this.#bySlot.drop(slot);
    return true;
  }

  *ids(): Iterable<string> {
    yield* this.#segments.keys();
    yield* this.#paths.keys();
  }

  look(id: string): Entry | undefined {
    const slot = this.#named(id).get(id);
    return slot === undefined ? undefined : this.#entry(slot);
  }

  changed(id: string, mark: Mark, soft: boolean): void {
    const slot = this.#named(id).get(id);
    if (slot === undefined || this.#bySlot.checks[2 * slot] >= mark) return;
    if (soft) this.#age(slot);
    else this.#bySlot.drop(slot);
  }

  clear(): void {
    for (const slot of this.#segments.values()) this.#bySlot.drop(slot);
    for (const slot of this.#paths.values()) this.#bySlot.drop(slot);
  }

  forget(key: string, held: readonly number[] | undefined): void {
    this.#named(key).delete(key);
    if (held) this.#truth.release(held);
  }

  /** Compare an entry with what has changed since its mark; a valid one is good up to the present. */
  #recheck(slot: number): 'valid' | 'invalid' | 'unknown' {
    const all = this.#bySlot;
    const truth = this.#truth;
    const path = () => [...this.#path, ...pathOfLocalId(all.keys[slot])];
    const verdict = truth.check(all.checks[2 * slot], this.#base, all.held[slot], path);
    if (verdict === 'soft') this.#age(slot);
    else if (verdict !== 'valid') return verdict;
    if (truth.applied > all.checks[2 * slot]) all.checks[2 * slot] = truth.applied;
    return 'valid';
  }

  /** The same for a hit: what turns out to be aged by a soft change needs a thought. */
  #recheckEasy(slot: number): boolean {
    return this.#recheck(slot) === 'valid' && this.#bySlot.checks[2 * slot + 1] > -Infinity;
  }

  /** Old by time from now on, but not wrong. */
  #age(slot: number): void {
    const all = this.#bySlot;
    const entry = this.#entry(slot);
    const now = this.#clock.quietly();
    const freshUntil = Math.min(entry.freshUntil, now);
    all.time(slot, -Infinity, { ...entry, freshUntil, dependencies: [] }, now);
  }

  #hold(id: string, entry: Entry): readonly number[] | undefined {
    const inner = !isSegment(id); // rests on the prefixes between as well
    if (!inner && entry.dependencies.length === 0) return undefined;
    const between = inner
      ? implicitDependencies([...this.#path, ...pathOfLocalId(id)]).slice(this.#path.length, -2)
      : [];
    return this.#truth.hold(between.length > 0 ? [...between, ...entry.dependencies] : entry.dependencies);
  }

  #entry(slot: number): Entry {
    const all = this.#bySlot;
    const rest = all.rest[slot];
    const held = all.held[slot];
    return {
      value: all.values[slot],
      mark: all.checks[2 * slot],
      incarnation: this.#truth.incarnation,
      dependencies: held ? this.#truth.names(held) : [],
      freshUntil: all.freshUntil(slot),
      keptUntil: all.keptUntil(slot),
      etag: rest?.etag,
      cost: rest?.cost,
      copied: rest?.copied,
    };
  }
}
