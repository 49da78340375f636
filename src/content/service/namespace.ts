/** What all services of one namespace share: a collection of the cache, the misses that are being loaded for, and the figures. */
import type { Cache } from '../../engine/cache.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Answer, Collection } from '../../engine/collection.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { encodePath, type Key } from '../../engine/key.ts';
import { type MaybePromise, isPromise } from '../../engine/maybe.ts';
import { aFunction } from '../../engine/options.ts';
import { copy } from '../../engine/values.ts';
import type { CacheConfig } from './cache-config.ts';
import { type CacheStats, noOutcomes, type Outcomes } from './figures.ts';
import { selectorOf } from './glob.ts';
import { KeyPaths } from './key-paths.ts';
import { Misses } from './misses.ts';
import { stableHash } from '../stable-hash.ts';

/** A value as it is kept: with when it was put there, and for how long. Times in milliseconds. */
export interface Kept<T = unknown> {
  readonly data: T;
  readonly at: number;
  readonly ttl: number;
}

/** Which keys are kept at all. */
export interface Switches {
  /** Whether a key may be read from the cache and kept in it. */
  allows(namespace: string, key: string): boolean;
}

/** What a namespace works with. */
export interface NamespaceSettings {
  readonly cache: Cache;
  readonly switches: Switches | undefined;
  readonly version: string | undefined;
  readonly values: 'copied' | 'frozen';
  /** Milliseconds. */
  readonly fillWithin: number;
  readonly clock: Clock;
}

/** What memory holds under a key. */
export interface HeldKey {
  readonly key: string;
  readonly kept: Kept;
}

/** What a read found: what was kept, and where. */
export interface Found<T = unknown> {
  readonly kept: Kept<T> | undefined;
  readonly source: 'memory' | 'kv' | 'miss';
}

const FORMAT = 'kept 1';
const NOTHING: Found = { kept: undefined, source: 'miss' };

/** One namespace of a cache. */
export class Namespace {
  readonly name: string;
  readonly #paths: KeyPaths;
  readonly #settings: NamespaceSettings;
  readonly #collection: Collection<Kept>;
  readonly #fixed: string;
  readonly #memory: ReadonlySet<string>;
  readonly #misses: Misses;
  #outcomes: Outcomes = noOutcomes();

