/** A collection under a policy, whose loader is asked directly for what the switches don't allow to be cached. */
import type { Cache } from '../engine/cache.ts';
import type { ChangeResult } from '../engine/authority.ts';
import type { Collection } from '../engine/collection.ts';
import { type Key, localId, pathOf } from '../engine/key.ts';
import type { Load } from '../engine/load.ts';
import { aFunction, list } from '../engine/options.ts';
import type { CollectionOptions } from '../engine/terms.ts';

/** How a collection is made under a policy. What is said here wins over the policy. */
export interface ContentCollectionOptions<V, K extends Key = string> extends CollectionOptions<V, K> {
  readonly load: Load<K, V>;
  /** The kind of thing that it is about; one that the policies know. */
  readonly policy: string;
}

/** How one key is read. */
export interface ContentReadOptions {
  readonly signal?: AbortSignal;
}

/** Reads of what a loader loads, kept as its policy says. */
export interface ContentCollection<V, K extends Key = string> {
  readonly name: string;
  get(key: K, options?: ContentReadOptions): Promise<V>;
  getMany(keys: readonly K[], options?: ContentReadOptions): Promise<readonly V[]>;
  /** The value if memory has it fresh; without waiting, without loading. */
  peek(key: K): V | undefined;
  /** The source changed for this key, or, without a key, for all. */
  invalidate(key?: K): Promise<ChangeResult>;
}

/** What follows the name of a collection in that of its twin, through which goes what isn't cached. */
export const UNCACHED = '~uncached';

/** What a collection asks and tells. */
export interface Switched {
  readonly allows: (key: string) => boolean;
  /** A read went by the cache. */
  readonly bypassed: () => void;
  readonly invalidate: (selector: { readonly key: Key } | { readonly prefix: Key }) => Promise<ChangeResult>;
}

/** Defines the collection and its twin. Throws `bad_option` naming the option. */
export class SwitchedCollection<V, K extends Key> implements ContentCollection<V, K> {
  readonly name: string;
  readonly #kept: Collection<V, K>;
  readonly #uncached: Collection<V, K>;
  readonly #switched: Switched;

  constructor(cache: Cache, name: string, options: CollectionOptions<V, K>, switched: Switched) {
    aFunction(`define '${name}': load`, options.load);
    this.name = name;
    this.#switched = switched;
    this.#kept = cache.define(name, options);
    // No tier is asked, nothing is kept; what is asked for at once is still loaded once, with its schema and time limits.
    this.#uncached = cache.define(name + UNCACHED, { ...twinOf(name, options), tiers: [], ttl: 0, negativeTtl: 0 });
  }

  get(key: K, options?: ContentReadOptions): Promise<V> {
    if (this.#switched.allows(localId(key))) return this.#kept.get(key, options);
    this.#switched.bypassed();
    return this.#uncached.get(key, options);
  }

  getMany(keys: readonly K[], options?: ContentReadOptions): Promise<readonly V[]> {
    list('getMany: keys', keys);
    return Promise.all(keys.map((key) => this.get(key, options)));
  }

  peek(key: K): V | undefined {
    return this.#switched.allows(localId(key)) ? this.#kept.peek(key) : undefined;
  }

  invalidate(key?: K): Promise<ChangeResult> {
    if (key === undefined) return this.#switched.invalidate({ prefix: [this.name] });
    return this.#switched.invalidate({ key: [this.name, ...pathOf(key)] });
  }
}

/** Loads that rest on the keys of the collection itself: a change of these overtakes them, too. */
function twinOf<V, K extends Key>(name: string, options: CollectionOptions<V, K>): CollectionOptions<V, K> {
  const { load, loadMany } = options;
  const own = (key: K) => [name, ...pathOf(key)];
  return {
    ...options,
    ...(load && {
      load: (key, ctx) => {
        ctx.dependsOn(own(key));
        return load(key, ctx);
      },
    }),
    ...(loadMany && {
      loadMany: (keys, ctx) => {
        keys.forEach((key, i) => ctx.at(i).dependsOn(own(key)));
        return loadMany(keys, ctx);
      },
    }),
  };
}
