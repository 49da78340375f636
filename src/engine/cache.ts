/** The cache that a program holds: tiers, one log, and collections. */
import { Authority, type ChangeResult } from './authority.ts';
import { isBackend } from './backend.ts';
import { type Clock, CoarseClock, type Random, systemClock } from './clock.ts';
import { type Collection, DefinedCollection } from './collection.ts';
import type { Core } from './core.ts';
import { Names } from './dependency.ts';
import { TidemarkError } from './errors.ts';
import { Emitter, type Events, type Listener, type Listeners } from './events.ts';
import { type Explanation, explain } from './explain.ts';
import { Guard } from './guard.ts';
import { changeOf, type InvalidateOptions, type Selector } from './invalidate.ts';
import { describe, type Key, localId, type Path, pathOf } from './key.ts';
import type { Load } from './load.ts';
import type { ChangeLog } from './log.ts';
import { Memo } from './memo.ts';
import {
  checkOptions,
  duration,
  type Duration,
  aFunction,
  listOrNothing,
  nonEmptyText,
  oneOf,
  positiveInteger,
} from './options.ts';
import { Stamps } from './stamps.ts';
import { type CollectionStats, summed } from './stats.ts';
import { isLive, type Store, type Usage } from './store.ts';
import { type CollectionOptions, termsOf } from './terms.ts';
import { Tier, type TierSettings } from './tier.ts';
import { warm, type WarmOptions, type WarmProgress, type WarmStep } from './warm.ts';

/** A store with settings of its own as a tier. A bare store takes the defaults. */
export interface TierOptions {
  readonly store: Store;
  /** How long one operation may take. Default 1 second. */
  readonly timeout?: Duration;
  /** No entry stays fresh in this tier for longer than this. */
  readonly maxTtl?: Duration;
  /** The most keys in one operation. Default 100. */
  readonly maxBatch?: number;
  /** When to leave the tier alone: after `failures` in a row (default 5) for `pause` (default 1 second, doubled up to 30). */
  readonly breaker?: { readonly failures?: number; readonly pause?: Duration };
}

/** Options of a cache. */
export interface CacheOptions {
  /** Keeps its keys, tags and changes apart from those of other caches in the same stores and log. Default `'cache'`. */
  readonly name?: string;
  /** Stores, the fastest first. The log of the last backend among them is the authority. Default: memory alone. */
  readonly tiers?: readonly (Store | TierOptions)[];
  /** The change log, where no tier brings one. Default: one in this process's memory. */
  readonly log?: ChangeLog;
  /**
   * `'bounded'` (default): reads follow changes of other processes within the log's delivery delay. `'strong'`: each read
   * asks the log first, and doesn't use what the tiers have when the log doesn't answer.
   */
  readonly consistency?: 'bounded' | 'strong';
  /** Listeners, as with {@link Cache.on}. */
  readonly on?: Listeners;
  /** Where time, timers and chance come from; for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Options of a read without a collection. */
export interface AdHocOptions<V> extends Pick<
  CollectionOptions<V>,
  | 'ttl'
  | 'staleFor'
  | 'graceFor'
  | 'negativeTtl'
  | 'jitter'
  | 'earlyRefresh'
  | 'schema'
  | 'values'
  | 'timeout'
  | 'sourceLag'
> {
  readonly key: Key;
  readonly load: Load<Key, V>;
  /** Tags, or how to make them from the value. */
  readonly tags?: readonly string[] | ((value: NonNullable<V>, key: Key) => readonly string[]);
  readonly signal?: AbortSignal;
}

/** Figures of one tier. */
export interface TierStats {
  readonly name: string;
  readonly reads: number;
  /** Reads that found an entry, valid or not. A hit straight from memory is counted by its collection alone. */
  readonly found: number;
  readonly failures: number;
  /** Operations not tried: the breaker was open, or too many writes were under way. */
  readonly skipped: number;
  readonly breaker: 'closed' | 'open' | 'half-open';
  readonly usage: Usage | undefined;
}

/** Figures of a cache. */
export interface CacheStats extends CollectionStats {
  readonly collections: Readonly<Record<string, CollectionStats>>;
  readonly tiers: readonly TierStats[];
  readonly log: {
    readonly incarnation: string;
    /** The newest mark known, and the mark up to which all changes are. */
    readonly known: number;
    readonly applied: number;
    /** Dependencies whose change waits to be said; while there are any, nothing that rests on them is served. */
    readonly unsaid: number;
    /** Milliseconds since the log last answered. */
    readonly silentFor: number;
    /** Stamps held exactly, stamps in the bounded table, and its floor. */
    readonly stamps: { readonly held: number; readonly table: number; readonly floor: number };
  };
}

/** The cache that a program holds. */
export class Cache {
  readonly name: string;
  readonly #core: Core;
  readonly #collections = new Map<string, DefinedCollection<unknown>>();
  readonly #adHoc: DefinedCollection<unknown>;
  readonly #pending = new Set<Promise<unknown>>();
  #closed = false;
  #closing: Promise<void> | undefined;

