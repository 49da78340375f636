/** A store that misbehaves as a test tells it to: everything that a real one has ever done to a cache. */
import type { Entry } from '../engine/entry.ts';
import { type MaybePromise, andThen } from '../engine/maybe.ts';
import type { Call, Store, Stored } from '../engine/store.ts';
import { type DelayOptions, type FaultPlan, faultFor, under, type WireFault } from './faults.ts';

/** The operations of a store that can go wrong. */
export type StoreOperation = 'getMany' | 'setMany' | 'deleteMany' | 'clear';

/**
 * What can go wrong with a store: the faults of the way there and back, and
 *
 * - `lose`: reads find nothing; writes, deletes and `clear` are acknowledged and not done.
 * - `lie`: reads bring back the oldest entry that was ever under the key, overwritten and deleted ones included; writes
 *   and deletes are as they should be.
 * - `short`, `long`: answers one position too few or too many.
 * - `garbage`: reads find what is no entry: objects with fields missing or of other types, texts, numbers; writes are
 *   acknowledged with something that is no boolean.
 */
export type StoreFault = WireFault | 'lose' | 'lie' | 'short' | 'long' | 'garbage';

/** Options of {@link hostileStore}. */
export interface HostileStoreOptions extends DelayOptions {
  /** The store that does the work. */
  readonly store: Store;
  /** What goes wrong at first. */
  readonly fault?: FaultPlan<StoreOperation, StoreFault>;
}

/** A store whose faults a test sets while it runs. */
export interface HostileStore extends Store {
  /** What goes wrong from now on; `undefined` for nothing. */
  fault: FaultPlan<StoreOperation, StoreFault>;
  /** How often each operation was called. */
  readonly calls: Readonly<Record<StoreOperation, number>>;
}

/**
 * A store around another one, with faults.
 *
 * It calls itself synchronous if the other is, and even then answers with a promise where the fault needs one.
 *
 * @example
 * const store = hostileStore({ store: memory(), fault: (operation) => (operation === 'getMany' ? 'stall' : undefined) });
 * store.fault = undefined;
 */
export function hostileStore(options: HostileStoreOptions): HostileStore {
  return new FaultyStore(options);
}

/** What isn't an entry, although it stands where one should. */
const GARBAGE: readonly ((entry: Entry | undefined) => unknown)[] = [
  () => ({}),
  (entry) => ({ ...entry, dependencies: undefined }),
  () => ({ value: 'garbage' }),
  (entry) => ({ ...entry, mark: undefined }),
  () => 'garbage',
  (entry) => ({ ...entry, mark: Number.NaN, freshUntil: Number.NaN, keptUntil: Number.NaN }),
  () => 7,
  (entry) => ({ ...entry, dependencies: [undefined, 7, {}], incarnation: 7 }),
  () => null,
  (entry) => ({ ...entry, freshUntil: 'soon', keptUntil: 'later', dependencies: 'none' }),
];

class FaultyStore implements HostileStore {
  readonly name: string;
  readonly sync: boolean;
  readonly calls = { getMany: 0, setMany: 0, deleteMany: 0, clear: 0 };
  fault: FaultPlan<StoreOperation, StoreFault>;
  readonly #store: Store;
  readonly #delay: DelayOptions;
  readonly #oldest = new Map<string, Entry>();
  #nonsense = 0;

  constructor({ store, fault, ...delay }: HostileStoreOptions) {
    this.name = store.name;
    this.sync = store.sync;
    this.fault = fault;
    this.#store = store;
    this.#delay = delay;
  }

  getMany(keys: readonly string[], call: Call): MaybePromise<readonly (Entry | undefined)[]> {
    const answer = (fault: StoreFault | undefined, found: readonly (Entry | undefined)[]) => {
      switch (fault) {
        case 'lose':
          return keys.map(() => undefined);
        case 'lie':
          return keys.map((key, i) => this.#oldest.get(key) ?? found[i]);
        case 'garbage':
          return found.map((entry) => GARBAGE[this.#nonsense++ % GARBAGE.length](entry) as Entry);
        default:
          return resized(fault, found, found[0]);
      }
    };
    return this.#run('getMany', () => this.#store.getMany(keys, call), answer);
  }

  setMany(records: readonly Stored[], call: Call): MaybePromise<readonly boolean[]> {
    const answer = (fault: StoreFault | undefined, kept: readonly boolean[]) => {
      records.forEach(({ key, entry }, i) => {
        if (kept[i] && !this.#oldest.has(key)) this.#oldest.set(key, entry);
      });
      return fault === 'garbage'
        ? records.map(() => (this.#nonsense++ % 2 === 0 ? undefined : 'maybe') as unknown as boolean)
        : resized(fault, kept, true);
    };
    return this.#run(
      'setMany',
      () => this.#store.setMany(records, call),
      answer,
      () => records.map(() => true),
    );
  }

  deleteMany(keys: readonly string[], call: Call): MaybePromise<void> {
    return this.#run('deleteMany', () => this.#store.deleteMany(keys, call), nothing, nothing);
  }

  clear(call: Call): MaybePromise<void> {
    return this.#run('clear', () => this.#store.clear(call), nothing, nothing);
  }

  close(): MaybePromise<void> {
    return this.#store.close?.();
  }

  /** Count, fail if that is the plan, and answer as the fault wants; `pretend` is the answer to what is lost. */
  #run<T>(
    operation: StoreOperation,
    act: () => MaybePromise<T>,
    answer: (fault: StoreFault | undefined, done: T) => T,
    pretend?: () => T,
  ): MaybePromise<T> {
    this.calls[operation]++;
    const fault = faultFor(this.fault, operation);
    if (fault === 'lose' && pretend) return this.sync ? pretend() : Promise.resolve(pretend());
    const wire = isWireFault(fault) ? fault : undefined;
    return andThen(under(wire, operation, act, this.#delay), (done) => answer(fault, done));
  }
}

const nothing = (): void => {};

function isWireFault(fault: StoreFault | undefined): fault is WireFault {
  return fault !== undefined && !['lose', 'lie', 'short', 'long', 'garbage'].includes(fault);
}

function resized<T>(fault: StoreFault | undefined, answers: readonly T[], more: T): readonly T[] {
  if (fault === 'short') return answers.slice(0, -1);
  return fault === 'long' ? [...answers, more] : answers;
}
