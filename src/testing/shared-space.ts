/**
 * A place in memory that several caches share as if it lived elsewhere. It can fail, forget and start anew as a test likes,
 * and it is the reference for whoever implements `Backend`: its methods are the atomic steps.
 */
import { jsonCodec } from '../codecs/json.ts';
import { everyDependency, type LeaseRequest } from '../engine/backend.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import { decodeEntry, encodeEntry } from '../engine/codec.ts';
import type { Dependency } from '../engine/dependency.ts';
import type { Entry, Mark } from '../engine/entry.ts';
import type { Change, Page, Position } from '../engine/log.ts';
import { STAMP_LIMITS, type StampLimits, StampTable } from '../engine/stamp-table.ts';
import type { Stored } from '../engine/store.ts';
import { newIncarnation } from '../logs/local.ts';

/** Options of {@link SharedSpace}. */
export interface SharedSpaceOptions {
  /** What leases end by, and when changes were appended. Default the machine's own clock. */
  readonly clock?: Clock;
  /** How many stamps and rules are remembered before older ones fall below the floor. */
  readonly limits?: StampLimits;
}

/** A change and when it was appended. */
interface Appended {
  readonly change: Change;
  readonly at: number;
}

/** What a space held at one time: entries as bytes, and the newest changes up to the head. */
export interface SpaceCopy {
  readonly entries: ReadonlyMap<string, Uint8Array>;
  readonly changes: readonly Appended[];
  readonly head: Mark;
}

/** A lease that someone holds. */
interface Held {
  readonly wanted: LeaseRequest;
  readonly ended: Set<() => void>;
  readonly cancel: () => void;
}

/**
 * The place that connections share: entries as bytes, the log, its stamps, and leases. Its methods are the atomic steps;
 * they never fail and never wait.
 */
export class SharedSpace {
  readonly clock: Clock;
  readonly #limits: StampLimits;
  #entries: Map<string, Uint8Array> = new Map();
  readonly #leases = new Map<string, Held>();
  readonly #watchers = new Set<() => void>();
  #incarnation = newIncarnation();
  #head: Mark = 0;
  #changes: Appended[] = []; // the newest ones; that of the head is the last
  #table: StampTable;
  #state: 'up' | 'down' | 'stalled' = 'up';
  #resumed: (() => void)[] = [];

  constructor(options: SharedSpaceOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.#limits = options.limits ?? STAMP_LIMITS;
    this.#table = new StampTable(0, this.#limits);
  }

