/**
 * A backend in memory that several caches share as if it lived elsewhere: a connection to a {@link SharedSpace}, on which
 * every call may be late, lost or refused, in whatever order a test likes.
 */
import { jsonCodec } from '../codecs/json.ts';
import type { Backend, Lease, Leases } from '../engine/backend.ts';
import { encodeEntry } from '../engine/codec.ts';
import type { Entry } from '../engine/entry.ts';
import type { Change, ChangeLog, Position } from '../engine/log.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Call, Stored } from '../engine/store.ts';
import { abortable } from '../engine/wait.ts';
import type { SharedSpace } from './shared-space.ts';

/** Options of {@link sharedBackend}. */
export interface SharedBackendOptions {
  readonly space: SharedSpace;
  /** What it is called in events and statistics. Default `'shared'`. */
  readonly name?: string;
  /** Holds messages: awaited before each effect, before each answer (named `… answer`), and for each `wake`; rejecting loses one. */
  readonly gate?: (operation: string) => Promise<void>;
  /**
   * Reads answer at once, as of a file that processes share, and aren't held; writes still travel, and are not done once
   * they have been given up. Only then there is `commit`. Default false.
   */
  readonly sync?: boolean;
  /** Milliseconds between the follower's own questions. Default 1,000. */
  readonly pollEvery?: number;
}

/** One connection to a shared space. */
export interface SharedBackend extends Backend {
  readonly leases: Leases;
  /** This connection alone is cut off: its calls fail, and what is on its way is lost. */
  cut(): void;
  /** The connection works again. */
  mend(): void;
}

/**
 * A connection to a shared space: each cache that is to share it gets one of its own.
 *
 * @example
 * const cache = createCache({ tiers: [memory(), sharedBackend({ space })] });
 */
export function sharedBackend(options: SharedBackendOptions): SharedBackend {
  return new Connection(options);
}

class Connection implements SharedBackend {
  readonly name: string;
  readonly sync: boolean;
  readonly log: ChangeLog;
  readonly leases: Leases;
  readonly commit?: NonNullable<Backend['commit']>;
  readonly #space: SharedSpace;
  readonly #gate: (operation: string) => Promise<void>;
  #cut = false;

  constructor(options: SharedBackendOptions) {
    const { space, name = 'shared', gate = async () => {}, sync = false, pollEvery = 1000 } = options;
    this.name = name;
    this.sync = sync;
    this.#space = space;
    this.#gate = gate;
    this.log = {
      sync,
      pollEvery,
      append: (change, call) => this.#ask('append', call, () => space.append(change)),
      position: (call) => this.#read('position', call, () => space.position),
      read: (after, call) => this.#read('read', call, () => space.read(after)),
      stamps: (dependencies, call) =>
        this.#read('stamps', call, () => ({
          ...space.position,
          stamps: dependencies.map((one) => space.stamp(one)),
        })),
      watch: (wake) => space.watch(() => void this.#hop('wake').then(wake, () => {})),
    };
    this.leases = {
      acquire: (key, wanted, call) => this.#ask('acquire', call, () => this.#lease(space.lease(key, wanted))),
      released: (key, { signal }) => abortable(space.unleased(key), signal),
    };
    if (sync) this.commit = (change, records, call) => this.#commit(change, records, call);
  }

  getMany(keys: readonly string[], call: Call): MaybePromise<readonly (Entry | undefined)[]> {
    return this.#read('getMany', call, () => keys.map((key) => this.#space.get(key)));
  }

  setMany(records: readonly Stored[], call: Call): Promise<readonly boolean[]> {
    for (const { entry } of records) encodeEntry(entry, jsonCodec); // what can't be represented is refused before anything is stored
    return this.#ask('setMany', call, () => records.map(({ key, entry }) => this.#space.put(key, entry)));
  }

  deleteMany(keys: readonly string[], call: Call): Promise<void> {
    return this.#ask('deleteMany', call, () => keys.forEach((key) => this.#space.evict(key)));
  }

  clear(call: Call): Promise<void> {
    return this.#ask('clear', call, () => this.#space.clear());
  }

  cut(): void {
    this.#cut = true;
  }

  mend(): void {
    this.#cut = false;
  }

  #commit(change: Change, records: readonly Stored[], call: Call): Promise<Position> {
    for (const { entry } of records) encodeEntry(entry, jsonCodec);
    return this.#ask('commit', call, () => this.#space.commit(change, records));
  }

  #lease(end: (() => void) | undefined): Lease | undefined {
    return end && { release: (call) => this.#ask('release', call, end) };
  }

  /** A read: at once where reads are synchronous, otherwise as everything else. */
  #read<T>(operation: string, call: Call, effect: () => T): MaybePromise<T> {
    if (!this.sync) return this.#ask(operation, call, effect);
    this.#space.assertUp();
    this.#assertMended();
    return effect();
  }

  /** A question travels, takes effect, and its answer travels back: each way may fail on its own. */
  async #ask<T>(operation: string, { signal }: Call, effect: () => T): Promise<T> {
    await this.#hop(operation);
    if (this.sync) signal.throwIfAborted();
    const answer = effect();
    await this.#hop(operation + ' answer');
    return answer;
  }

  async #hop(message: string): Promise<void> {
    await this.#gate(message);
    await this.#space.passage();
    this.#assertMended();
  }

  #assertMended(): void {
    if (this.#cut) throw new Error(`${this.name} is cut off`);
  }
}
