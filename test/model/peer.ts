/** One process under test: a cache, its loaders, and a check of everything that it answers. */
import type { Cache, CacheOptions, ChangeResult, Collection, LoadContext, NotModified } from 'tidemark';
import { Chance } from './chance.ts';
import type { Engine } from './engine.ts';
import { Owed, type Made, type Part, type Place, PLACES, type Said, shown } from './truth.ts';
import type { World } from './world.ts';

const TTL = { aged: 1000, brief: 600, negative: 300, said: 300, set: 400 };
const STALE_FOR = 500;
const GRACE_FOR = 2000;
const COARSE = 1; // milliseconds that the clock of hot paths may lag

type Values = Collection<Made | undefined | null, readonly string[]>;

/** What is under way about one place. */
interface Busy {
  reads: number;
  readonly loads: Set<AbortSignal>;
  /** What was known of the log when it began. */
  since: string | undefined;
}

/** A read that has been begun and not yet checked. */
interface Reading {
  readonly place: Place;
  readonly strict: Owed;
  readonly lenient: Owed;
  readonly began: number;
}

/** How a read is asked for. */
export interface Asking {
  readonly load?: false;
  readonly signal?: AbortSignal;
}

/** One process. */
export class Peer {
  readonly name: string;
  readonly cache: Cache;
  /** False once the process has been killed: nothing that it answers is listened to. */
  alive = true;
  /** Changes acknowledged with reach `local`: lost if the process dies before it could say them. */
  readonly unsaid: Said[] = [];
  readonly #world: World;
  /** What it is owed, soft changes included, and hard changes alone. */
  readonly strict: Owed;
  readonly lenient: Owed;
  readonly #collections: Readonly<Record<'plain' | 'aged' | 'brief' | 'sum', Values>>;
  readonly #busy: readonly Busy[] = PLACES.map(() => ({ reads: 0, loads: new Set(), since: undefined }));
  readonly #strong: boolean;
  readonly counts = { issued: 0, failed: 0, aborted: 0, loads: 0 };

