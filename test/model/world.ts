/** Where a schedule plays: the truth, the caches around it, what they share, and the first thing found wrong. */
import type { CacheOptions, Change, ChangeLog, Store, TierOptions } from 'tidemark';
import { type ManualClock, manualClock } from 'tidemark/testing';
import type { Disk, DiskStore } from '../../src/testing/disk-store.ts';
import type { SharedBackend } from '../../src/testing/shared-backend.ts';
import type { SharedSpace } from '../../src/testing/shared-space.ts';
import { Chance } from './chance.ts';
import type { Engine } from './engine.ts';
import { Gates } from './gates.ts';
import { HostileStore } from './hostile-store.ts';
import { Mood } from './mood.ts';
import { Peer } from './peer.ts';
import { Owed, type Place, PLACES, type Said, Truth } from './truth.ts';

/** What the caches of a schedule are made of. */
export type Setup = 'memory' | 'hostile' | 'shared' | 'strong' | 'file' | 'disk';

export const SETUPS: readonly Setup[] = ['memory', 'hostile', 'shared', 'strong', 'file', 'disk'];

/** Sums, and what they are made from. */
const SUMS = PLACES.filter(({ shelf }) => shelf === 'sum');
const PARTS = PLACES.filter(({ shelf }) => shelf === 'plain');

const MOST_MESSAGES = 10_000; // in a schedule; a few hundred are usual

const SMALL = { stamps: 6, rules: 2 };

/** A cache at its place: a restart puts another one there. */
export interface Seat {
  peer: Peer;
  link: SharedBackend | undefined;
  /** True while its connection is cut off. */
  cut: boolean;
  memory: ReturnType<Engine['memory']> | undefined;
  /** What its process has on disk, and what is still there after a restart. */
  store: DiskStore | undefined;
  readonly disk: Disk | undefined;
}

/** Everything that a schedule plays with. */
export class World {
  readonly seed: number;
  readonly setup: Setup;
  readonly clock: ManualClock = manualClock();
  readonly gates = new Gates();
  readonly truth = new Truth();
  readonly space: SharedSpace | undefined;
  readonly seats: Seat[] = [];
  /** Caches that a restart has taken the place of. */
  readonly former: Peer[] = [];
  /** What every process is owed once all is delivered: changes that the log has acknowledged. */
  readonly everywhere = new Owed();
  /** What of it had been acknowledged before time last passed. */
  before = new Owed();
  /** True while the place that they share is down. */
  down = false;
  /** Until when a made value is fresh, by its id. */
  readonly freshUntil = new Map<number, number>();
  /** The newest version of each place at which a load or a set found nothing there. */
  readonly newestAbsent: number[] = PLACES.map(() => 0);
  /** The places that this schedule reads and writes, so that it meets itself often. */
  readonly places: readonly Place[];
  /** What is likely in this schedule. */
  readonly mood: Mood;
  /** Sets whose change hasn't reached the log yet, by place: who sets must know that nobody writes meanwhile. */
  readonly setting = new Map<number, symbol>();
  /** What reads and changes have not settled yet. */
  readonly pending = new Set<Promise<unknown>>();
  readonly aborts: AbortController[] = [];
  readonly counts = { reads: 0 };
  made = 0;
  /** True at the end, when everything is delivered: every process is owed everything. */
  rest = false;
  /** The chance of the present step. */
  chance: Chance;
  violation: string | undefined;
  trace: ((line: () => string) => void) | undefined;
  readonly #engine: Engine;
  readonly #hostile: HostileStore;
  #log: ChangeLog;
  readonly #limits: { readonly maxEntries?: number; readonly maxBytes?: number };
  readonly #mixed: boolean;
  #names = 0;
  #beginning: (() => void) | undefined;
  readonly #landings = new WeakMap<Change, () => void>();
  #messages = 0;

  constructor(engine: Engine, setup: Setup, seed: number) {
    this.#engine = engine;
    this.setup = setup;
    this.seed = seed;
    const chance = (this.chance = new Chance(seed, -1));
    this.places = chosen(chance);
    this.mood = new Mood(seed);
    this.#limits = chance.once(4) ? { maxBytes: 600 + chance.below(1000) } : { maxEntries: 1 + chance.below(8) };
    this.#mixed = chance.once(5);
    this.#hostile = new HostileStore(
      () => this.chance,
      this.gates,
      (message) => this.mood.holds(message),
    );
    this.#log = this.#newLog();
    if (setup !== 'memory' && setup !== 'hostile')
      this.space = new engine.SharedSpace({ clock: this.clock, ...(chance.once(2) ? { limits: SMALL } : {}) });
    if (this.space) this.#watchSets(this.space);
    const seats = this.space ? 2 + chance.below(2) : setup === 'memory' ? 1 + chance.below(2) : 1;
    const disk = setup === 'disk' && chance.once(2) ? this.#newDisk() : undefined; // one for all, or one for each
    for (let i = 0; i < seats; i++)
      this.seats.push(this.#seat(disk ?? (setup === 'disk' ? this.#newDisk() : undefined)));
  }

