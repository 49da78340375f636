/** One process under test: a cache, its loaders, and a check of everything that it answers. */
import type { ChangeResult } from '../../engine/authority.ts';
import { Cache } from '../../engine/cache.ts';
import type { CacheOptions } from '../../engine/cache-options.ts';
import type { Collection } from '../../engine/collection.ts';
import type { CacheStats } from '../../engine/stats.ts';
import { localLog } from '../../logs/local.ts';
import type { Standing } from './loads.ts';
import type { Link } from './network.ts';
import type { NodeClock } from './node-clock.ts';
import { Owing } from './owing.ts';
import { GRACE_FOR, type Shelves, shelvesOf } from './shelves.ts';
import { Source, TTL, type Value } from './source.ts';
import { type Made, type Owed, type Place, PLACES, type Said, shown } from './truth.ts';
import type { World } from './world.ts';

const COARSE = 2; // milliseconds that the clock of hot paths may lag
const LONGEST = 14_000; // milliseconds: a read that meets no load waits for a lease, and for what doesn't answer, no longer
const JOINS = 6; // how often a read may wait in vain for what others have taken along
const POLL = 420; // milliseconds between questions to the log, by the slowest clock
const SLOWEST = 1.06; // true milliseconds in one of the slowest clock

/** A read that has been begun and not yet checked. */
interface Reading {
  readonly place: Place;
  readonly owed: Owed;
  /** When it began, by the process's own clock, and truly. */
  readonly began: number;
  readonly trulyBegan: number;
  /** It has settled, or has ended with its request. */
  over: boolean;
}

/** How a read is asked for. */
export interface Asking {
  readonly load?: false;
  readonly signal?: AbortSignal;
}

/** What a process is made of. */
export interface PeerOptions {
  readonly cache: CacheOptions & { readonly maxSilence: number };
  readonly clock: NodeClock;
  /** Its connection to the place that all share, if there is one. */
  readonly link: Link | undefined;
  /** Whether reads look at the log at once. */
  readonly glances: boolean;
  /** Whether the place makes one process of many load. */
  readonly leases: boolean;
}

