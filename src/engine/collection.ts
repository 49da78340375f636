/** A named, typed part of a cache. */
import type { ChangeResult } from './authority.ts';
import type { Core } from './core.ts';
import { keyDependency, prefixDependency, softly } from './dependency.ts';
import type { InvalidateOptions } from './invalidate.ts';
import { isSegment, type Key, localId, type Path, pathOfLocalId } from './key.ts';
import { type Beginning, beginning, keep } from './keep.ts';
import type { LoadContext, NotModified } from './context.ts';
import type { Load } from './load.ts';
import type { MaybePromise } from './maybe.ts';
import { checkOptions, functionOrNothing, list, listOrNothing, trueOrFalse } from './options.ts';
import { type Answer, Reader, type ReadOptions } from './read.ts';
import { type Hits, NO_HITS, Shelves } from './shelves.ts';
import { type Counts, newCounts } from './stats.ts';
import { MISS } from './store.ts';
import type { Terms } from './terms.ts';
import { copy } from './values.ts';
import { type SetOptions, Writer } from './write.ts';

export type { Answer, Beginning, ReadOptions, SetOptions };

/** How to ask for a value. */
export interface AskOptions<V, K extends Key = Key> {
  /** What this read loads with, as a collection's `load`. Without it nothing is loaded. */
  load?(key: K, ctx: LoadContext<V>): V | NotModified | Promise<V | NotModified>;
  readonly signal?: AbortSignal;
}

/** A named, typed part of a cache, with its own loader, times, tags and schema. Made by `cache.define`. */
export interface Collection<V, K extends Key = Key> {
  /** Its name, the first segment of every key's path. */
  readonly name: string;
  /** Read through the tiers, then load. A value that a change has made wrong is never the answer. */
  get(key: K, options?: { readonly load?: true | undefined; readonly signal?: AbortSignal }): Promise<V>;
  /** Read through the tiers only. */
  get(key: K, options: ReadOptions): Promise<V | undefined>;
  /**
   * Read through the tiers, then with a loader of this read's own, if it brings one, and tell where the answer came from
   * and for how long it is fresh. All reads of a key that meet share one load, whose ever it is. Memory answers at once,
   * without a promise.
   */
  ask(key: K, options?: AskOptions<V, K>): MaybePromise<Answer<V>>;
  /** The value if memory has it fresh; without waiting, without loading. */
  peek(key: K): V | undefined;
  /** Read many keys, by position: one batch for each tier, one `loadMany` for what is missing. */
  getMany(
    keys: readonly K[],
    options?: { readonly load?: true | undefined; readonly signal?: AbortSignal },
  ): Promise<V[]>;
  getMany(keys: readonly K[], options: ReadOptions): Promise<(V | undefined)[]>;
  /**
   * Put a value. It is a change: it beats older loads, here and wherever the log is followed. Where several writers set one
   * key, the order of the log decides, which need not be that of their commits: invalidate there instead.
   */
  set(key: K, value: V, options?: SetOptions): Promise<ChangeResult>;
  /** The present, for {@link Collection.keep}: to be taken before a load begins that isn't this collection's own. */
  begin(): Beginning;
  /**
   * Keep a value that was loaded elsewhere since a beginning. That is no change. False if something that the value rests
   * on has changed meanwhile, or if nobody knows: then it isn't kept.
   */
  keep(key: K, value: V, since: Beginning, options?: SetOptions): Promise<boolean>;
  /** The source changed for this key, or, without a key, for the whole collection. */
  invalidate(key?: K, options?: InvalidateOptions): Promise<ChangeResult>;
  /** Invalidate, and let the entry leave every tier at once. */
  delete(key: K): Promise<ChangeResult>;
}

/** The collection behind the interface, and what its cache does with it. */
export class DefinedCollection<V, K extends Key = Key> implements Collection<V, K> {
  readonly name: string;
  readonly terms: Terms;
  readonly shelves: Shelves;
  readonly reader: Reader;
  readonly counts: Counts = newCounts();
  readonly #core: Core;
  readonly #writer: Writer;
  #hot: Hits; // what `get` tries first
  #live: Hits; // what `peek` looks at

  constructor(core: Core, path: Path, terms: Terms, version: number | 'adhoc') {
    this.name = terms.name;
    this.terms = terms;
    this.#core = core;
    this.shelves = new Shelves(core, path, version, terms.tiers);
    this.reader = new Reader(core, terms, this.shelves, this.counts);
    this.#writer = new Writer(core, terms, this.shelves, this.counts);
    this.#hot = this.#live = this.shelves.hot;
    core.stamps.rememberFor(terms.sourceLag);
  }

