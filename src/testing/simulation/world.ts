/** Where a schedule plays: the truth, the nodes around it, what they share, and the first thing found wrong. */
import type { Change, ChangeLog } from '../../engine/log.ts';
import { localLog } from '../../logs/local.ts';
import { Disk } from '../disk-store.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';
import { Chance } from './chance.ts';
import { Gates } from './gates.ts';
import { SharedKv } from './kv-namespace.ts';
import { Ledger } from './ledger.ts';
import { Loads } from './loads.ts';
import { Mood } from './mood.ts';
import { Network, type Surroundings } from './network.ts';
import { NodeClock } from './node-clock.ts';
import type { Peer } from './peer.ts';
import type { Place, PlaceMaker } from './place.ts';
import type { Platform, PlatformMaker } from './platform.ts';
import { type Seat, seatOf } from './seat.ts';
import { type Setup, SETUPS, SMALL, type Traits } from './setups.ts';
import { Owed, type Place as Spot, PLACES, type Said, Truth } from './truth.ts';
import { UnreliableStore } from './unreliable-store.ts';
import { type Witness, witnessedLog } from './witness.ts';

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly setup: Setup;
  /** A place of one's own instead of the setup's. */
  readonly place?: PlaceMaker | undefined;
  /** How many nodes. By default a few, as the setup has them. */
  readonly nodes?: number | undefined;
  /** What nodes run on. By default each is a process of its own. */
  readonly platform?: PlatformMaker | undefined;
}

/** Sums, and what they are made from. */
const SUMS = PLACES.filter(({ shelf }) => shelf === 'sum');
const PARTS = PLACES.filter(({ shelf }) => shelf === 'plain');

const MOST_MESSAGES = 10_000; // in a schedule; a few hundred are usual
const FAR = 300_000; // milliseconds that a clock may be wrong

/** A change that all have been told of: what it says, and when it was acknowledged. */
export interface Told {
  readonly time: number;
  readonly said: Said;
}

/** Everything that a schedule plays with. */
export class World implements Surroundings, Witness {
  readonly seed: number;
  readonly traits: Traits;
  readonly clock: ManualClock = manualClock();
  readonly gates: Gates = new Gates();
  readonly truth: Truth = new Truth();
  readonly ledger: Ledger = new Ledger();
  readonly loads: Loads = new Loads(this);
  readonly network: Network = new Network(this);
  readonly place: Place | undefined;
  readonly platform: Platform | undefined;
  readonly seats: Seat[] = [];
  /** Caches that a restart has taken the place of. */
  readonly former: Peer[] = [];
  /** What every process is owed once all is delivered: changes that the log has acknowledged, in order. */
  readonly everywhere: Owed = new Owed();
  readonly told: Told[] = [];
  /** Until when a made value is fresh by the clock of who made it, by its id. */
  readonly freshUntil: Map<number, number> = new Map();
  /** The newest version of each place at which a load or a set found nothing there. */
  readonly newestAbsent: number[] = PLACES.map(() => 0);
  /** The places that this schedule reads and writes, so that it meets itself often. */
  readonly places: readonly Spot[];
  /** What is likely in this schedule. */
  readonly mood: Mood;
  /** Sets whose change hasn't reached the log yet, by place: who sets must know that nobody writes meanwhile. */
  readonly setting: Map<number, symbol> = new Map();
  /** What reads and changes have not settled yet. */
  readonly pending: Set<Promise<unknown>> = new Set();
  /** Ways to give up reads. */
  readonly aborts: (() => void)[] = [];
  readonly counts: { reads: number } = { reads: 0 };
  /** What a memory tier may hold. */
  readonly limits: { readonly maxEntries?: number; readonly maxBytes?: number };
  /** A store between memory and the place, in some schedules. */
  readonly unreliable: UnreliableStore | undefined;
  readonly kv: SharedKv | undefined;
  log: ChangeLog;
  made = 0;
  /** True at the end, when everything is delivered: every process is owed everything. */
  rest = false;
  /** The chance of the present step. */
  chance: Chance;
  violation: string | undefined;
  trace: ((line: () => string) => void) | undefined;
  readonly #clocks: NodeClock[] = [];
  readonly #sharedDisk: Disk | undefined;
  #ahead = { most: 0, least: 0 };
  #names = 0;
  #lastSaid: Change | undefined;
  readonly #landings = new WeakMap<Change, () => void>();
  #messages = 0;

  constructor({ seed, setup, place, nodes, platform }: WorldOptions) {
    this.seed = seed;
    const traits = SETUPS[setup];
    this.traits = traits;
    const chance = (this.chance = new Chance(seed, -1));
    this.places = chosen(chance);
    this.mood = new Mood(seed);
    this.platform = platform?.(this.clock, new Chance(seed, -4));
    this.limits = chance.once(4) ? { maxBytes: 600 + chance.below(1000) } : { maxEntries: 1 + chance.below(8) };
    this.log = this.newLog();
    const makePlace = place ?? traits.place;
    if (makePlace)
      this.place = makePlace({ clock: this.newClock(), limits: chance.once(2) ? SMALL : undefined }, chance);
    if (traits.unreliable || (this.place && chance.once(5)))
      this.unreliable = new UnreliableStore(
        () => this.chance,
        this.gates,
        (message) => this.mood.holds(message),
      );
    this.kv = traits.kv && new SharedKv(this);
    const [least, most] = traits.nodes;
    this.#sharedDisk = traits.disks && chance.once(2) ? this.#newDisk() : undefined; // one for all, or one for each
    for (let left = nodes ?? least + chance.below(most - least + 1); left > 0; left--)
      this.seats.push(seatOf(this, this.newDisk()));
  }

