/** A `CacheService` as programs know it, over one namespace of a cache. */
// oxlint-disable typescript/no-unnecessary-type-parameters -- callers name the type of what they read: get<Post>(key)
import { isPromise } from '../../engine/maybe.ts';
import { checkOptions, list, positiveInteger } from '../../engine/options.ts';
import { weigh } from '../../policies/weight.ts';
import { type CacheConfig, ttlOf } from './cache-config.ts';
import { generateCacheKey } from './cache-keys.ts';
import { type CacheStats, figuresOf } from './figures.ts';
import type { Kept, Namespace } from './namespace.ts';

/** A value, and where it came from. */
export interface CacheResult<T> {
  readonly data: T | null;
  readonly source: 'memory' | 'kv' | 'miss';
  readonly hit: boolean;
  /** Milliseconds since the epoch at which it was put there. */
  readonly timestamp?: number;
  /** Seconds for which it stays fresh; 0 if it is old by time. */
  readonly ttl?: number;
}

/** A value with all that is known of it. */
export interface CacheEntry<T> {
  readonly data: T;
  /** Milliseconds since the epoch: when it was put there, and when it ends to be fresh. */
  readonly timestamp: number;
  readonly expiresAt: number;
  /** Seconds for which it stays fresh. */
  readonly ttl: number;
  /** Bytes that it takes in memory, estimated. */
  readonly size: number;
}

/** A key that memory holds. */
export interface ListedKey {
  readonly key: string;
  readonly size: number;
  readonly expiresAt: number;
  /** Milliseconds since it was put there. */
  readonly age: number;
}

/** Keys in order, and where the next page goes on; `undefined` after the last one. */
export type KeyList = readonly ListedKey[] & { readonly next: string | undefined };

/** How long a value is kept, in seconds: alone, or as a part of a configuration. */
export type CacheTime = number | Partial<CacheConfig>;

/** A value to warm a cache with: read already, or, which is better, to be fetched where it is missing. */
export type WarmEntry<T = unknown> =
  | { readonly key: string; readonly value: T }
  | { readonly key: string; readonly fetcher: () => T | Promise<T> };

const LISTED = 1000;

/**
 * A cache for one namespace: reads answer with `null` for what isn't there, times are in seconds, keys are texts parted by
 * colons. Made by `services.get` or `getCacheService`; services of the same namespace share everything but their times.
 */
export class CacheService {
  readonly config: CacheConfig;
  readonly #namespace: Namespace;

  /** For `createCacheServices`. */
  constructor(config: CacheConfig, namespace: Namespace) {
    this.config = config;
    this.#namespace = namespace;
  }

  /** The value, or `null`. Counts as one read. */
  async get<T = unknown>(key: string): Promise<T | null> {
    const found = this.#namespace.find(key);
    const { kept } = isPromise(found) ? await found : found;
    return kept ? this.#given<T>(kept) : null;
  }

