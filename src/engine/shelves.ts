/** One collection's shelves, one in each tier, fastest first. */
import { storageKey } from './backend.ts';
import type { Core } from './core.ts';
import { type Dependency, keyDependency } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import { escapeSegment, isSegment, type Path, pathOfLocalId } from './key.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import { isLive, type LiveShelf, MISS, type Shelf } from './store.ts';
import type { Terms } from './terms.ts';
import type { Tier } from './tier.ts';
import { isolate } from './values.ts';

/** Where no hit is ever found: in front of tiers that keep no live values, and once a cache is closed. */
export const NO_HITS: Hits = {
  hit: () => MISS,
  hitPath: () => MISS,
  get: () => undefined,
  freshUntil: () => -Infinity,
};

/** In the place of a tier that doesn't keep a collection. */
const NOT_KEPT: Shelf = { sync: true, get: () => undefined, set: () => false, delete: () => true };

/** What serves hits without a thought. */
export type Hits = Pick<LiveShelf, 'hit' | 'hitPath' | 'get' | 'freshUntil'>;

/** A collection's part of every tier. */
export class Shelves {
  readonly path: Path;
  /** How many levels there are. */
  readonly depth: number;
  /** The first level that answers with promises; `depth` if none does. */
  readonly firstAsync: number;
  /** How many levels before the first that keeps no live values. */
  readonly liveDepth: number;
  readonly #core: Core;
  readonly #keyed: Dependency;
  readonly #version: number | 'adhoc';
  readonly #tiers: readonly Tier[];
  readonly #shelves: readonly Shelf[];
  readonly #live: readonly boolean[];

  constructor(core: Core, path: Path, version: number | 'adhoc', tiers?: readonly string[]) {
    this.path = path;
    this.#keyed = keyDependency(path);
    this.#core = core;
    this.#version = version;
    this.#tiers = core.tiers;
    this.depth = core.tiers.length;
    const kept = core.tiers.map((tier) => tiers === undefined || tiers.includes(tier.name));
    this.#shelves = core.tiers.map((tier, i) =>
      kept[i] ? tier.shelf(path, version, core.stamps, core.coarse) : NOT_KEPT,
    );
    this.#live = core.tiers.map((tier, i) => kept[i] && isLive(tier.store));
    const firstStored = this.#live.indexOf(false);
    this.liveDepth = firstStored < 0 ? this.depth : firstStored;
    const firstAsync = this.#shelves.findIndex((shelf) => !shelf.sync);
    this.firstAsync = firstAsync < 0 ? this.depth : firstAsync;
  }

  /** The shelf to try before anything else, if the fastest tier keeps live values. */
  get hot(): Hits {
    return this.#live[0] && this.#core.consistency === 'bounded' ? (this.#shelves[0] as LiveShelf) : NO_HITS;
  }

  /** Nothing is held at the live levels. */
  get isEmpty(): boolean {
    return this.#shelves.every((shelf, level) => !this.#live[level] || (shelf as LiveShelf).size === 0);
  }

  /** The dependency of one key. */
  keyDependency(id: string): Dependency {
    return this.#keyed + (isSegment(id) ? '/' + escapeSegment(id) : id.slice(1));
  }

  /** What stores of bytes keep an entry under. */
  storageKey(id: string): string {
    return storageKey([...this.path, ...pathOfLocalId(id)], this.#version);
  }

  name(level: number): string {
    return this.#tiers[level].name;
  }

  /** True if the level's values are the objects that readers get, checked and isolated already. */
  live(level: number): boolean {
    return this.#live[level];
  }

  /** True if entries are kept at the level. */
  keeps(level: number): boolean {
    return this.#shelves[level] !== NOT_KEPT;
  }

  /** The local names of all that the live levels hold. */
  ids(): ReadonlySet<string> {
    return new Set(this.#shelves.flatMap((shelf, level) => (this.#live[level] ? [...(shelf as LiveShelf).ids()] : [])));
  }

  /** The entry at one level. */
  get(level: number, id: string): MaybePromise<Entry | undefined> {
    if (!this.keeps(level)) return undefined;
    const { counts } = this.#tiers[level];
    counts.reads++;
    return andThen(this.#shelves[level].get(id), (entry) => {
      if (entry) counts.hits++;
      return entry;
    });
  }

  /** What a level has, valid or not. */
  look(level: number, id: string): MaybePromise<Entry | undefined> {
    const shelf = this.#shelves[level];
    return this.#live[level] ? (shelf as LiveShelf).look(id) : shelf.get(id);
  }

  /** An entry as readers may meet it: of a tier of bytes the value is made safe for them; undefined if it can't be. */
  isolated(entry: Entry, level: number, terms: Terms): Entry | undefined {
    if (this.#live[level]) return entry;
    try {
      return { ...entry, ...isolate(entry.value, terms.values) };
    } catch {
      return undefined;
    }
  }

  /**
   * Keep an entry at the levels before `end`, but not at `except`, no longer than each tier's cap allows. Whether it is
   * still right is looked at in the very moment of storing. Live shelves have it at once; the result settles when the other
   * tiers are done.
   */
  put(id: string, entry: Entry, end: number, except?: Tier): MaybePromise<unknown> {
    const now = this.#core.coarse.quietly();
    if (!this.#isRight(id, entry)) return undefined;
    let writes: Promise<unknown>[] | undefined;
    for (let level = 0; level < end; level++) {
      const tier = this.#tiers[level];
      if (tier === except) continue;
      const kept = this.#shelves[level].set(id, tier.capped(entry, now));
      if (isPromise(kept)) (writes ??= []).push(kept);
    }
    return writes && Promise.all(writes);
  }

  #isRight(id: string, { dependencies, mark, incarnation }: Entry): boolean {
    const { stamps } = this.#core;
    if (mark >= stamps.horizon && incarnation === stamps.incarnation) return true; // quickly: nothing has changed since
    return stamps.verdict([...this.path, ...pathOfLocalId(id)], dependencies, mark, incarnation) === 'valid';
  }

  /** Forget a key at every level. */
  delete(id: string): MaybePromise<unknown> {
    const deletes = this.#shelves.map((shelf) => shelf.delete(id)).filter((d) => isPromise(d));
    return deletes.length > 0 ? Promise.all(deletes) : undefined;
  }

  /** A change named this very key: live shelves don't look at it on reading, so they drop or age its entry now. */
  changed(id: string, mark: Mark, soft: boolean): void {
    this.#shelves.forEach((shelf, level) => this.#live[level] && (shelf as LiveShelf).changed(id, mark, soft));
  }

  /** Drop everything that live shelves hold. */
  drop(): void {
    this.#shelves.forEach((shelf, level) => this.#live[level] && (shelf as LiveShelf).clear());
  }
}
