/** How a process loads: slowly, with failures, at times through its own cache; and what a load claims of its value. */
import type { LoadContext, NotModified } from '../../engine/context.ts';
import { Chance } from './chance.ts';
import type { Peer } from './peer.ts';
import { type Made, type Part, type Place, shown } from './truth.ts';
import type { World } from './world.ts';

/** Milliseconds that values are fresh. */
export const TTL = { aged: 1000, brief: 600, negative: 300, said: 300, set: 400 };

/** A value, or that there is none. */
export type Value = Made | undefined | null;

/** Loads for one process. */
export class Source {
  readonly #world: World;
  readonly #peer: Peer;

  constructor(world: World, peer: Peer) {
    this.#world = world;
    this.#peer = peer;
  }

  /** Load a place. */
  load(place: Place, ctx: LoadContext<Value>): Promise<Value | NotModified> {
    return this.#asked({ load: () => this.#load(place, ctx) }).load();
  }

  /** What of the source is outside of the node. */
  #asked<T extends object>(thing: T): T {
    return this.#world.platform?.asked(thing) ?? thing;
  }

  async #load(place: Place, ctx: LoadContext<Value>): Promise<Value | NotModified> {
    const world = this.#world;
    const { name } = this.#peer;
    const gates = this.#asked(world.gates);
    const id = ++world.made;
    const chance = new Chance(world.seed, id, place.index);
    const done = this.#peer.loadBegins(place, ctx.signal);
    world.trace?.(() => `${name} load ${id} of ${shown(place.index)} begins`);
    try {
      const tagsFirst = chance.once(3);
      if (tagsFirst) ctx.tag(...world.truth.tags(place, world.truth.versions[place.index]));
      if (chance.unit() < world.mood.holds('load')) await gates.hold(name, `load ${id} reads ${shown(place.index)}`);
      const version = world.truth.versions[place.index];
      const tags = world.truth.tags(place, version);
      const parts: Part[] = [[place.index, version]];
      for (const part of world.truth.partsOf(place, version)) await this.#addPart(part, parts, ctx, chance, id);
      if (chance.unit() < world.mood.holds('answer'))
        await gates.hold(name, `load ${id} of ${shown(place.index)} ends`);
      if (!world.rest && chance.once(12)) throw new Error(`load ${id} failed`);
      const ttl = this.#ttl(place, world.truth.absent(place, version), ctx, chance);
      if (world.truth.absent(place, version)) {
        world.newestAbsent[place.index] = Math.max(world.newestAbsent[place.index], version);
        return chance.once(2) ? undefined : null;
      }
      // Said as late as can be; `plain`, `brief` and `free` have theirs from the value.
      if (place.shelf === 'aged' || place.shelf === 'sum') ctx.tag(...tags);
      const value: Made = { id, of: place.index, parts, tags };
      const same = isSame(ctx.previous?.value, value) && chance.once(2);
      this.#peer.keptFor(same ? ctx.previous!.value! : value, ttl);
      if (chance.once(3)) ctx.etag(`v${version}`);
      world.trace?.(() => `${name} load ${id} answers ${same ? 'not modified' : JSON.stringify(parts)}`);
      return same ? ctx.notModified() : value;
    } finally {
      done();
    }
  }

  async #addPart(part: Place, parts: Part[], ctx: LoadContext, chance: Chance, id: number): Promise<void> {
    const { truth, mood } = this.#world;
    const gates = this.#asked(this.#world.gates);
    const peer = this.#peer;
    const first = chance.once(2);
    if (first) ctx.dependsOn(part.path);
    if (chance.unit() < mood.holds('part')) await gates.hold(peer.name, `load ${id} reads ${shown(part.index)}`);
    if (chance.unit() < mood.through) {
      const value = await peer.readThrough(part);
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
}

function isSame(previous: Value, value: Made): boolean {
  if (!previous) return false;
  return (
    JSON.stringify([previous.of, previous.parts, previous.tags]) === JSON.stringify([value.of, value.parts, value.tags])
  );
}