  /** Throws `bad_option` if the cache has a collection of that name. */
  constructor(config: CacheConfig, settings: NamespaceSettings) {
    const { cache, version, clock, fillWithin } = settings;
    this.name = config.namespace;
    this.#paths = new KeyPaths(this.name);
    this.#settings = settings;
    this.#misses = new Misses(clock, fillWithin);
    const live = cache.stats().tiers.filter(({ usage }) => usage);
    this.#memory = new Set(live.map(({ name }) => name));
    this.#fixed = this.#fixedOf(config);
    const tiers = this.#tiersOf(config);
    this.#collection = cache.define<Kept, Key>(this.name, {
      staleFor: (config.staleFor ?? 0) * 1000,
      graceFor: (config.graceFor ?? 0) * 1000,
      version: stableHash(`${FORMAT} ${version ?? ''}`) + 1, // nobody else's values are looked at
      ...(tiers && { tiers }),
    });
  }

  get outcomes(): Readonly<Outcomes> {
    return this.#outcomes;
  }

  /** Counting begins anew. */
  resetOutcomes(): void {
    this.#outcomes = noOutcomes();
  }

  /** A namespace is kept where it was first told. Throws `bad_option` for settings that say otherwise. */
  assertSame(config: CacheConfig): void {
    if (this.#fixedOf(config) !== this.#fixed)
      throw new TidemarkError(
        'bad_option',
        `CacheService: '${this.name}' is in use; its tiers, staleFor and graceFor can't be changed`,
      );
  }

  #fixedOf(config: CacheConfig): string {
    const { staleFor = 0, graceFor = 0 } = config;
    return JSON.stringify([this.#tiersOf(config) ?? 'all', staleFor, graceFor]);
  }

  /** Undefined for all. */
  #tiersOf({ memoryEnabled, kvEnabled }: CacheConfig): readonly string[] | undefined {
    if (memoryEnabled && kvEnabled) return undefined;
    const { tiers } = this.#settings.cache.stats();
    return tiers.map(({ name }) => name).filter((name) => (this.#memory.has(name) ? memoryEnabled : kvEnabled));
  }

  /** Read what is there. */
  find(key: string): MaybePromise<Found> {
    if (!this.#allows(key)) return this.#missed(key);
    const answer = this.#collection.ask(this.#paths.path(key));
    return isPromise(answer) ? answer.then((one) => this.#found(key, one)) : this.#found(key, answer);
  }

  #found(key: string, { value, from, tier }: Answer<Kept>): Found {
    if (!value || tier === undefined) return this.#missed(key);
    return { kept: value, source: this.#hit(tier, from) };
  }

  #missed(key: string): Found {
    this.#outcomes.nothing++;
    this.#misses.add(key, this.#collection.begin());
    return NOTHING;
  }

  /** Read what is there, or load it: once for all who ask meanwhile. */
  async load(key: string, fetcher: () => unknown, ttlOf: (data: unknown) => number): Promise<unknown> {
    aFunction('getOrSet: fetcher', fetcher);
    try {
      if (this.#allows(key)) return this.given(this.#counted(await this.#loaded(key, fetcher, ttlOf)));
      const data = await fetcher();
      this.#outcomes.loaded++;
      return data;
    } catch (error) {
      this.#outcomes.failed++;
      throw error;
    }
  }

  /** The same without an answer, and without a read in the figures. */
  async warm(key: string, fetcher: () => unknown, ttlOf: (data: unknown) => number): Promise<void> {
    aFunction('warmCache: fetcher', fetcher);
    if (this.#allows(key)) await this.#loaded(key, fetcher, ttlOf);
  }

  async #loaded(key: string, fetcher: () => unknown, ttlOf: (data: unknown) => number): Promise<Answer<Kept>> {
    return this.#collection.ask(this.#paths.path(key), {
      load: async (_, ctx) => {
        const data = this.#taken(await fetcher());
        const ttl = ttlOf(data);
        ctx.ttl(ttl);
        return { data, at: this.now(), ttl };
      },
    });
  }

  #counted({ value, from, tier }: Answer<Kept>): Kept {
    if (from === 'load') this.#outcomes.loaded++;
    else if (tier === undefined) this.#outcomes.graced++;
    else this.#hit(tier, from);
    return value!;
  }

  #hit(tier: string, from: Answer['from']): 'memory' | 'kv' {
    const source = this.#memory.has(tier) ? 'memory' : 'kv';
    this.#outcomes[source]++;
    if (from !== 'tier') this.#outcomes.stale++;
    return source;
  }

  /**
   * Keep a value. If its key was asked for in vain, that is what was loaded for it: kept unless something has changed since.
   * Otherwise it is a change; one that brings nothing, if it can't be told which of the two it is. `warm` is set by who has
   * asked for nothing.
   */
  async set(key: string, value: unknown, ttl: number, who: 'reader' | 'warm' = 'reader'): Promise<void> {
    const path = this.#paths.path(key);
    const data = this.#taken(value);
    const kept: Kept = { data, at: this.now(), ttl };
    const since = this.#misses.oldest(key);
    const allowed = this.#allows(key);
    if (since) {
      const done = allowed ? await this.#collection.keep(path, kept, since, { ttl }) : true;
      if (done && who === 'reader') this.#misses.answer(key);
    } else if (!allowed || this.#misses.mayHaveForgotten(key)) await this.#collection.invalidate(path);
    else await this.#collection.set(path, kept, { ttl });
  }

  /** What changed isn't served any more: one change, whatever it reaches. */
  async drop(keys: readonly string[]): Promise<void> {
    await this.#settings.cache.invalidate({ keys: keys.map((key) => this.#paths.whole(key)) });
  }

  async dropMatching(glob: string): Promise<void> {
    await this.#settings.cache.invalidate(selectorOf(this.name, glob));
  }

  async dropAll(): Promise<void> {
    await this.#collection.invalidate();
  }

  /** What memory has fresh, without a trace of having looked. */
  peek(key: string): Kept | undefined {
    if (!this.#allows(key)) return undefined;
    const value = this.#collection.peek(this.#paths.path(key));
    return isKept(value) ? value : undefined;
  }

  /** What any tier has that a read would serve, or, of `kv`, that it would serve alone; without a trace of having looked. */
  async look(key: string, where: 'anywhere' | 'kv' = 'anywhere'): Promise<Kept | undefined> {
    const near = where === 'anywhere' ? this.peek(key) : undefined;
    if (near || !this.#allows(key)) return near;
    const { cache } = this.#settings;
    if (cache.stats().log.incarnation === '') await cache.catchUp(cache.bookmark()); // nothing is vouched for before
    const { tiers } = await cache.explain(this.#paths.whole(key), { values: true });
    const right = tiers.filter(({ verdict, freshFor = 0 }) => verdict === 'valid' && freshFor > 0);
    const found = right.find(({ tier }) => where === 'anywhere' || !this.#memory.has(tier))?.value;
    return isKept(found) ? found : undefined;
  }

  /** A page of what memory has fresh, in the order of the keys, and where the next one goes on. */
  page(
    after: string | undefined,
    limit: number,
  ): { readonly entries: readonly HeldKey[]; readonly next: string | undefined } {
    const from = after === undefined ? {} : { after: encodePath(this.#paths.whole(after)) };
    const { entries, next } = this.#settings.cache.held({ prefix: [this.name], limit, values: true, ...from });
    const held = new Map<string, Kept>();
    let last = after;
    for (const { key, valid, freshFor, value } of entries) {
      last = this.#paths.text(key.slice(1));
      if (valid && freshFor > 0 && isKept(value)) held.set(last, value);
    }
    return { entries: Array.from(held, ([key, kept]) => ({ key, kept })), next: next === undefined ? undefined : last };
  }

  get usage(): Pick<CacheStats, 'memorySize' | 'entryCount'> {
    const { cache } = this.#settings;
    const bytes = cache.stats().tiers.map(({ usage }) => usage?.bytes);
    return {
      memorySize: bytes.every((one) => one === undefined)
        ? undefined
        : bytes.reduce<number>((sum, n) => sum + (n ?? 0), 0),
      entryCount: cache.wouldDrop({ prefix: [this.name] }).entries,
    };
  }

  now(): number {
    return this.#settings.clock.now();
  }

  /** The value as a caller gets it: its own, unless nobody can change it and that is wanted. */
  given(kept: Kept): unknown {
    return this.#settings.values === 'frozen' && Object.isFrozen(kept) ? kept.data : copy(kept.data);
  }

  /** The value as the cache takes it. */
  #taken(data: unknown): unknown {
    return this.#settings.values === 'copied' ? copy(data) : data;
  }

  #allows(key: string): boolean {
    return this.#settings.switches?.allows(this.name, key) ?? true;
  }
}

/** Has this been kept by a namespace? Asked of what is looked at without reading it. */
function isKept(value: unknown): value is Kept {
  return typeof value === 'object' && value !== null && 'data' in value && 'at' in value && 'ttl' in value;
}
