/** The cache that a program holds: tiers, one log, and collections. */
import { Authority, type ChangeResult } from './authority.ts';
import { isBackend } from './backend.ts';
import {
  AD_HOC,
  type AdHocOptions,
  type CacheOptions,
  checkCacheOptions,
  settingsOf,
  tierOf,
  type TierOptions,
} from './cache-options.ts';
import { changesIn, type TransactionChanges } from './changes-in.ts';
import { type Clock, CoarseClock, systemClock } from './clock.ts';
import { type Collection, DefinedCollection } from './collection.ts';
import type { Core } from './core.ts';
import { type Dependency, Names, prefixDependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import { TidemarkError } from './errors.ts';
import { Emitter, EVENT_NAMES, type Events, type Listener } from './events.ts';
import { type ExplainOptions, type Explanation, explain } from './explain.ts';
import { Guard } from './guard.ts';
import { changeOf, type InvalidateOptions, type Selector } from './invalidate.ts';
import { describe, type Key, localId, localIdOfText, pathOf, unescapeSegment } from './key.ts';
import type { ChangeLog } from './log.ts';
import { type HeldOptions, heldPage, type HeldPage, type WouldDrop, wouldDrop } from './held.ts';
import { Memo } from './memo.ts';
import { aFunction, checkOptions, duration, listOrNothing, nonEmptyText, oneOf, signalOrNothing } from './options.ts';
import { Recorder } from './recorder.ts';
import { Stamps } from './stamps.ts';
import { type CacheStats, type Distrust, summed } from './stats.ts';
import { isLive, type Store } from './store.ts';
import type { Tier } from './tier.ts';
import { type CollectionOptions, termsOf } from './terms.ts';
import { abortable } from './wait.ts';
import { warm, type WarmOptions, type WarmProgress, type WarmStep } from './warm.ts';

const MAX_SILENCE = 10_000;
const JOIN_TIMEOUT = 5000; // where the one who is waited for may have gone

/** What a cache takes where its options say nothing. */
export interface CacheDefaults {
  tiers(): readonly (Store | TierOptions)[];
  /** A log that nobody else follows; `known` says when something changed last, as far as the cache knows. */
  log(known: (dependency: Dependency) => Mark): ChangeLog;
}

/** The cache that a program holds. */
export class Cache {
  readonly name: string;
  readonly #core: Core;
  readonly #collections = new Map<string, DefinedCollection<unknown>>();
  readonly #adHoc: DefinedCollection<unknown>;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #log: ChangeLog;
  readonly #root: string; // what the text of every path of this cache begins with
  readonly #background: ((work: Promise<unknown>) => void) | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** Throws `bad_option` naming the option. Programs call `createCache`. */
  constructor(options: CacheOptions, defaults: CacheDefaults) {
    checkCacheOptions(options);
    const { clock = systemClock, random = Math.random, consistency = 'bounded', on = {} } = options;
    const maxSilence = duration('createCache: maxSilence', options.maxSilence ?? MAX_SILENCE);
    const { background } = options;
    const joinTimeout = duration(
      'createCache: joinTimeout',
      options.joinTimeout ?? (background ? JOIN_TIMEOUT : Infinity),
    );
    this.#background = background;
    this.name = options.name ?? 'cache';
    const events = new Emitter();
    const tiers = (options.tiers ?? defaults.tiers()).map((tier, i) =>
      tierOf(`createCache: tiers[${i}]`, tier, clock, events),
    );
    const backend = tiers.findLast(
      ({ store }) => isBackend(store) && (options.log === undefined || store.log === options.log),
    );
    const store = backend && isBackend(backend.store) ? backend.store : undefined;
    const names = new Names(this.name);
    this.#root = prefixDependency(names.root).slice(1) + '/';
    const stamps = new Stamps(clock, (path, mark, soft) => this.#keyChanged(path, mark, soft));
    const log = store?.log ?? options.log ?? defaults.log((dependency) => stamps.stampOf(dependency));
    this.#log = log;
    const track = (work: Promise<unknown>) => this.#track(work);
    const guard = backend?.guard ?? new Guard('log', settingsOf('log', {}), clock, events);
    const drop = () => this.#drop();
    const recorder = recorderOf(tiers, backend, clock);
    const authority = new Authority({
      log,
      backend: store,
      guard,
      stamps,
      recorder,
      names,
      clock,
      events,
      maxSilence,
      joinTimeout,
      follows: background ? 'with reads' : 'always',
      drop,
      track,
    });
    const coarse = new CoarseClock(clock, () => authority.glance(), background ? 'at each look' : 'now and then');
    const assertOpen = () => this.#assertOpen();
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
      maxSilence,
      joinTimeout,
      assertOpen,
      track,
    };
    this.#adHoc = new DefinedCollection(this.#core, names.root, termsOf('', {}), 'adhoc');
    for (const event of EVENT_NAMES) if (on[event]) this.on(event, on[event] as Listener<typeof event>);
  }

  #assertOpen(): void {
    if (this.#closed) throw new TidemarkError('closed', `the cache '${this.name}' is closed`);
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
    for (const tier of terms.tiers ?? [])
      oneOf(
        `define '${name}': tiers`,
        tier,
        this.#core.tiers.map((one) => one.name),
      );
    const collection = new DefinedCollection<V, K>(this.#core, this.#core.names.whole([name]), terms, terms.version);
    this.#collections.set(name, collection);
    this.#adjust();
    return collection;
  }

  /** Read through the tiers, then load, without a collection. The key is a whole path, kept apart from all collections' keys. */
  async getOrLoad<V>(options: AdHocOptions<V>): Promise<V> {
    checkOptions('getOrLoad', options, ['key', 'signal', ...AD_HOC]);
    const { key, signal, tags, ...rest } = options;
    aFunction('getOrLoad: load', options.load);
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

  /** Can changes be said in transactions, as {@link Cache.changesIn} does? */
  get transactional(): boolean {
    return this.#log.appendIn !== undefined;
  }

  /**
   * Say changes in a transaction of your own, where the log lives in the same database: the commit publishes data and
   * changes together, a rollback neither. What a transaction is, the backend says.
   *
   * @throws `bad_option` if the cache's log knows no transactions.
   * @example
   * await db.transaction(async (tx) => {
   *   changes = cache.changesIn(tx);
   *   await tx.query('update posts set title = $1 where id = $2', [title, id]);
   *   await changes.invalidate({ key: ['post', id] });
   * });
   * await changes.committed();
   */
  changesIn(transaction: unknown): TransactionChanges {
    this.#core.assertOpen();
    return changesIn(this.#core, this.#log, transaction);
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
    return new Memo(this.#core);
  }

  /** All figures since the cache was made. */
  stats(): CacheStats {
    const { stamps, authority, tiers } = this.#core;
    return {
      ...summed(this.#parts.map((part) => part.counts)),
      collections: Object.fromEntries([...this.#collections].map(([name, { counts }]) => [name, summed([counts])])),
      tiers: tiers.map(({ name, counts, guard, store }) => ({
        name,
        reads: counts.reads,
        found: counts.hits,
        failures: guard.failures,
        skipped: guard.skipped + counts.overrun,
        breaker: guard.breaker,
        distrusted: this.#distrusted(store),
        usage: isLive(store) ? store.usage : undefined,
        gauges: store.gauges ?? {},
      })),
      log: {
        incarnation: stamps.joined ? stamps.incarnation : '',
        known: stamps.known,
        applied: stamps.applied,
        unsaid: stamps.unsaid,
        silentFor: authority.silentFor,
        silent: authority.silent,
        delivery: authority.delays.stats,
        stamps: stamps.size,
      },
    };
  }

  /** Memory drops what it can't vouch for; what a slower tier has is believed as far as the log is known. */
  #distrusted(store: Store): Distrust {
    const { stamps, authority } = this.#core;
    if (isLive(store)) return 'no';
    if (!stamps.joined || authority.silent) return 'wholly';
    return stamps.unsaid > 0 ? 'partly' : 'no';
  }

  /** Why a key would or would not be served, tier by tier. The key is a whole path, as in {@link Cache.invalidate}. */
  async explain(key: Key, options?: ExplainOptions): Promise<Explanation> {
    const path = pathOf(key);
    const collection = path.length > 1 ? this.#collections.get(path[0]) : undefined;
    return explain(this.#core, collection ?? this.#adHoc, path, collection ? path.slice(1) : path, options);
  }

  /** What the memory tiers hold, a page at a time, in the order of the keys; nothing of it counts as a read. */
  held(options: HeldOptions = {}): HeldPage {
    return heldPage(this.#core, this.#parts, options);
  }

  /** What {@link Cache.invalidate} would drop of what the memory tiers hold. Nothing is changed. */
  wouldDrop(selector: Selector): WouldDrop {
    return wouldDrop(this.#core, this.#parts, changeOf(this.#core.names, selector));
  }

  get #parts(): readonly DefinedCollection<unknown>[] {
    return [...this.#collections.values(), this.#adHoc];
  }

  /**
   * How much of the log this process knows: text to be handed to another process that shall know as much. Take it after a
   * write and give it to whoever wrote, for his next request.
   */
  bookmark(): string {
    return this.#core.authority.bookmark;
  }

  /**
   * Know at least what was known where a bookmark was taken, so that what its holder wrote there is seen here. Asks the log
   * once at most. False if it doesn't answer: then nothing that was held is served.
   *
   * @throws `bad_option` for what is no bookmark.
   */
  async catchUp(bookmark: string, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    this.#core.assertOpen();
    checkOptions('catchUp', options, ['signal']);
    const { signal } = options;
    signalOrNothing('catchUp: signal', signal);
    const caught = this.#core.authority.catchUp(bookmark);
    this.#track(caught);
    return abortable(caught, signal);
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
    if (this.#background) {
      const nothing = () => {};
      this.#background(work.then(nothing, nothing)); // the platform sees to it: what dies with a request never settles
      return;
    }
    const forget = () => void this.#pending.delete(work);
    this.#pending.add(work);
    work.then(forget, forget);
  }

  #keyChanged(path: string, mark: Mark, soft: boolean): void {
    if (!path.startsWith(this.#root)) return;
    const begin = this.#root.length;
    const adHoc = this.#adHoc?.shelves; // a log may be joined before there is anything
    if (adHoc && !adHoc.isEmpty) adHoc.changed(localIdOfText(path.slice(begin - 1)), mark, soft);
    const end = path.indexOf('/', begin);
    if (end < 0) return;
    const shelves = this.#collections.get(unescapeSegment(path.slice(begin, end)))?.shelves;
    shelves?.changed(localIdOfText(path.slice(end)), mark, soft);
  }

  #drop(): void {
    this.#adHoc?.shelves.drop();
    for (const { shelves } of this.#collections.values()) shelves.drop();
  }
}

/** For the mirror of the slowest tier that has one: they all are of the same log. The authority needs none of itself. */
function recorderOf(tiers: readonly Tier[], backend: Tier | undefined, clock: Clock): Recorder | undefined {
  const tier = tiers.findLast((one) => one.store.mirror && one !== backend);
  return tier?.store.mirror && new Recorder(tier.store.mirror, tier.guard, clock);
}