  /** Begin a set of a place: until its change is in the log, or given up, nobody else writes there. */
  beginSet<T>(place: Place, set: () => Promise<T>): Promise<T> {
    const own = Symbol('set');
    this.setting.set(place.index, own);
    this.#beginning = () => void (this.setting.get(place.index) === own && this.setting.delete(place.index));
    const done = set(); // says its change before it first waits
    const landed = this.#beginning;
    this.#beginning = undefined;
    return done.finally(landed);
  }

  /** Once a set has its place in the log, what others write comes after it. */
  #watchSets(space: SharedSpace): void {
    const append = space.append.bind(space);
    space.append = (change) => {
      this.#landings.get(change)?.();
      return append(change);
    };
  }

  #watchSaying(link: SharedBackend): void {
    const { log } = link;
    const append = log.append.bind(log);
    const commit = link.commit.bind(link);
    const note = (change: Change) => this.#beginning && this.#landings.set(change, this.#beginning);
    log.append = (change, call) => {
      note(change);
      return append(change, call);
    };
    link.commit = (change, records, call) => {
      note(change);
      return commit(change, records, call);
    };
  }

  #newLog(): ChangeLog {
    return this.#engine.localLog(this.chance.once(2) ? { keep: 2, stamps: 2 } : {});
  }

  #newDisk(): Disk {
    return new this.#engine.Disk(this.chance.once(2) ? SMALL : undefined);
  }

  #seat(disk: Disk | undefined): Seat {
    const name = `p${++this.#names}`;
    const { space, chance } = this;
    const gate = async (operation: string): Promise<void> => {
      if (++this.#messages > MOST_MESSAGES) return this.#silence(name, operation);
      if (this.chance.unit() < this.mood.holds(operation)) await this.gates.hold(name, operation);
    };
    const sync = this.setup === 'file';
    const link = space && this.#engine.sharedBackend({ space, gate, sync, pollEvery: 400 });
    if (link) this.#watchSaying(link);
    const live = space && chance.once(8) ? undefined : this.#engine.memory({ ...this.#limits });
    const tiers: (Store | TierOptions)[] = [];
    if (live) tiers.push(chance.once(4) ? { store: live, maxTtl: 350 } : live);
    if (this.setup === 'hostile' || (space && this.#mixed)) tiers.push(limited(this.#hostile));
    const store = disk && this.#engine.diskStore({ disk, gate, sync: !chance.once(3) });
    if (store) tiers.push(limited(store));
    if (link) tiers.push(limited(link));
    const options: CacheOptions = {
      name: 'shop',
      tiers,
      log: this.#log,
      consistency: this.setup === 'strong' ? 'strong' : 'bounded',
    };
    return { peer: new Peer(name, this, this.#engine, options), link, cut: false, memory: live, store, disk };
  }

  /** The process at a seat dies and another takes its place. What it had not said yet is lost. */
  kill(seat: Seat): void {
    const { peer, link, store, disk } = seat;
    peer.alive = false;
    link?.cut();
    store?.cut();
    this.gates.leave(peer.name, () => false);
    this.former.push(peer);
    if (this.seats.length === 1 && this.chance.once(2)) this.#log = this.#newLog();
    Object.assign(seat, this.#seat(disk));
  }

  /** Some time passes: at least a millisecond. */
  pass(ms: number): void {
    this.clock.advance(ms);
    this.before = this.everywhere.copy();
  }

  /** What a process owes to others because it looks at the log before it reads: nothing where the log can't be looked at. */
  glanced(peer: Peer): Owed | undefined {
    const seat = this.seats.find((one) => one.peer === peer);
    if (this.setup !== 'file' || this.down || !seat || seat.cut) return undefined;
    return peer.cache.stats().tiers.at(-1)!.breaker === 'closed' ? this.before : undefined;
  }

  /** A change has been acknowledged by the log. */
  acknowledge(said: Said): void {
    this.everywhere.acknowledge(said);
  }

  /** Something is wrong. The first thing found is what the schedule ends with. */
  violated(what: string): void {
    this.trace?.(() => `WRONG: ${what}`);
    this.violation ??= what;
  }

  /** Someone asks without end: nothing is answered any more, so that the schedule comes to one. */
  #silence(name: string, operation: string): Promise<never> {
    this.violated(`${name} sends ${operation} without end`);
    return new Promise(() => {});
  }

  /** Remember what has to settle before the schedule may end. */
  track(work: Promise<unknown>): void {
    this.pending.add(work);
    const forget = () => void this.pending.delete(work);
    work.then(forget, forget);
  }

  /** No memory tier is ever over its limit. */
  checkCapacity(): void {
    const { maxEntries = Infinity, maxBytes = Infinity } = this.#limits;
    for (const { memory, peer } of this.seats) {
      const { entries = 0, bytes = 0 } = memory?.usage ?? {};
      if (entries > maxEntries || bytes > maxBytes)
        this.violated(`${peer.name} holds ${entries} entries and ${bytes} bytes`);
    }
  }
}

function limited(store: Store): TierOptions {
  return { store, timeout: 200, breaker: { failures: 3, pause: 300 } };
}

/** A few places that have to do with each other. */
function chosen(chance: Chance): readonly Place[] {
  const sum = chance.once(3) ? [chance.pick(SUMS), chance.pick(PARTS), chance.pick(PARTS)] : [];
  return [...sum, ...Array.from({ length: 1 + chance.below(sum.length > 0 ? 2 : 5) }, () => chance.pick(PLACES))];
}
