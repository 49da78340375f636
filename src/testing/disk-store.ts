/**
 * A durable store in memory, with a mirror: what outlives a process is a {@link Disk}, and each process that opens it gets a
 * {@link diskStore} of its own. It is also the reference for whoever implements `Mirror`.
 */
import { jsonCodec } from '../codecs/json.ts';
import { decodeEntry, encodeEntry } from '../engine/codec.ts';
import type { Dependency } from '../engine/dependency.ts';
import type { Entry, Mark } from '../engine/entry.ts';
import type { Page, Position, StampsAnswer } from '../engine/log.ts';
import { type MaybePromise, andThen } from '../engine/maybe.ts';
import type { Mirror } from '../engine/mirror.ts';
import { STAMP_LIMITS, type StampLimits, StampTable } from '../engine/stamp-table.ts';
import type { Call, Store, Stored } from '../engine/store.ts';

/** What outlives processes: entries as bytes, and what is remembered of a log elsewhere. Its methods are the atomic steps. */
export class Disk {
  readonly #limits: StampLimits;
  readonly #entries = new Map<string, Uint8Array>();
  #remembered: (Position & { readonly table: StampTable }) | undefined;

  /** `limits`: how many stamps and rules the mirror remembers before older ones fall below its floor. */
  constructor(limits: StampLimits = STAMP_LIMITS) {
    this.#limits = limits;
  }

  /** The keys under which entries are kept. */
  get keys(): string[] {
    return [...this.#entries.keys()];
  }

  get(key: string): Entry | undefined {
    const bytes = this.#entries.get(key);
    return bytes && decodeEntry(bytes, jsonCodec);
  }

  put(key: string, bytes: Uint8Array): void {
    this.#entries.set(key, bytes);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Where the mirror ends. */
  get position(): Position | undefined {
    return this.#remembered && { incarnation: this.#remembered.incarnation, head: this.#remembered.head };
  }

  record(incarnation: string, from: Mark, to: Mark, changes: Page['changes']): void {
    const before = this.#remembered;
    const goesOn = before?.incarnation === incarnation && before.head >= from;
    const { head, table } = goesOn ? before : { head: from, table: new StampTable(from, this.#limits) };
    for (const { mark, change } of changes)
      if (mark > head) for (const dependency of change) table.record(dependency, mark);
    this.#remembered = { incarnation, head: Math.max(head, to), table };
  }

  stamps(dependencies: readonly Dependency[], after: Mark): StampsAnswer | undefined {
    const remembered = this.#remembered;
    if (!remembered || remembered.table.floor > after) return undefined;
    const { incarnation, head, table } = remembered;
    return { incarnation, head, stamps: dependencies.map((one) => table.stampOf(one)) };
  }

  /** The mirror is lost, and the entries stay. */
  forget(): void {
    this.#remembered = undefined;
  }
}

/** Options of {@link diskStore}. */
export interface DiskStoreOptions {
  readonly disk: Disk;
  /** What it is called in events and statistics. Default `'disk'`. */
  readonly name?: string;
  /** Reads, those of the mirror included, answer at once. Default true. */
  readonly sync?: boolean;
  /**
   * Holds operations: awaited before what isn't answered at once, with its name, which begins with `mirror` for those of the
   * mirror; rejecting loses one. Without it nothing has to be waited for but the reads of a store that isn't synchronous.
   */
  readonly gate?: (operation: string) => Promise<void>;
}

/** An opened disk. */
export interface DiskStore extends Store {
  readonly mirror: Mirror;
  /** The process dies: nothing of it reaches the disk any more. */
  cut(): void;
}

/**
 * Open a disk.
 *
 * @example
 * const disk = new Disk();
 * const cache = createCache({ tiers: [memory(), diskStore({ disk }), sharedBackend({ space })] });
 */
export function diskStore(options: DiskStoreOptions): DiskStore {
  return new Opened(options);
}

class Opened implements DiskStore {
  readonly name: string;
  readonly sync: boolean;
  readonly mirror: Mirror;
  readonly #disk: Disk;
  readonly #gate: ((operation: string) => Promise<void>) | undefined;
  #cut = false;

  constructor({ disk, name = 'disk', sync = true, gate }: DiskStoreOptions) {
    this.name = name;
    this.sync = sync;
    this.#disk = disk;
    this.#gate = gate;
    this.mirror = {
      position: (call) => this.#read('mirror position', call, () => disk.position),
      record: (incarnation, from, to, changes, call) =>
        this.#do('mirror record', call, () => disk.record(incarnation, from, to, changes)),
      stamps: (dependencies, after, call) => this.#read('mirror stamps', call, () => disk.stamps(dependencies, after)),
    };
  }

  getMany(keys: readonly string[], call: Call): MaybePromise<readonly (Entry | undefined)[]> {
    return this.#read('getMany', call, () => keys.map((key) => this.#disk.get(key)));
  }

  setMany(records: readonly Stored[], call: Call): MaybePromise<readonly boolean[]> {
    const ready = records.map(({ key, entry }) => ({ key, bytes: encodeEntry(entry, jsonCodec) }));
    return this.#do('setMany', call, () => {
      for (const { key, bytes } of ready) this.#disk.put(key, bytes);
      return records.map(() => true);
    });
  }

  deleteMany(keys: readonly string[], call: Call): MaybePromise<void> {
    return this.#do('deleteMany', call, () => keys.forEach((key) => this.#disk.delete(key)));
  }

  clear(call: Call): MaybePromise<void> {
    return this.#do('clear', call, () => this.#disk.clear());
  }

  cut(): void {
    this.#cut = true;
  }

  #read<T>(operation: string, call: Call, effect: () => T): MaybePromise<T> {
    if (!this.sync) return andThen(this.#gate?.(operation) ?? Promise.resolve(), () => this.#effect(call, effect));
    this.#assertAlive();
    return effect();
  }

  #do<T>(operation: string, call: Call, effect: () => T): MaybePromise<T> {
    if (this.sync && !this.#gate) return this.#effect(call, effect);
    return andThen(this.#gate?.(operation) ?? Promise.resolve(), () => this.#effect(call, effect));
  }

  #effect<T>({ signal }: Call, effect: () => T): T {
    this.#assertAlive();
    signal.throwIfAborted();
    return effect();
  }

  #assertAlive(): void {
    if (this.#cut) throw new Error(`${this.name}: the process is dead`);
  }
}