  constructor(name: string, world: World, engine: Engine, options: CacheOptions) {
    this.name = name;
    this.#world = world;
    this.strict = world.everywhere.copy();
    this.lenient = world.everywhere.copy();
    this.#strong = options.consistency === 'strong';
    this.cache = engine.createCache({ ...options, clock: world.clock, random: () => world.chance.unit() });
    const load = (shelf: Place['shelf']) => (key: readonly string[], ctx: LoadContext<Made | undefined | null>) =>
      this.#load(placeOf(shelf, key), ctx);
    this.#collections = {
      plain: this.cache.define('plain', { load: load('plain'), tags: ({ tags }) => tags }),
      aged: this.cache.define('aged', {
        load: load('aged'),
        ttl: TTL.aged,
        staleFor: STALE_FOR,
        graceFor: GRACE_FOR,
        negativeTtl: TTL.negative,
        earlyRefresh: true,
        values: 'copied',
        timeout: { soft: 100, hard: 3000 },
      }),
      brief: this.cache.define('brief', {
        load: load('brief'),
        loadMany: async (keys, ctx) => {
          const loads = keys.map((key, i) => this.#load(placeOf('brief', key), ctx.at(i)));
          const ends = await Promise.allSettled(loads);
          for (const [i, end] of ends.entries()) {
            if (end.status === 'rejected') continue;
            const made = typeof end.value === 'symbol' ? ctx.at(i).previous?.value : end.value;
            if (made) this.#keptFor(made, TTL.brief); // all of a batch end with its last
          }
          return ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error)));
        },
        ttl: TTL.brief,
        tags: ({ tags }) => tags,
      }),
      sum: this.cache.define('sum', { load: load('sum') }),
    };
  }

  // Reading.

  /** Read a place; what comes back is checked. Never rejects. */
  async read(place: Place, asking: Asking = {}): Promise<void> {
    await this.#checked(place, asking).catch(() => {});
  }

  /** Read several places of one collection at once. Never rejects. */
  async readMany(places: readonly Place[]): Promise<void> {
    const { shelf } = places[0];
    if (shelf === 'free') return;
    const readings = places.map((place) => this.#begin(place));
    try {
      const values = await this.#collections[shelf].getMany(places.map(({ key }) => key));
      if (this.alive) readings.forEach((reading, i) => this.#check(reading, values[i], 'getMany'));
      for (const { index } of places) this.#busy[index].reads--;
    } catch {
      this.#world.trace?.(() => `${this.name} getMany failed`); // at the first failure: the other keys may still be under way
    }
  }

  /** Look into memory only. */
  peek(place: Place): void {
    if (place.shelf === 'free') return;
    const value = this.#collections[place.shelf].peek(place.key);
    if (value === undefined || value === null) return;
    const reading = this.#reading(place, this.strict);
    this.#check(reading, value, 'peek');
    const until = this.#world.freshUntil.get(value.id) ?? 0;
    if (this.#world.clock.now() > until + COARSE)
      this.#world.violated(`${this.name} peek ${shown(place.index)}: value ${value.id} was fresh until ${until}`);
  }

  #begin(place: Place): Reading {
    this.counts.issued++;
    const busy = this.#busy[place.index];
    if (busy.reads++ === 0 && busy.loads.size === 0) busy.since = this.#standing();
    return this.#reading(place, this.lenient);
  }

  #reading(place: Place, lenient: Owed): Reading {
    const { everywhere, clock, rest } = this.#world;
    const all = (owed: Owed) => (this.#strong || rest ? owed.with(everywhere) : owed.copy());
    const glanced = this.#world.glanced(this);
    const strict = all(glanced ? this.strict.with(glanced) : this.strict);
    return { place, strict, lenient: all(lenient), began: clock.now() };
  }

  async #checked(place: Place, asking: Asking): Promise<Made | undefined | null> {
    const reading = this.#begin(place);
    this.#world.trace?.(() => `${this.name} read ${shown(place.index)}${asking.load === false ? ' without load' : ''}`);
    try {
      const value = await this.#get(place, asking);
      if (!this.alive) return value;
      this.#check(reading, value, asking.load === false ? 'get without load' : 'get');
      return value;
    } catch (error) {
      if (error === asking.signal?.reason) this.counts.aborted++;
      else this.counts.failed++;
      this.#world.trace?.(() => `${this.name} read ${shown(place.index)} failed: ${String(error)}`);
      throw error;
    } finally {
      this.#busy[place.index].reads--;
    }
  }

  #get(place: Place, { load, signal }: Asking): Promise<Made | undefined | null> {
    const { shelf, key } = place;
    const signalled = signal ? { signal } : {};
    if (shelf === 'free')
      return this.cache.getOrLoad<Made | undefined | null>({
        key,
        load: (_, ctx) => this.#load(place, ctx),
        tags: (value) => value.tags,
        ...signalled,
      });
    const asked: string | readonly string[] = key.length === 1 ? key[0] : key;
    const from = this.#collections[shelf] as unknown as Collection<Made | undefined | null, string | readonly string[]>;
    if (load === false) return from.get(asked, { load, ...signalled });
    return signal ? from.get(asked, signalled) : from.get(asked);
  }

  #check({ place, strict, lenient, began }: Reading, value: Made | undefined | null, how: string): void {
    const world = this.#world;
    world.counts.reads++;
    const owed = place.shelf === 'aged' ? lenient : strict;
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
    if (began > kept + COARSE) wrong(`it was kept until ${kept} and the read began at ${began}`);
  }

  // Loading.

  async #load(place: Place, ctx: LoadContext<Made | undefined | null>): Promise<Made | undefined | null | NotModified> {
    const world = this.#world;
    const id = ++world.made;
    const chance = new Chance(world.seed, id, place.index);
    const done = this.#runLoad(place, ctx.signal);
    world.trace?.(() => `${this.name} load ${id} of ${shown(place.index)} begins`);
    try {
      const tagsFirst = chance.once(3);
      if (tagsFirst) ctx.tag(...world.truth.tags(place, world.truth.versions[place.index]));
      if (chance.unit() < world.mood.holds('load'))
        await world.gates.hold(this.name, `load ${id} reads ${shown(place.index)}`);
      const version = world.truth.versions[place.index];
      const tags = world.truth.tags(place, version);
      const parts: Part[] = [[place.index, version]];
      for (const part of world.truth.partsOf(place, version)) await this.#addPart(part, parts, ctx, chance, id);
      if (chance.unit() < world.mood.holds('answer'))
        await world.gates.hold(this.name, `load ${id} of ${shown(place.index)} ends`);
      if (!world.rest && chance.once(12)) throw new Error(`load ${id} failed`);
      const ttl = this.#ttl(place, world.truth.absent(place, version), ctx, chance);
      if (world.truth.absent(place, version)) {
        world.newestAbsent[place.index] = Math.max(world.newestAbsent[place.index], version);
        return chance.once(2) ? undefined : null;
      }
      // Said as late as can be; `plain`, `brief` and `free` have theirs from the value.
      if (place.shelf === 'aged' || place.shelf === 'sum') ctx.tag(...tags);
      const value: Made = { id, of: place.index, parts, tags };
      const same = this.#same(ctx.previous?.value, value) && chance.once(2);
      this.#keptFor(same ? ctx.previous!.value! : value, ttl);
      if (chance.once(3)) ctx.etag(`v${version}`);
      world.trace?.(() => `${this.name} load ${id} answers ${same ? 'not modified' : JSON.stringify(parts)}`);
      return same ? ctx.notModified() : value;
    } finally {
      done();
    }
  }

  /** From now on this value may be served for a while. */
  #keptFor(value: Made, ttl: number): void {
    const { freshUntil, clock } = this.#world;
    freshUntil.set(value.id, Math.max(freshUntil.get(value.id) ?? 0, clock.now() + ttl));
  }

  async #addPart(part: Place, parts: Part[], ctx: LoadContext, chance: Chance, id: number): Promise<void> {
    const { gates, truth, mood } = this.#world;
    const first = chance.once(2);
    if (first) ctx.dependsOn(part.path);
    if (chance.unit() < mood.holds('part')) await gates.hold(this.name, `load ${id} reads ${shown(part.index)}`);
    if (chance.unit() < mood.through) {
      const value = await this.#checked(part, {}); // through the cache itself
      if (value) parts.push([part.index, value.parts[0][1], true]);
    } else parts.push([part.index, truth.versions[part.index]]);
    if (!first) ctx.dependsOn(part.path);
  }

  #ttl(place: Place, absent: boolean, ctx: LoadContext, chance: Chance): number {
    if (place.shelf !== 'aged') return place.shelf === 'brief' ? TTL.brief : Infinity;
    if (!chance.once(4)) return absent ? TTL.negative : TTL.aged;
    ctx.ttl(TTL.said);
    return TTL.said;
  }

  #same(previous: Made | undefined | null, value: Made): boolean {
    if (!previous) return false;
    return (
      JSON.stringify([previous.of, previous.parts, previous.tags]) ===
      JSON.stringify([value.of, value.parts, value.tags])
    );
  }

  /**
   * One load of a key at a time, unless the log has moved or a read was given up since this process was last idle about
   * the key. Refreshes in the background of `aged` aren't seen by the reads, so they aren't judged.
   */
  #runLoad({ index, shelf }: Place, signal: AbortSignal): () => void {
    this.counts.loads++;
    const busy = this.#busy[index];
    const others = [...busy.loads].some((other) => !other.aborted);
    const still = busy.since !== undefined && busy.since === this.#standing();
    if (others && still && shelf !== 'aged' && !this.#strong && this.alive && !signal.aborted)
      this.#world.violated(`${this.name} loads ${shown(index)} twice at a time`);
    busy.loads.add(signal);
    return () => busy.loads.delete(signal);
  }

  /** What is known of the log, if nothing waits to be said. */
  #standing(): string | undefined {
    const { known, applied, unsaid, incarnation } = this.cache.stats().log;
    return unsaid === 0 && incarnation !== '' ? JSON.stringify([known, applied, incarnation]) : undefined;
  }

  // Changing.

  /** Say a change; when it is acknowledged, this process is owed what it says. Never rejects. */
  async change(said: Said, say: () => Promise<ChangeResult>): Promise<void> {
    const { reach } = await say();
    if (!this.alive) return;
    this.#world.trace?.(() => `${this.name} acknowledges ${saidShown(said)}, ${reach}`);
    this.strict.acknowledge(said);
    if (!said.soft) this.lenient.acknowledge(said);
    if (reach === 'everywhere') this.#world.acknowledge(said);
    else this.unsaid.push(said);
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
    world.freshUntil.set(id, world.clock.now() + (ttl ?? usual) + COARSE);
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
    if (reads !== counts.issued) return `${counts.issued} reads were issued, ${reads} counted`;
    if (aborted !== counts.aborted) return `${counts.aborted} reads were aborted, ${aborted} counted`;
    if (failed < counts.failed) return `${counts.failed} reads failed, ${failed} counted`;
    if (loads > counts.loads) return `${counts.loads} loads were begun, ${loads} counted`;
    if (this.alive && log.unsaid !== 0) return `${log.unsaid} changes are still unsaid`;
    for (const place of PLACES)
      if ((await this.cache.explain(place.path)).inFlight) return `${shown(place.index)} is still in flight`;
    return undefined;
  }
}

function placeOf(shelf: Place['shelf'], key: string | readonly string[]): Place {
  const path = typeof key === 'string' ? [key] : key;
  return PLACES.find((place) => place.shelf === shelf && place.key.join('/') === path.join('/'))!;
}

export function saidShown({ places, tags, soft }: Said): string {
  return `${soft ? 'soft ' : ''}change of ${[...places.map(shown), ...tags].join(', ')}`;
}