  get(key: K, options?: { readonly load?: boolean | undefined; readonly signal?: AbortSignal }): Promise<V> {
    if (options === undefined) {
      const value = this.#hot.hit(key);
      if (value !== MISS) {
        this.counts.hits++;
        this.#core.coarse.tick();
        return Promise.resolve(value as V);
      }
    }
    return this.#read(key, options as ReadOptions | undefined);
  }

  async #read(key: K, options?: ReadOptions): Promise<V> {
    const id = localId(key);
    const value = id === key || options !== undefined ? MISS : hitAs(this.#hot, id);
    if (value === MISS) return this.reader.read(id, key, options ?? {}) as Promise<V>;
    this.counts.hits++;
    this.#core.coarse.tick();
    return value as V;
  }

  ask(key: K, options?: AskOptions<V, K>): MaybePromise<Answer<V>> {
    const id = localId(key);
    const value = hitAs(this.#hot, id);
    if (value === MISS) return this.#ask(id, key, options);
    const freshFor = Math.max(0, this.#hot.freshUntil(id) - this.#core.coarse.quietly());
    this.counts.hits++;
    this.#core.coarse.tick();
    return { value: value as V, from: 'tier', tier: this.shelves.name(0), freshFor };
  }

  async #ask(id: string, key: K, options: AskOptions<V, K> = {}): Promise<Answer<V>> {
    checkOptions('ask', options, ['load', 'signal']);
    const { load, signal } = options as { readonly load?: Load<Key, unknown>; readonly signal?: AbortSignal };
    functionOrNothing('ask: load', load);
    const terms = { ...this.terms, load, loadMany: undefined };
    let how: Omit<Answer, 'value'> | undefined;
    const value = await this.reader.read(id, key, signal ? { signal } : {}, terms, (told) => (how = told));
    return { value: value as V | undefined, ...how! };
  }

  peek(key: K): V | undefined {
    const value = this.#live.hit(key);
    return (value === MISS ? this.#peekClosely(key) : value) as V | undefined;
  }

  /** What wasn't served without a thought: a key of another kind, a value to be copied, or one that may be refreshed early. */
  #peekClosely(key: K): unknown {
    const id = localId(key);
    const value = id === key ? MISS : hitAs(this.#live, id);
    if (value !== MISS) return value;
    const entry = this.#live.get(id);
    if (!entry || entry.freshUntil <= this.#core.coarse.quietly()) return undefined;
    return entry.copied ? copy(entry.value) : entry.value;
  }

  async getMany(
    keys: readonly K[],
    options?: { readonly load?: boolean | undefined; readonly signal?: AbortSignal },
  ): Promise<V[]> {
    list('getMany: keys', keys);
    return Promise.all(keys.map((key) => this.get(key, options)));
  }

  async set(key: K, value: V, options?: SetOptions): Promise<ChangeResult> {
    if (options !== undefined) {
      checkOptions('set', options, ['ttl', 'tags']);
      listOrNothing('set: tags', options.tags);
    }
    return this.#writer.set(localId(key), key, value, options);
  }

  begin(): Beginning {
    return beginning(this.#core, this.terms);
  }

  keep(key: K, value: V, since: Beginning, options: SetOptions = {}): Promise<boolean> {
    return keep(this.#core, this, localId(key), key, value, since, options);
  }

  async invalidate(key?: K, options: InvalidateOptions = {}): Promise<ChangeResult> {
    checkOptions('invalidate', options, ['soft']);
    const soft = trueOrFalse('invalidate: soft', options.soft);
    this.#core.assertOpen();
    const { path } = this.shelves;
    const dependency =
      key === undefined ? prefixDependency(path) : keyDependency([...path, ...pathOfLocalId(localId(key))]);
    return this.#core.authority.change([soft ? softly(dependency) : dependency], []);
  }

  async delete(key: K): Promise<ChangeResult> {
    return this.#writer.delete(localId(key));
  }

  /** Serve hits straight from memory, or, where each has to be told, by the way of all reads. */
  serveHits(how: 'at once' | 'told'): void {
    this.#hot = how === 'told' ? NO_HITS : this.shelves.hot;
  }

  /** Nothing is served any more. */
  close(): void {
    this.#hot = this.#live = NO_HITS;
  }
}

function hitAs(hits: Hits, id: string): unknown {
  return isSegment(id) ? hits.hit(id) : hits.hitPath(id);
}