/** One process. */
export class Peer {
  readonly name: string;
  readonly cache: Cache;
  /** False once the process has been killed: nothing that it answers is listened to. */
  alive = true;
  /** Changes acknowledged with reach `local`: lost if the process dies before it could say them. */
  readonly unsaid: Said[] = [];
  readonly strong: boolean;
  readonly leases: boolean;
  readonly counts: { issued: number; lost: number; failed: number; aborted: number; loads: number } = {
    issued: 0,
    lost: 0,
    failed: 0,
    aborted: 0,
    loads: 0,
  };
  readonly #world: World;
  readonly #owing: Owing;
  readonly #o: PeerOptions;
  readonly #collections: Shelves;
  /** Of each place how many reads are under way, and how the process stood when it was last idle about it. */
  readonly #busy: readonly { reads: number; since: Standing | undefined }[] = PLACES.map(() => ({
    reads: 0,
    since: undefined,
  }));
  readonly #source: Source;

  constructor(name: string, world: World, options: PeerOptions) {
    const { cache, leases } = options;
    this.name = name;
    this.#world = world;
    this.#o = options;
    this.#owing = new Owing(world);
    this.strong = cache.consistency === 'strong';
    this.leases = leases;
    this.cache = new Cache({ ...cache, random: () => world.chance.unit() }, { tiers: () => [], log: () => localLog() });
    this.#source = new Source(world, this);
    this.#collections = shelvesOf(this.cache, this.#source, (made, ttl) => this.keptFor(made, ttl));
  }

  // Reading.

  /** Read a place; what comes back is checked. Never rejects. */
  async read(place: Place, asking: Asking = {}): Promise<void> {
    await this.#checked(place, asking).catch(() => {});
  }

  /** Read a place for a loader; what comes back is checked. */
  readThrough(place: Place): Promise<Value> {
    return this.#checked(place, {});
  }

  /** Read several places of one collection at once. Never rejects. */
  async readMany(places: readonly Place[]): Promise<void> {
    const { shelf } = places[0];
    if (shelf === 'free') return;
    const readings = places.map((place) => this.#begin(place));
    try {
      const values = await this.#collections[shelf].getMany(places.map(({ key }) => key));
      if (this.#isHere) readings.forEach((reading, i) => this.#check(reading, values[i], 'getMany'));
      for (const reading of readings) this.#end(reading);
    } catch {
      this.#world.trace?.(() => `${this.name} getMany failed`); // at the first failure: the other keys may still be under way
    }
  }

  /** Look into memory only. */
  peek(place: Place): void {
    if (place.shelf === 'free') return;
    const value = this.#collections[place.shelf].peek(place.key);
    if (value === undefined || value === null) return;
    const reading = this.#reading(place, 'strict', this.cache.stats());
    this.#check(reading, value, 'peek');
    const until = this.#world.freshUntil.get(value.id) ?? 0;
    if (reading.began > until + COARSE + this.#world.disagreement)
      this.#world.violated(`${this.name} peek ${shown(place.index)}: value ${value.id} was fresh until ${until}`);
  }

  #begin(place: Place): Reading {
    this.counts.issued++;
    const busy = this.#busy[place.index];
    const { loads } = this.#world;
    const stats = this.cache.stats();
    if (busy.reads++ === 0 && !loads.isLoading(this, place)) busy.since = loads.standing(this, stats);
    const reading = this.#reading(place, place.shelf === 'aged' ? 'lenient' : 'strict', stats);
    this.#world.platform?.onEnd(() => {
      if (!reading.over) this.counts.lost++;
      this.#end(reading);
    });
    return reading;
  }

  #end(reading: Reading): void {
    if (!reading.over) this.#busy[reading.place.index].reads--;
    reading.over = true;
  }

  /** Does anyone listen to what it answers? */
  get #isHere(): boolean {
    return this.alive && this.#world.platform?.gone !== true;
  }

  #reading(place: Place, owed: 'strict' | 'lenient', stats: CacheStats): Reading {
    this.#owing.heardUpTo(this.#owedSince(stats));
    const [began, trulyBegan] = [this.#o.clock.now(), this.#world.clock.now()];
    return { place, owed: this.#owing[owed].copy(), began, trulyBegan, over: false };
  }

  /** All that the log acknowledged before this time must be known here now. */
  #owedSince({ log, tiers }: CacheStats): number {
    const { clock, rest, place, network, mood } = this.#world;
    if (this.strong || rest) return Infinity;
    if (!place) return -Infinity; // what is said in this process is known in it
    const now = clock.now();
    // It looks at the log before it reads, if it can.
    const { glances, link } = this.#o;
    if (glances && link?.whole && network.state !== 'down' && tiers.at(-1)!.breaker === 'closed') return now;
    // It says itself since when it has heard nothing, and a clock that is never set tells it right.
    const heard = mood.clocks === 'wild' ? -Infinity : now - log.silentFor;
    // Whatever its clock says: beyond this it serves nothing that it held.
    return Math.max(heard, now - (this.#o.cache.maxSilence * SLOWEST + 2 * POLL));
  }

  async #checked(place: Place, asking: Asking): Promise<Value> {
    const world = this.#world;
    const reading = this.#begin(place);
    world.trace?.(() => `${this.name} read ${shown(place.index)}${asking.load === false ? ' without load' : ''}`);
    try {
      const value = await this.#get(place, asking);
      if (!this.#isHere) return value;
      this.#check(reading, value, asking.load === false ? 'get without load' : 'get');
      return value;
    } catch (error) {
      if (error === asking.signal?.reason) this.counts.aborted++;
      else this.counts.failed++;
      world.trace?.(() => `${this.name} read ${shown(place.index)} failed: ${String(error)}`);
      throw error;
    } finally {
      this.#end(reading);
      this.#checkTime(reading);
    }
  }

  #get(place: Place, { load, signal }: Asking): Promise<Value> {
    const { shelf, key } = place;
    const signalled = signal ? { signal } : {};
    if (shelf === 'free')
      return this.cache.getOrLoad<Value>({
        key,
        load: (_, ctx) => this.#source.load(place, ctx),
        tags: (value) => value.tags,
        ...signalled,
      });
    const asked: string | readonly string[] = key.length === 1 ? key[0] : key;
    const from = this.#collections[shelf] as unknown as Collection<Value, string | readonly string[]>;
    if (load === false) return from.get(asked, { load, ...signalled });
    return signal ? from.get(asked, signalled) : from.get(asked);
  }

  #check({ place, owed, began }: Reading, value: Value, how: string): void {
    const world = this.#world;
    world.counts.reads++;
    const wrong = (why: string) =>
      world.violated(`${this.name} ${how} ${shown(place.index)}: ${why} (${JSON.stringify(value)})`);
    world.trace?.(() => `${this.name} ${how} ${shown(place.index)} = ${JSON.stringify(value?.parts)}`);
    if (value === undefined || value === null) {
      if (how !== 'get without load' && world.newestAbsent[place.index] < owed.least(place.index))
        wrong(`absent last seen @${world.newestAbsent[place.index]}, owed @${owed.least(place.index)}`);
      return;
    }
    if (value.of !== place.index) return wrong(`it is a value of ${shown(value.of)}`);
    const lacking = owed.lacking(value);
    if (lacking) return wrong(lacking);
    const until = world.freshUntil.get(value.id);
    if (until === undefined) return wrong('nobody made it');
    const kept = until + (place.shelf === 'aged' ? GRACE_FOR : 0);
    if (began > kept + COARSE + world.disagreement) wrong(`it was kept until ${kept} and the read began at ${began}`);
  }

  /** Where time flows, a read that nobody loads for ends soon, whatever has failed. */
  #checkTime({ place, trulyBegan }: Reading): void {
    const { clock, mood, loads, platform } = this.#world;
    const took = clock.now() - trulyBegan;
    const longest = LONGEST + JOINS * (platform?.joinTimeout ?? 0);
    if (took > longest && mood.time === 'flows' && this.#isHere && !loads.anySince(place, trulyBegan))
      this.#world.violated(`${this.name} read ${shown(place.index)} for ${took} ms, and nothing was loaded`);
  }

  // Loading.

  /** A load begins; the result ends it. */
  loadBegins(place: Place, signal: AbortSignal): () => void {
    this.counts.loads++;
    return this.#world.loads.begin(this, place, signal, this.#busy[place.index].since);
  }

  /** From now on this value may be served for a while. */
  keptFor(value: Made, ttl: number): void {
    const { freshUntil } = this.#world;
    freshUntil.set(value.id, Math.max(freshUntil.get(value.id) ?? 0, this.#o.clock.now() + ttl));
  }

  // Changing.

  /** Say a change; when it is acknowledged, this process is owed what it says. Never rejects. */
  async change(said: Said, say: () => Promise<ChangeResult>): Promise<void> {
    const { reach } = await say();
    if (!this.#isHere) return;
    const world = this.#world;
    world.trace?.(() => `${this.name} acknowledges ${saidShown(said)}, ${reach}`);
    this.#owing.acknowledge(said);
    if (reach === 'local') return void this.unsaid.push(said);
    world.acknowledge(said);
    const lacking = world.ledger.lacks(said);
    if (lacking)
      world.violated(`${this.name} says that all know of a change, and the log was told nothing of ${lacking}`);
  }

  /** Put the present truth of a place. */
  set(place: Place, version: number, ttl: number | undefined): Promise<ChangeResult> {
    const world = this.#world;
    const { shelf, key } = place;
    if (shelf === 'free') throw new Error('only collections have set');
    const absent = world.truth.absent(place, version);
    const id = ++world.made;
    const tags = world.truth.tags(place, version);
    const usual = shelf === 'aged' ? TTL.aged : shelf === 'brief' ? TTL.brief : Infinity;
    world.freshUntil.set(id, this.#o.clock.now() + (ttl ?? usual) + COARSE);
    if (absent) world.newestAbsent[place.index] = Math.max(world.newestAbsent[place.index], version);
    const value: Made | undefined = absent ? undefined : { id, of: place.index, parts: [[place.index, version]], tags };
    return this.#collections[shelf].set(key, value, { tags, ...(ttl === undefined ? {} : { ttl }) });
  }

  delete(place: Place): Promise<ChangeResult> {
    if (place.shelf === 'free') return this.cache.invalidate({ key: place.path });
    return this.#collections[place.shelf].delete(place.key);
  }

  /** What is wrong with its figures once every read has settled, or nothing. */
  async audit(): Promise<string | undefined> {
    const { reads, failed, aborted, loads, log } = this.cache.stats();
    const { counts } = this;
    if (reads > counts.issued || reads < counts.issued - counts.lost)
      return `${counts.issued} reads were issued, ${counts.lost} lost, ${reads} counted`;
    if (aborted !== counts.aborted) return `${counts.aborted} reads were aborted, ${aborted} counted`;
    if (failed < counts.failed) return `${counts.failed} reads failed, ${failed} counted`;
    if (loads > counts.loads) return `${counts.loads} loads were begun, ${loads} counted`;
    if (this.alive && log.unsaid !== 0) return `${log.unsaid} changes are still unsaid`;
    for (const place of PLACES)
      if (!this.#world.platform && (await this.cache.explain(place.path)).inFlight)
        return `${shown(place.index)} is still in flight`;
    return undefined;
  }

  /** What of its changes that waited has not reached the log, once everything has had its time. */
  unheard(): string | undefined {
    return this.unsaid.map((said) => this.#world.ledger.lacks(said)).find((lacking) => lacking !== undefined);
  }
}

/** A change, as traces show it. */
export function saidShown({ places, tags, soft }: Said): string {
  return `${soft ? 'soft ' : ''}change of ${[...places.map(shown), ...tags].join(', ')}`;
}