  /** The value with where it came from, since when it is there and how long it stays. Counts as one read. */
  async getWithSource<T = unknown>(key: string): Promise<CacheResult<T>> {
    const found = this.#namespace.find(key);
    const { kept, source } = isPromise(found) ? await found : found;
    if (!kept) return { data: null, source, hit: false };
    const ttl = Math.max(0, kept.at + kept.ttl - this.#namespace.now()) / 1000;
    return { data: this.#given<T>(kept), source, hit: true, timestamp: kept.at, ttl };
  }

  /**
   * Keep a value. After a read that found nothing it is what was loaded for that read: it isn't kept if something has
   * changed since. Otherwise it is a change, which every other copy gives way to.
   *
   * @throws `bad_value` for what can't be kept, `bad_option`.
   */
  async set<T>(key: string, value: T, time?: CacheTime): Promise<void> {
    await this.#namespace.set(key, value, ttlOf(this.config, value, time));
  }

  /** The value isn't served any more, here or anywhere. Where KV has a copy, that isn't touched and never served. */
  async delete(key: string): Promise<void> {
    await this.#namespace.drop([key]);
  }

  /** Nothing of this namespace is served any more, in any tier, here or anywhere. The figures begin anew. */
  async clear(): Promise<void> {
    await this.#namespace.dropAll();
    this.#namespace.resetOutcomes();
  }

  /**
   * Nothing that matches is served any more: one change, however much it reaches, so no count is known of it. `*` is any
   * number of characters, `?` one; a segment that has either stands for one or more whole segments.
   *
   * @throws `bad_pattern` for what is no text.
   */
  async invalidate(pattern: string): Promise<void> {
    await this.#namespace.dropMatching(pattern);
  }

  /** The same as {@link CacheService.invalidate}. */
  async invalidatePattern(pattern: string): Promise<void> {
    await this.invalidate(pattern);
  }

  /** Whether `get` would find a value. No read in the figures. */
  async has(key: string): Promise<boolean> {
    const kept = await this.#namespace.look(key);
    return kept !== undefined && kept.data !== null && kept.data !== undefined;
  }

  /** The values that are there, by key: one read of each tier for all of them. */
  async getMany<T = unknown>(keys: readonly string[]): Promise<Map<string, T>> {
    list('getMany: keys', keys);
    const unique = [...new Set(keys)];
    const values = await Promise.all(unique.map((key) => this.get<T>(key)));
    return new Map(unique.flatMap((key, i) => (values[i] === null ? [] : [[key, values[i]]])));
  }

  /** Several times {@link CacheService.set}. */
  async setMany<T>(entries: readonly { readonly key: string; readonly value: T }[], time?: CacheTime): Promise<void> {
    list('setMany: entries', entries);
    await Promise.all(entries.map(({ key, value }) => this.set(key, value, time)));
  }

  /** Several keys as one change. */
  async deleteMany(keys: readonly string[]): Promise<void> {
    list('deleteMany: keys', keys);
    await this.#namespace.drop(keys);
  }

  /**
   * The value that is there, or what the fetcher brings: it runs once for all who ask meanwhile. What a change has overtaken
   * is answered to those who asked before the change, and not kept. `null` and `undefined` are kept for `negativeTtl`.
   */
  async getOrSet<T>(key: string, fetcher: () => T | Promise<T>, time?: CacheTime): Promise<T> {
    return (await this.#namespace.load(key, fetcher, (data) => ttlOf(this.config, data, time))) as T;
  }

  /**
   * Keep values before they are asked for. A fetcher is run only where there is nothing, and what it brings is dropped if a
   * change overtakes it; a value that has been read already is taken as by {@link CacheService.set}. No reads in the figures.
   */
  async warmCache<T>(entries: readonly WarmEntry<T>[], time?: CacheTime): Promise<void> {
    list('warmCache: entries', entries);
    for (const entry of entries) {
      if ('fetcher' in entry)
        await this.#namespace.warm(entry.key, entry.fetcher, (data) => ttlOf(this.config, data, time));
      else await this.#namespace.set(entry.key, entry.value, ttlOf(this.config, entry.value, time), 'warm');
    }
  }

  /** Keys that memory has fresh, in order, a page at a time. No reads in the figures. */
  async listKeys(options: { readonly after?: string; readonly limit?: number } = {}): Promise<KeyList> {
    checkOptions('listKeys', options, ['after', 'limit']);
    const limit = positiveInteger('listKeys: limit', options.limit ?? LISTED);
    const { entries, next } = this.#namespace.page(options.after, limit);
    const now = this.#namespace.now();
    const listed = entries.map(({ key, kept: { data, at, ttl } }) => {
      return { key, size: weigh(data), expiresAt: at + ttl, age: now - at };
    });
    return Object.assign(listed, { next });
  }

  /** A value with all that is known of it, from the first tier that has it fresh, or `null`. No read in the figures. */
  async getEntry<T = unknown>(key: string): Promise<CacheEntry<T> | null> {
    const kept = await this.#namespace.look(key);
    if (!kept) return null;
    const { at, ttl } = kept;
    const left = Math.max(0, at + ttl - this.#namespace.now()) / 1000;
    return { data: this.#given<T>(kept) as T, timestamp: at, expiresAt: at + ttl, ttl: left, size: weigh(kept.data) };
  }

  /** Figures since the service was made or last cleared. To count the values in memory it goes through all of them. */
  getStats(): CacheStats {
    return { ...figuresOf(this.#namespace.outcomes), ...this.#namespace.usage };
  }

  /** The key of something in this namespace, in this version. */
  generateKey(type: string, identifier: string = ''): string {
    return generateCacheKey(this.config.namespace, type, identifier, this.config.version);
  }

  /**
   * The value that memory has fresh, or `null`, at once; always `null` where each read has to ask the log first
   * (`consistency: 'strong'`). No read in the figures.
   */
  getFromMemory<T = unknown>(key: string): T | null {
    const kept = this.#namespace.peek(key);
    return kept ? this.#given<T>(kept) : null;
  }

  /** The value that KV, or whatever else there is beyond memory, has fresh, or `null`. No read in the figures. */
  async getFromKV<T = unknown>(key: string): Promise<T | null> {
    const kept = await this.#namespace.look(key, 'kv');
    return kept ? this.#given<T>(kept) : null;
  }

  /** {@link CacheService.set}: a value is put into all tiers or none, or they would tell different things. */
  async setInMemory<T>(key: string, value: T, ttl?: number): Promise<void> {
    await this.set(key, value, ttl);
  }

  /** {@link CacheService.set}: a value is put into all tiers or none, or they would tell different things. */
  async setInKV<T>(key: string, value: T, ttl?: number): Promise<void> {
    await this.set(key, value, ttl);
  }

  #given<T>(kept: Kept): T | null {
    return (this.#namespace.given(kept) ?? null) as T | null;
  }
}
