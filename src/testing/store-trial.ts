/** One store under test: fresh, with entries to put into it, and let go of when the test is over. */
import { isBackend, storageKey } from '../engine/backend.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import type { Entry, Mark } from '../engine/entry.ts';
import type { Path } from '../engine/key.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { LazyAbort } from '../engine/lazy-abort.ts';
import type { Call, Store, Stored } from '../engine/store.ts';
import { ensure, ensureEqual } from './expectations.ts';

/** A call that nobody aborts. */
export const CALL: Call = new LazyAbort();

const HOUR = 3_600_000;

/** How the trials of a suite are made. */
export interface TrialOptions {
  readonly open: () => MaybePromise<Store>;
  /** Called after the store has been closed. */
  readonly close: () => MaybePromise<void>;
  readonly settle: () => MaybePromise<void>;
  readonly clock: Clock | undefined;
}

/** A store and what its tests do again and again. */
export class StoreTrial {
  readonly store: Store;
  /** The mark and the incarnation of entries: for a backend those of its own log, or it would refuse them. */
  readonly mark: Mark;
  readonly incarnation: string;
  readonly #settle: () => MaybePromise<void>;
  readonly #now: number;

  private constructor(
    store: Store,
    position: { readonly mark: Mark; readonly incarnation: string },
    options: TrialOptions,
  ) {
    this.store = store;
    this.mark = position.mark;
    this.incarnation = position.incarnation;
    this.#settle = options.settle;
    this.#now = (options.clock ?? systemClock).now();
  }

  /** Run a test on a fresh store. */
  static async run(options: TrialOptions, test: (trial: StoreTrial) => MaybePromise<void>): Promise<void> {
    const store = await options.open();
    try {
      await test(await StoreTrial.on(store, options));
    } finally {
      await store.close?.();
      await options.close();
    }
  }

  static async on(store: Store, options: TrialOptions): Promise<StoreTrial> {
    if (!isBackend(store)) return new StoreTrial(store, { mark: 41, incarnation: 'log 1' }, options);
    for (let i = 0; i < 5; i++) await store.log.append(['#/unrelated/change'], CALL);
    const { head, incarnation } = await store.log.position(CALL);
    return new StoreTrial(store, { mark: head, incarnation }, options);
  }

  /** An entry that is fresh for an hour and kept for two, with everything that an entry can have unless told otherwise. */
  entry(value: unknown, rest: Partial<Entry> = {}): Entry {
    return {
      value,
      mark: this.mark,
      incarnation: this.incarnation,
      dependencies: ['#/shop/author:7', '=/shop/user/9'],
      freshUntil: this.#now + HOUR,
      keptUntil: this.#now + 2 * HOUR,
      etag: 'W/"1"',
      cost: 12.5,
      ...rest,
    };
  }

  record(key: string, value: unknown, rest: Partial<Entry> = {}): Stored {
    return { key, entry: this.entry(value, rest) };
  }

  async get(...keys: readonly string[]): Promise<readonly (Entry | undefined)[]> {
    const entries = await this.store.getMany(keys, CALL);
    ensure(Array.isArray(entries), 'getMany must answer with an array');
    ensureEqual(entries.length, keys.length, 'the number of positions that getMany answers');
    return entries;
  }

  /** Store records, all of which must be kept. */
  async set(...records: readonly Stored[]): Promise<void> {
    const kept = await this.store.setMany(records, CALL);
    ensureEqual(kept, new Array(records.length).fill(true), 'what setMany answers for records that it can keep');
    await this.#settle();
  }

  async delete(...keys: readonly string[]): Promise<void> {
    await this.store.deleteMany(keys, CALL);
    await this.#settle();
  }

  async clear(): Promise<void> {
    await this.store.clear(CALL);
    await this.#settle();
  }

  async settle(): Promise<void> {
    await this.#settle();
  }

  /** The entries under these records' keys must be these. */
  async ensureThere(...records: readonly Stored[]): Promise<void> {
    const entries = await this.get(...records.map(({ key }) => key));
    records.forEach(({ key, entry }, i) => this.ensureSame(entries[i], entry, `the entry under ${key.slice(0, 80)}`));
  }

  async ensureAbsent(...keys: readonly string[]): Promise<void> {
    const entries = await this.get(...keys);
    entries.forEach((entry, i) => ensureEqual(entry, undefined, `the entry under ${keys[i].slice(0, 80)}`));
  }

  /** An entry must have come back untouched; a backend may have raised its mark, up to the head of its log. */
  ensureSame(actual: Entry | undefined, expected: Entry, what: string): void {
    ensure(actual !== undefined && actual !== null, `${what} is missing`);
    const raised = isBackend(this.store) && actual.mark > expected.mark && actual.mark <= this.mark;
    const mark = raised ? actual.mark : expected.mark;
    ensureEqual(fieldsOf(actual), { ...fieldsOf(expected), mark }, what);
  }
}

/** What of an entry has to come back: all but what only memory knows. */
function fieldsOf(entry: Entry): object {
  const { value, mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost } = entry;
  return { value, mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost };
}

/** The key of a path in version 1 of its collection. */
export const keyOf = (...path: Path): string => storageKey(['suite', ...path], 1);