  /** Where the log stands. */
  get position(): Position {
    return { incarnation: this.#incarnation, head: this.#head };
  }

  /** The keys under which entries are kept. */
  get keys(): string[] {
    return [...this.#entries.keys()];
  }

  // What connections do.

  append(change: Change): Position {
    this.#head++;
    this.#changes.push({ change, at: this.clock.now() });
    for (const dependency of change) this.#table.record(dependency, this.#head);
    for (const wake of this.#watchers) wake();
    return this.position;
  }

  /** Append a change and store records with its mark, in one step. */
  commit(change: Change, records: readonly Stored[]): Position {
    const position = this.append(change);
    for (const { key, entry } of records)
      this.#store(key, { ...entry, mark: position.head, incarnation: position.incarnation });
    return position;
  }

  read(after: Mark): Page {
    const complete = Math.max(after, this.#head - this.#changes.length);
    const from = this.#changes.length - (this.#head - complete);
    const changes = this.#changes.slice(Math.max(from, 0)).map((one, i) => ({ mark: complete + 1 + i, ...one }));
    return { ...this.position, complete, changes, at: this.clock.now() };
  }

  stamp(dependency: Dependency): Mark {
    return this.#table.stampOf(dependency);
  }

  get(key: string): Entry | undefined {
    const bytes = this.#entries.get(key);
    return bytes && decodeEntry(bytes, jsonCodec);
  }

  /** Store an entry unless the log has overtaken it. */
  put(key: string, entry: Entry): boolean {
    if (entry.incarnation !== this.#incarnation) return false;
    if (everyDependency(key, entry).some((dependency) => this.stamp(dependency) > entry.mark)) return false;
    this.#store(key, entry);
    return true;
  }

  #store(key: string, entry: Entry): void {
    this.#entries.set(key, encodeEntry(entry, jsonCodec));
  }

  /** Forget one entry, as a connection asks, or a test to whom the place may lose what it likes. */
  evict(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /**
   * Take a lease; the result ends it, `undefined` means that another holds it whose load is of use. Who waits for the lease
   * of one that was overtaken waits on for its next holder.
   */
  lease(key: string, wanted: LeaseRequest): (() => void) | undefined {
    const before = this.#leases.get(key);
    if (before && !isOvertaken(before.wanted, wanted)) return undefined;
    before?.cancel();
    const end = () => {
      held.cancel();
      if (this.#leases.get(key) !== held) return;
      this.#leases.delete(key);
      for (const tell of held.ended) tell();
    };
    const held: Held = { wanted, ended: before?.ended ?? new Set(), cancel: this.clock.after(wanted.ttl, end) };
    this.#leases.set(key, held);
    return end;
  }

  /** Resolves when nobody holds the lease. */
  unleased(key: string): Promise<void> {
    const held = this.#leases.get(key);
    return held ? new Promise((resolve) => held.ended.add(resolve)) : Promise.resolve();
  }

  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }

  /** Throws if the space is down. What is read at once isn't held up by a stall, as a file isn't by who writes to it. */
  assertUp(): void {
    if (this.#state === 'down') throw new Error('the shared space is down');
  }

  /** Settles when a message may pass: at once, after a stall, or never well if the space is down. */
  async passage(): Promise<void> {
    while (this.#state === 'stalled') await new Promise<void>((resolve) => this.#resumed.push(resolve));
    this.assertUp();
  }

  // What a test does to the place.

  /** From now on every call fails, answers under way included. */
  down(): void {
    this.#turn('down');
  }

  /** From now on no call is answered; what waits goes on after {@link SharedSpace.up}, or fails with `down`. */
  stall(): void {
    this.#turn('stalled');
  }

  /** Calls are answered again. */
  up(): void {
    this.#turn('up');
  }

  #turn(state: 'up' | 'down' | 'stalled'): void {
    this.#state = state;
    const resumed = this.#resumed;
    this.#resumed = [];
    for (const resume of resumed) resume();
  }

  /** The log forgets all but the newest `keep` changes. */
  trim(keep: number): void {
    this.#changes = keep > 0 ? this.#changes.slice(-keep) : [];
  }

  /** All stamps and rules are forgotten: the floor is the head. */
  compact(): void {
    this.#table = new StampTable(this.#head, this.#limits);
  }

  /** Everything is lost, as by a restart without a disk: another incarnation begins. */
  flush(): void {
    this.restore({ entries: new Map(), changes: [], head: 0 });
  }

  /** What it holds now, for {@link SharedSpace.restore}. */
  copy(): SpaceCopy {
    return { entries: new Map(this.#entries), changes: [...this.#changes], head: this.#head };
  }

  /** It restarts with what it held once: another incarnation begins, whose log has forgotten its stamps. */
  restore({ entries, changes, head }: SpaceCopy): void {
    this.#entries = new Map(entries);
    this.#changes = [...changes];
    this.#head = head;
    this.#table = new StampTable(head, this.#limits);
    this.#incarnation = newIncarnation();
    const leases = [...this.#leases.values()];
    this.#leases.clear();
    for (const { cancel, ended } of leases) {
      cancel();
      for (const tell of ended) tell();
    }
    for (const wake of this.#watchers) wake();
  }
}

/** What began before a change that the value rests on will be refused: it keeps nobody from loading. */
function isOvertaken(held: LeaseRequest, wanted: LeaseRequest): boolean {
  return held.incarnation === wanted.incarnation && held.mark < wanted.since;
}