  /** Throws `bad_option` naming the option. Programs call `createCache`. */
  constructor(options: CacheOptions & { readonly tiers: readonly (Store | TierOptions)[]; readonly log: ChangeLog }) {
    checkOptions('createCache', options, ['name', 'tiers', 'log', 'consistency', 'on', 'clock', 'random']);
    this.name = nonEmptyText('createCache: name', options.name ?? 'cache');
    const { clock = systemClock, random = Math.random, on = {} } = options;
    const events = new Emitter();
    if (!Array.isArray(options.tiers))
      throw new TidemarkError('bad_option', `createCache: tiers must be an array, not ${describe(options.tiers)}`);
    const tiers = options.tiers.map((tier, i) =>
      tierOf(`createCache: tiers[${i}]`, tier as Store | TierOptions, clock, events),
    );
    const backend = tiers.findLast((tier) => isBackend(tier.store));
    const store = backend && isBackend(backend.store) ? backend.store : undefined;
    const log = store?.log ?? options.log;
    const names = new Names(this.name);
    const stamps = new Stamps(clock, (path, soft) => this.#keyChanged(path, soft));
    const authority = new Authority({
      log,
      backend: store,
      guard: backend?.guard ?? new Guard('log', log.sync, settingsOf('log', {}), clock, events),
      stamps,
      names,
      clock,
      events,
      drop: () => this.#drop(),
      track: (work) => this.#track(work),
    });
    const consistency = oneOf('createCache: consistency', options.consistency ?? 'bounded', ['bounded', 'strong']);
    const coarse = new CoarseClock(clock);
    this.#core = {
      names,
      clock,
      coarse,
      random,
      events,
      stamps,
      authority,
      tiers,
      backend,
      consistency,
      assertOpen: () => {
        if (this.#closed) throw new TidemarkError('closed', `the cache '${this.name}' is closed`);
      },
      track: (work) => this.#track(work),
    };
    this.#adHoc = new DefinedCollection(this.#core, names.root, termsOf('', {}), 'adhoc');
    checkOptions('createCache: on', on, EVENT_NAMES);
    for (const [event, listener] of Object.entries(on))
      this.on(event as keyof Events, listener as Listener<keyof Events>);
  }

  /**
   * A named, typed part of the cache.
   *
   * @throws `bad_option` naming the option, or if the name is taken.
   * @example
   * const posts = cache.define<Post>('post', { load: (id) => db.post(id), ttl: '1h' });
   */
  define<V, K extends Key = string>(name: string, options: CollectionOptions<V, K> = {}): Collection<V, K> {
    this.#core.assertOpen();
    nonEmptyText('define: name', name);
    if (this.#collections.has(name))
      throw new TidemarkError('bad_option', `define: the collection '${name}' is defined already`);
    const terms = termsOf(name, options as unknown as CollectionOptions<unknown>);
    const collection = new DefinedCollection<V, K>(this.#core, this.#core.names.whole([name]), terms, terms.version);
    this.#collections.set(name, collection);
    this.#adjust();
    return collection;
  }

  /** Read through the tiers, then load, without a collection. The key is a whole path, kept apart from all collections' keys. */
  async getOrLoad<V>(options: AdHocOptions<V>): Promise<V> {
    checkOptions('getOrLoad', options, ['key', 'signal', ...AD_HOC]);
    const { key, signal, tags, ...rest } = options;
    if (typeof options.load !== 'function')
      throw new TidemarkError('bad_option', `getOrLoad: load must be a function, not ${describe(options.load)}`);
    if (typeof tags !== 'function') listOrNothing('getOrLoad: tags', tags);
    const given = { ...rest, tags: typeof tags === 'function' ? tags : () => tags ?? [] };
    const terms = termsOf('', given as unknown as CollectionOptions<unknown>);
    return (await this.#adHoc.reader.read(localId(key), key, signal ? { signal } : {}, terms)) as V;
  }

  /**
   * Say that something changed. When it resolves with reach `everywhere`, no read that starts later in this process
   * returns anything loaded before; `local` means that the log doesn't know yet: it will be told, and until then this
   * process trusts nothing that rests on what changed. Commit to the source first, then invalidate.
   *
   * @throws `bad_option`, `bad_key` or `bad_pattern` before anything is changed.
   */
  async invalidate(selector: Selector, options?: InvalidateOptions): Promise<ChangeResult> {
    this.#core.assertOpen();
    const change = changeOf(this.#core.names, selector, options);
    if (change.length === 0) return { mark: this.#core.stamps.known, reach: 'everywhere' };
    return this.#core.authority.change(change, []);
  }

  /** Listen to an event; the result stops it. */
  on<K extends keyof Events>(event: K, listener: Listener<K>): () => void {
    if (!EVENT_NAMES.includes(event))
      throw new TidemarkError(
        'bad_option',
        `on: there is no event ${describe(event)}; there are ${EVENT_NAMES.join(', ')}`,
      );
    aFunction(`on: ${event}`, listener);
    const off = this.#core.events.on(event, listener);
    this.#adjust();
    return () => {
      off();
      this.#adjust();
    };
  }

  /** Hits are served without a thought unless someone listens to them. */
  #adjust(): void {
    const how = this.#core.events.has('hit') ? 'told' : 'at once';
    if (!this.#closed) for (const collection of this.#collections.values()) collection.serveHits(how);
  }

  /** Read every key of a plan, few at a time. */
  async warm(plan: readonly WarmStep[], options?: WarmOptions): Promise<WarmProgress> {
    this.#core.assertOpen();
    return warm(plan, options);
  }

  /** A memo for the length of one request. */
  memo(): Memo {
    return new Memo(this.#core.stamps);
  }

  /** All figures since the cache was made. */
  stats(): CacheStats {
    const { stamps, authority, tiers, clock } = this.#core;
    const parts = [...this.#collections.values(), this.#adHoc];
    return {
      ...summed(parts.map((part) => part.counts)),
      collections: Object.fromEntries([...this.#collections].map(([name, { counts }]) => [name, summed([counts])])),
      tiers: tiers.map(({ name, counts, guard, store }) => ({
        name,
        reads: counts.reads,
        found: counts.hits,
        failures: guard.failures,
        skipped: guard.skipped + counts.overrun,
        breaker: guard.breaker,
        usage: isLive(store) ? store.usage : undefined,
      })),
      log: {
        incarnation: stamps.incarnation,
        known: stamps.known,
        applied: stamps.applied,
        unsaid: stamps.unsaid,
        silentFor: clock.now() - authority.heard,
        stamps: stamps.size,
      },
    };
  }

  /** Why a key would or would not be served, tier by tier. The key is a whole path, as in {@link Cache.invalidate}. */
  async explain(key: Key): Promise<Explanation> {
    const path = pathOf(key);
    const collection = path.length > 1 ? this.#collections.get(path[0]) : undefined;
    return explain(this.#core, collection ?? this.#adHoc, path, collection ? path.slice(1) : path);
  }

  /** Finish what was accepted, refuse what is new, say what waits, and let go of every store. Safe to call twice. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closed = true;
      for (const collection of this.#collections.values()) collection.close();
      this.#closing = this.#close();
    }
    return this.#closing;
  }

  async #close(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    await this.#core.authority.close();
    this.#drop();
    for (const tier of this.#core.tiers) await tier.guard.insist('close', () => tier.store.close?.());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #track(work: Promise<unknown>): void {
    const forget = () => void this.#pending.delete(work);
    this.#pending.add(work);
    work.then(forget, forget);
  }

  #keyChanged([name, ...path]: Path, soft: boolean): void {
    if (name !== this.name || path.length === 0) return;
    this.#adHoc.shelves.changed(localId(path), soft);
    if (path.length > 1) this.#collections.get(path[0])?.shelves.changed(localId(path.slice(1)), soft);
  }

  #drop(): void {
    this.#adHoc?.shelves.drop();
    for (const { shelves } of this.#collections.values()) shelves.drop();
  }
}

const EVENT_NAMES: readonly (keyof Events)[] = [
  'hit',
  'stale',
  'miss',
  'load',
  'loadFailed',
  'change',
  'tierFailed',
  'breaker',
  'refused',
  'gap',
  'listenerFailed',
];

const AD_HOC = [
  'load',
  'ttl',
  'staleFor',
  'graceFor',
  'negativeTtl',
  'jitter',
  'earlyRefresh',
  'schema',
  'values',
  'timeout',
  'sourceLag',
  'tags',
];

/** A tier from a store and perhaps its settings. */
function tierOf(what: string, given: Store | TierOptions, clock: Clock, events: Emitter): Tier {
  const options: Partial<TierOptions> = 'getMany' in given ? { store: given } : given;
  checkOptions(what, options, ['store', 'timeout', 'maxTtl', 'maxBatch', 'breaker']);
  const { store } = options;
  if (typeof store?.getMany !== 'function')
    throw new TidemarkError('bad_option', `${what} must be a store, or an object with a store, not ${describe(store)}`);
  return new Tier(store, settingsOf(what, options), clock, events);
}

function settingsOf(what: string, options: Omit<Partial<TierOptions>, 'store'>): TierSettings {
  const { breaker = {}, timeout = 1000, maxTtl = Infinity, maxBatch = 100 } = options;
  checkOptions(`${what}: breaker`, breaker, ['failures', 'pause']);
  const pause = duration(`${what}: breaker.pause`, breaker.pause ?? 1000);
  return {
    timeout: duration(`${what}: timeout`, timeout),
    maxTtl: duration(`${what}: maxTtl`, maxTtl),
    maxBatch: positiveInteger(`${what}: maxBatch`, maxBatch),
    breaker: {
      failures: positiveInteger(`${what}: breaker.failures`, breaker.failures ?? 5),
      pause,
      longestPause: Math.max(30_000, pause),
    },
  };
}
