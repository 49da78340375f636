/** A tier: a store at its place in a cache, with a time limit for every operation, a breaker, and a cap on TTLs. */
import { pathOfStorageKey, storageKey } from './backend.ts';
import { Batch } from './batch.ts';
import type { Clock, CoarseClock } from './clock.ts';
import { type Entry, isEntry } from './entry.ts';
import type { Emitter } from './events.ts';
import { FAILED, Guard, type GuardSettings } from './guard.ts';
import { type Path, pathOfLocalId } from './key.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import { isLive, type Shelf, type Store, type Stored, type Truth } from './store.ts';
import { leftOf } from './wait.ts';

/** A tier's settings, checked. Times in milliseconds. */
export interface TierSettings extends GuardSettings {
  readonly maxTtl: number;
  readonly maxBatch: number;
}

const MOST_WRITES = 1024; // writes under way to one tier; beyond that a cache had better forget than pile up

/** A store at its place in a cache. */
export class Tier {
  readonly store: Store;
  readonly settings: TierSettings;
  readonly #clock: Clock;
  readonly #events: Emitter;
  readonly guard: Guard;
  readonly #reads: Batch<string, Entry | undefined>;
  readonly #writes: Batch<Stored, boolean>;
  readonly #deletes: Batch<string, boolean>;
  readonly counts = { reads: 0, hits: 0, overrun: 0 };
  #writing = 0;
  #lastWrite = 0; // when one began or ended

  constructor(store: Store, settings: TierSettings, clock: Clock, events: Emitter) {
    this.store = store;
    this.settings = settings;
    this.#clock = clock;
    this.#events = events;
    this.guard = new Guard(store.name, settings, clock, events);
    const { maxBatch } = settings;
    this.#reads = new Batch(maxBatch, (keys) => this.#getMany(keys));
    this.#writes = new Batch(maxBatch, (records) => this.#setMany(records));
    this.#deletes = new Batch(maxBatch, (keys) => this.#deleteMany(keys));
  }

  get name(): string {
    return this.store.name;
  }

  /** The part of this tier that holds a collection's entries. */
  shelf(path: Path, version: number | 'adhoc', truth: Truth, clock: CoarseClock): Shelf {
    return isLive(this.store) ? this.store.shelf(path, truth, clock) : new KeyedShelf(this, path, version);
  }

  /** An entry as this tier may keep it: no fresher than the cap allows. */
  capped(entry: Entry, now: number): Entry {
    const cap = now + this.settings.maxTtl;
    if (entry.freshUntil <= cap) return entry;
    return { ...entry, freshUntil: cap, keptUntil: cap + (entry.keptUntil - entry.freshUntil || 0) };
  }

  /** Read one entry; an asynchronous store gets the reads of a tick at once. */
  get(key: string): MaybePromise<Entry | undefined> {
    return this.store.sync ? andThen(this.#getMany([key]), (entries) => entries[0]) : this.#reads.ask(key);
  }

  set(key: string, entry: Entry): MaybePromise<boolean> {
    if (this.#writing >= MOST_WRITES && !this.#areLost()) {
      this.counts.overrun++;
      return false;
    }
    const record = { key, entry };
    // A synchronous store may still take its time to write: what comes meanwhile goes together.
    const atOnce = this.store.sync && this.#writing === 0;
    const kept = atOnce ? andThen(this.#setMany([record]), (all) => all[0]) : this.#writes.ask(record);
    if (!isPromise(kept)) return kept;
    this.#writing++;
    this.#lastWrite = this.#clock.now();
    return kept.finally(() => {
      this.#writing = Math.max(0, this.#writing - 1);
      this.#lastWrite = this.#clock.now();
    });
  }

  /** None has ended for longer than any may take: they ended with the requests that began them. */
  #areLost(): boolean {
    if (leftOf(2 * this.settings.timeout, this.#lastWrite, this.#clock) > 0) return false;
    this.#writing = 0;
    return true;
  }

  delete(key: string): MaybePromise<boolean> {
    return this.store.sync ? andThen(this.#deleteMany([key]), (done) => done[0]) : this.#deletes.ask(key);
  }

  #getMany(keys: readonly string[]): MaybePromise<readonly (Entry | undefined)[]> {
    const read = this.guard.attempt('getMany', (call) =>
      andThen(this.store.getMany(keys, call), (entries) => answered(entries, keys.length).map(entryOrNothing)),
    );
    return andThen(read, (entries) => (entries === FAILED ? [] : entries));
  }

  #setMany(records: readonly Stored[]): MaybePromise<readonly boolean[]> {
    const written = this.guard.attempt('setMany', (call) =>
      andThen(this.store.setMany(records, call), (kept) => answered(kept, records.length)),
    );
    return andThen(written, (kept) => {
      if (kept === FAILED) return records.map(() => false);
      if (this.#events.has('refused'))
        records.forEach(({ key }, i) => {
          if (!kept[i]) this.#events.emit('refused', { key: pathOfStorageKey(key).slice(1), tier: this.name });
        });
      return kept;
    });
  }

  #deleteMany(keys: readonly string[]): MaybePromise<readonly boolean[]> {
    const deleted = this.guard.attempt('deleteMany', (call) => this.store.deleteMany(keys, call));
    return andThen(deleted, (done) => keys.map(() => done !== FAILED));
  }
}

/** A store's answer by position. Throws for anything else: a store that answers wrongly fails. */
function answered<T>(answers: readonly T[], count: number): readonly T[] {
  if (Array.isArray(answers) && answers.length === count) return answers;
  throw new TypeError(
    `asked for ${count} and answered with ${Array.isArray(answers) ? answers.length : String(answers)}`,
  );
}

function entryOrNothing(entry: Entry | undefined): Entry | undefined {
  if (entry === undefined || entry === null) return undefined;
  if (isEntry(entry)) return entry;
  throw new TypeError('answered with something that is no entry');
}

/** One collection's part of a store that is found by storage keys. */
class KeyedShelf implements Shelf {
  readonly #tier: Tier;
  readonly #path: Path;
  readonly #version: number | 'adhoc';

  constructor(tier: Tier, path: Path, version: number | 'adhoc') {
    this.#tier = tier;
    this.#path = path;
    this.#version = version;
  }

  get sync(): boolean {
    return this.#tier.store.sync;
  }

  #key(id: string): string {
    return storageKey([...this.#path, ...pathOfLocalId(id)], this.#version);
  }

  get(id: string): MaybePromise<Entry | undefined> {
    return this.#tier.get(this.#key(id));
  }

  set(id: string, entry: Entry): MaybePromise<boolean> {
    return this.#tier.set(this.#key(id), entry);
  }

  delete(id: string): MaybePromise<boolean> {
    return this.#tier.delete(this.#key(id));
  }
}
