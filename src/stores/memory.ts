/** The memory tier: live values in this process, found by the caller's own key, within a limit that holds at every moment. */
import { CoarseClock, systemClock, type Clock } from '../engine/clock.ts';
import type { Entry } from '../engine/entry.ts';
import {
  checkOptions,
  functionOrNothing,
  nonEmptyText,
  oneOf,
  positiveInteger,
  size,
  type Size,
} from '../engine/options.ts';
import type { Policy, PolicyFactory } from '../engine/policy.ts';
import { localId } from '../engine/key.ts';
import type { LiveShelf, LiveStore, Stored, Truth, Usage } from '../engine/store.ts';
import { lru } from '../policies/lru.ts';
import { weigh } from '../policies/weight.ts';
import { Slots } from './slots.ts';
import { MemoryShelf } from './memory-shelf.ts';

/** The policies that can be asked for by name. */
const POLICIES: Readonly<Record<string, PolicyFactory>> = { lru };

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** What the tier is called in events and statistics. Default `'memory'`. */
  readonly name?: string;
  /** The most entries to hold. Default 10,000, or no limit if `maxBytes` is given. */
  readonly maxEntries?: number;
  /** The most bytes to hold, as {@link MemoryOptions.weigh} sees them: a number or text such as `'50mb'`. */
  readonly maxBytes?: Size;
  /** Who leaves when it is full: `'lru'` (default), or a policy of your own. */
  readonly policy?: 'lru' | PolicyFactory;
  /** The size of an entry in bytes; by default an estimate from the value's shape. Called only with `maxBytes`. */
  readonly weigh?: (value: unknown, key: string) => number;
  /** Where time comes from while no cache has taken it as a tier and given it its own; for tests. */
  readonly clock?: Clock;
}

/**
 * A tier in this process's memory.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const tier = memory({ maxBytes: '50mb' });
 */
export function memory(options: MemoryOptions = {}): LiveStore {
  checkOptions('memory', options, ['name', 'maxEntries', 'maxBytes', 'policy', 'weigh', 'clock']);
  const { policy = 'lru' } = options;
  const name = nonEmptyText('memory: name', options.name ?? 'memory');
  functionOrNothing('memory: weigh', options.weigh);
  const maxBytes = options.maxBytes === undefined ? Infinity : size('memory: maxBytes', options.maxBytes);
  const maxEntries = positiveInteger(
    'memory: maxEntries',
    options.maxEntries ?? (maxBytes === Infinity ? 10_000 : 2 ** 24),
  );
  const factory =
    typeof policy === 'function' ? policy : POLICIES[oneOf('memory: policy', policy, Object.keys(POLICIES))];
  const made: Policy = factory(
    maxBytes === Infinity ? { entries: maxEntries } : { entries: maxEntries, bytes: maxBytes },
  );
  const slots = new Slots({
    policy: made,
    maxEntries,
    maxBytes,
    weigh: maxBytes === Infinity ? undefined : (options.weigh ?? weigh),
  });
  return new MemoryStore(name, slots, new CoarseClock(options.clock ?? systemClock));
}

/** What a shelf outside any cache is checked against: nothing ever changes. */
const UNCHANGING: Truth = {
  horizon: 0,
  applied: 0,
  incarnation: '',
  hold: () => [],
  release: () => {},
  names: () => [],
  check: () => 'valid',
};

class MemoryStore implements LiveStore {
  readonly name: string;
  readonly sync = true;
  readonly #slots: Slots;
  readonly #clock: CoarseClock;
  readonly #shelves: MemoryShelf[] = [];
  #alone: LiveShelf | undefined;

  constructor(name: string, slots: Slots, clock: CoarseClock) {
    this.name = name;
    this.#slots = slots;
    this.#clock = clock;
  }

  get usage(): Usage {
    return this.#slots.usage;
  }

  shelf(path: readonly string[], truth: Truth, clock: CoarseClock): LiveShelf {
    const shelf = new MemoryShelf(this.#slots, path, truth, clock);
    this.#shelves.push(shelf);
    return shelf;
  }

  /** The shelf of the plain contract: its values are whole entries. */
  get #plain(): LiveShelf {
    return (this.#alone ??= this.shelf([], UNCHANGING, this.#clock));
  }

  getMany(keys: readonly string[]): (Entry | undefined)[] {
    return keys.map((key) => this.#plain.get(localId(key))?.value as Entry | undefined);
  }

  setMany(records: readonly Stored[]): boolean[] {
    return records.map(({ key, entry }) => {
      const { freshUntil, keptUntil } = entry;
      return this.#plain.set(localId(key), {
        value: entry,
        mark: 0,
        incarnation: '',
        dependencies: [],
        freshUntil,
        keptUntil,
      });
    });
  }

  deleteMany(keys: readonly string[]): void {
    for (const key of keys) this.#plain.delete(localId(key));
  }

  clear(): void {
    for (const shelf of this.#shelves) shelf.clear();
  }
}