  // What seats are made of.

  newName(): string {
    return `p${++this.#names}`;
  }

  newLog(): ChangeLog {
    return witnessedLog(localLog(this.chance.once(2) ? { keep: 2, stamps: 2 } : {}), this);
  }

  newDisk(): Disk | undefined {
    return this.traits.disks && (this.#sharedDisk ?? this.#newDisk());
  }

  #newDisk(): Disk {
    return new Disk(this.chance.once(2) ? SMALL : undefined);
  }

  newClock(): NodeClock {
    const { clocks } = this.mood;
    const rate = clocks === 'wild' ? 1 + (this.chance.unit() - 0.5) / 20 : 1;
    const clock = new NodeClock(this.clock, { ahead: clocks === 'right' ? 0 : this.#farOrNear(), rate });
    this.#clocks.push(clock);
    this.#lookAtClocks();
    return clock;
  }

  /** A clock is set, in worlds where that happens. */
  setClock(): void {
    if (this.mood.clocks !== 'wild') return;
    this.chance.pick(this.#clocks).set(this.#farOrNear());
    this.#lookAtClocks();
  }

  #farOrNear(): number {
    return Math.floor((this.chance.unit() - 0.5) * 2 * this.chance.pick([50, 3000, FAR]));
  }

  #lookAtClocks(): void {
    for (const { ahead } of this.#clocks) {
      this.#ahead.most = Math.max(this.#ahead.most, ahead);
      this.#ahead.least = Math.min(this.#ahead.least, ahead);
    }
  }

  /** How far any two clocks have been apart so far, the same one at two times included. Milliseconds. */
  get disagreement(): number {
    if (this.mood.clocks !== 'right') this.#lookAtClocks();
    return this.#ahead.most - this.#ahead.least;
  }

  // What befalls messages.

  /** Held for as long as the schedule likes, if it likes to. */
  async hold(node: string, message: string): Promise<void> {
    if (++this.#messages > MOST_MESSAGES) return this.#silence(node, message);
    if (this.chance.unit() < this.mood.holds(message)) await this.gates.hold(node, message, 'message');
  }

  doubles(): boolean {
    return !this.gates.open && this.chance.unit() < this.mood.doubles;
  }

  /** Someone asks without end: nothing is answered any more, so that the schedule comes to one. */
  #silence(node: string, message: string): Promise<never> {
    this.violated(`${node} sends ${message} without end`);
    return new Promise(() => {});
  }

  // What is said, and what arrives.

  /** Begin a set of a place: until its change is in the log, or given up, nobody else writes there. */
  beginSet<T>(place: Spot, set: () => Promise<T>): Promise<T> {
    const own = Symbol('set');
    this.setting.set(place.index, own);
    const landed = () => void (this.setting.get(place.index) === own && this.setting.delete(place.index));
    this.#lastSaid = undefined;
    const done = set(); // says its change before it first waits, and what had to wait before that
    if (this.#lastSaid) this.#landings.set(this.#lastSaid, landed);
    this.platform?.onEnd(landed);
    return done.finally(landed);
  }

  saying(change: Change): void {
    this.#lastSaid = change;
  }

  appended(change: Change): void {
    this.ledger.add(change);
    this.#landings.get(change)?.(); // what others write from now on comes after it
  }

  /** A change has been acknowledged by the log. */
  acknowledge(said: Said): void {
    this.everywhere.acknowledge(said);
    this.told.push({ time: this.clock.now(), said });
  }

  // What goes wrong.

  /** The process at a seat dies and another takes its place. What it had not said yet is lost. */
  kill(seat: Seat): void {
    const { peer, link, store, disk } = seat;
    peer.alive = false;
    this.platform?.leave(peer.name);
    link?.kill();
    store?.cut();
    this.gates.leave(peer.name, () => false);
    this.former.push(peer);
    if (this.seats.length === 1 && this.chance.once(2)) this.log = this.newLog();
    Object.assign(seat, seatOf(this, disk));
  }

  /** Something is wrong. The first thing found is what the schedule ends with. */
  violated(what: string): void {
    this.trace?.(() => `WRONG: ${what}`);
    this.violation ??= what;
  }

  /** Remember what has to settle before the schedule may end. */
  track(work: Promise<unknown>): void {
    this.pending.add(work);
    const forget = () => void this.pending.delete(work);
    work.then(forget, forget);
  }

  /** Ask a node for something, which has to settle before the schedule may end. */
  ask({ peer }: Seat, work: () => Promise<void>): Promise<void> {
    const done = this.platform ? this.platform.ask(peer.name, work) : work();
    this.track(done);
    return done;
  }

  /** No memory tier is ever over its limit. */
  checkCapacity(): void {
    const { maxEntries = Infinity, maxBytes = Infinity } = this.limits;
    for (const { memory, peer } of this.seats) {
      const { entries = 0, bytes = 0 } = memory?.usage ?? {};
      if (entries > maxEntries || bytes > maxBytes)
        this.violated(`${peer.name} holds ${entries} entries and ${bytes} bytes`);
    }
  }
}

/** A few places that have to do with each other. */
function chosen(chance: Chance): readonly Spot[] {
  const sum = chance.once(3) ? [chance.pick(SUMS), chance.pick(PARTS), chance.pick(PARTS)] : [];
  return [...sum, ...Array.from({ length: 1 + chance.below(sum.length > 0 ? 2 : 5) }, () => chance.pick(PLACES))];
}
