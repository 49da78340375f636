/** One collection's shelves, one in each tier, fastest first. */
import { storageKey } from './backend.ts';
import type { Core } from './core.ts';
import type { Entry, Mark } from './entry.ts';
import { type Path, pathOfLocalId } from './key.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import { isLive, type LiveShelf, MISS, type Shelf } from './store.ts';
import type { Terms } from './terms.ts';
import type { Tier } from './tier.ts';
import { isolate } from './values.ts';

/** Where no hit is ever found: in front of tiers that keep no live values, and once a cache is closed. */
export const NO_HITS: Hits = { hit: () => MISS, hitPath: () => MISS, get: () => undefined };

/** What serves hits without a thought. */
export type Hits = Pick<LiveShelf, 'hit' | 'hitPath' | 'get'>;

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
  readonly #version: number | 'adhoc';
  readonly #tiers: readonly Tier[];
  readonly #shelves: readonly Shelf[];
  readonly #live: readonly boolean[];

  constructor(core: Core, path: Path, version: number | 'adhoc') {
    this.path = path;
    this.#core = core;
    this.#version = version;
    this.#tiers = core.tiers;
    this.depth = core.tiers.length;
    this.#shelves = core.tiers.map((tier) => tier.shelf(path, version, core.stamps, core.coarse));
    this.#live = core.tiers.map((tier) => isLive(tier.store));
    const firstStored = this.#live.indexOf(false);
    this.liveDepth = firstStored < 0 ? this.depth : firstStored;
    const firstAsync = this.#shelves.findIndex((shelf) => !shelf.sync);
    this.firstAsync = firstAsync < 0 ? this.depth : firstAsync;
  }

  /** The shelf to try before anything else, if the fastest tier keeps live values. */
  get hot(): Hits {
    return this.#live[0] && this.#core.consistency === 'bounded' ? (this.#shelves[0] as LiveShelf) : NO_HITS;
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

  /** The entry at one level. */
  get(level: number, id: string): MaybePromise<Entry | undefined> {
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
    const { stamps, coarse } = this.#core;
    const now = coarse.quietly();
    const path = [...this.path, ...pathOfLocalId(id)];
    if (stamps.verdict(path, entry.dependencies, entry.mark, entry.incarnation) !== 'valid') return undefined;
    const writes: Promise<unknown>[] = [];
    for (let level = 0; level < end; level++) {
      const tier = this.#tiers[level];
      if (tier === except) continue;
      const kept = this.#shelves[level].set(id, tier.capped(entry, now));
      if (isPromise(kept)) writes.push(kept);
    }
    return writes.length > 0 ? Promise.all(writes) : undefined;
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
