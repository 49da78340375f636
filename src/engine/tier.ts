/** A tier: a store at its place in a cache, with a time limit for every operation, a breaker, and a cap on TTLs. */
import { storageKey } from './backend.ts';
import { Batch } from './batch.ts';
import { Breaker, type BreakerOptions } from './breaker.ts';
import type { Clock, CoarseClock } from './clock.ts';
import type { Entry } from './entry.ts';
import { TidemarkError } from './errors.ts';
import type { Emitter } from './events.ts';
import { type Path, pathOfLocalId } from './key.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import { type Call, isLive, type Shelf, type Store, type Stored, type Truth } from './store.ts';

/** A tier's settings, checked. Times in milliseconds. */
export interface TierSettings {
  readonly timeout: number;
  readonly maxTtl: number;
  readonly maxBatch: number;
  readonly breaker: BreakerOptions;
}

/** The answer of an operation that didn't work: what failed has been counted and told. */
export const FAILED: unique symbol = Symbol('failed');

const NEVER: Call = { signal: new AbortController().signal };
const MOST_WRITES = 1024; // writes under way to one tier; beyond that a cache had better forget than pile up

/** A store at its place in a cache. */
export class Tier {
  readonly store: Store;
  readonly settings: TierSettings;
  readonly #clock: Clock;
  readonly #events: Emitter;
  readonly #breaker: Breaker;
  readonly #reads: Batch<string, Entry | undefined>;
  readonly #writes: Batch<Stored, boolean>;
  readonly #deletes: Batch<string, boolean>;
  readonly counts = { reads: 0, hits: 0, failures: 0, skipped: 0, refused: 0 };
  #writing = 0;

  constructor(store: Store, settings: TierSettings, clock: Clock, events: Emitter) {
    this.store = store;
    this.settings = settings;
    this.#clock = clock;
    this.#events = events;
    this.#breaker = new Breaker(settings.breaker);
    const { maxBatch } = settings;
    this.#reads = new Batch(maxBatch, (keys) => this.#getMany(keys));
    this.#writes = new Batch(maxBatch, (records) => this.#setMany(records));
    this.#deletes = new Batch(maxBatch, (keys) => this.#deleteMany(keys));
  }

  get name(): string {
    return this.store.name;
  }

  get breaker(): Breaker['state'] {
    return this.#breaker.state;
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
    const record = { key, entry: this.capped(entry, this.#clock.now()) };
    if (this.store.sync) return andThen(this.#setMany([record]), (kept) => kept[0]);
    if (this.#writing >= MOST_WRITES) {
      this.counts.skipped++;
      return false;
    }
    this.#writing++;
    return this.#writes.ask(record).finally(() => this.#writing--);
  }

  delete(key: string): MaybePromise<boolean> {
    return this.store.sync ? andThen(this.#deleteMany([key]), (done) => done[0]) : this.#deletes.ask(key);
  }

  #getMany(keys: readonly string[]): MaybePromise<readonly (Entry | undefined)[]> {
    this.counts.reads += keys.length;
    return andThen(
      this.attempt('getMany', (call) => this.store.getMany(keys, call)),
      (entries) => (entries === FAILED ? [] : entries),
    );
  }

  #setMany(records: readonly Stored[]): MaybePromise<readonly boolean[]> {
    return andThen(
      this.attempt('setMany', (call) => this.store.setMany(records, call)),
      (kept) => (kept === FAILED ? records.map(() => false) : kept),
    );
  }

  #deleteMany(keys: readonly string[]): MaybePromise<readonly boolean[]> {
    return andThen(
      this.attempt('deleteMany', (call) => this.store.deleteMany(keys, call)),
      (done) => keys.map(() => done !== FAILED),
    );
  }

  /**
   * Try an operation on the store or its log: within its time, unless the breaker is open. Never throws; a failure is
   * counted, told, and answered with {@link FAILED}.
   */
  attempt<T>(operation: string, run: (call: Call) => MaybePromise<T>): MaybePromise<T | typeof FAILED> {
    if (!this.#breaker.allows(this.#clock.now())) {
      this.counts.skipped++;
      return FAILED;
    }
    if (this.store.sync) {
      try {
        const answer = run(NEVER);
        if (!isPromise(answer)) {
          this.#succeeded();
          return answer;
        }
        return this.#timed(operation, () => answer);
      } catch (error) {
        return this.#failed(operation, error);
      }
    }
    return this.#timed(operation, run);
  }

  #timed<T>(operation: string, run: (call: Call) => MaybePromise<T>): Promise<T | typeof FAILED> {
    const controller = new AbortController();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.settings.timeout, () => {
        const late = new TidemarkError(
          'store_timeout',
          `${this.name}: ${operation} took longer than ${this.settings.timeout} ms`,
        );
        controller.abort(late);
        resolve(this.#failed(operation, late));
      });
      const settle = (answer: T | typeof FAILED) => {
        cancel();
        resolve(answer);
      };
      const fail = (error: unknown) => {
        if (controller.signal.aborted) return;
        settle(this.#failed(operation, error));
      };
      try {
        Promise.resolve(run({ signal: controller.signal })).then((answer) => {
          if (controller.signal.aborted) return;
          this.#succeeded();
          settle(answer);
        }, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  #succeeded(): void {
    if (this.#breaker.succeeded()) this.#events.emit('breaker', { tier: this.name, state: 'closed' });
  }

  #failed(operation: string, error: unknown): typeof FAILED {
    this.counts.failures++;
    // A value that the store can't represent is the value's fault: it says nothing about the store.
    if (error instanceof TidemarkError && error.code === 'bad_value') this.#succeeded();
    else if (this.#breaker.failed(this.#clock.now())) this.#events.emit('breaker', { tier: this.name, state: 'open' });
    const told =
      error instanceof TidemarkError
        ? error
        : new TidemarkError('store_failed', `${this.name}: ${operation} failed`, error);
    this.#events.emit('tierFailed', { tier: this.name, operation, error: told });
    return FAILED;
  }
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
