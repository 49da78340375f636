/** The two forms in which Keyv takes a store: with times to live (version 5), and with absolute times (version 6). */
import type { Clock } from '../engine/clock.ts';
import { checkOptions } from '../engine/options.ts';
import { openLmdbCache } from './index.ts';
import type { Cache, CacheOptions } from './types.ts';

const SLICE = 500;

/** What both forms have in common. A call that fails rejects, and Keyv tells its listeners. */
abstract class KeyvStore {
  readonly #given: Cache | CacheOptions;
  #opened: Promise<Cache> | undefined;
  /** Keyv's namespace, set by Keyv: a store is for one Keyv at a time. */
  namespace: string | undefined = undefined;

  constructor(given: Cache | CacheOptions) {
    checkOptions('keyvStore: cache', given, Object.keys(given ?? {}));
    this.#given = given;
  }

  /** The cache, opened when it is first needed if it hasn't been handed in. */
  protected async cache(): Promise<Cache> {
    const given = this.#given;
    if ('get' in given) return given;
    return (this.#opened ??= openLmdbCache(given));
  }

  /** Where the keys of calls lie. */
  protected abstract space(): Promise<Cache>;

  /** The value that was set, if it is there. */
  async get<Value = unknown>(key: string): Promise<Value | undefined> {
    return (await this.space()).get(key) as Promise<Value | undefined>;
  }

  /** Values by position. */
  async getMany<Value = unknown>(keys: readonly string[]): Promise<(Value | undefined)[]> {
    const space = await this.space();
    return Promise.all(keys.map((key) => space.get(key) as Promise<Value | undefined>));
  }

  /** Is the key there? */
  async has(key: string): Promise<boolean> {
    return (await this.space()).has(key);
  }

  /** Remove a key; tells whether it was there. */
  async delete(key: string): Promise<boolean> {
    const space = await this.space();
    const there = await space.has(key);
    await space.del(key);
    return there;
  }

  /** Keyv listens for errors here. There are none to hear: each is told by the call that failed. */
  on(_event: string, _listener: (...args: never[]) => void): this {
    return this;
  }

  /** Close the cache if it was opened for this store; one that was handed in stays open. */
  async disconnect(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined); // what couldn't be opened needs no closing
    await opened?.close();
  }
}

/** A store for Keyv 5. Its keys are those that Keyv makes: they begin with Keyv's namespace. */
export class TtlKeyvStore extends KeyvStore {
  readonly #separator: string | undefined;
  /** Keyv 5 looks here for the names of the stores that it lets iterate. This is none of them. */
  readonly opts: { readonly url: string; readonly dialect: string } = { url: 'tidemark:', dialect: 'tidemark' };

  constructor(given: Cache | CacheOptions, separator: string | undefined) {
    super(given);
    this.#separator = separator;
  }

  protected override space(): Promise<Cache> {
    return this.cache();
  }

  /** Keep a value for `ttl` milliseconds, or, without one, for as long as the cache keeps what isn't told. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await (await this.cache()).set(key, value, { ttlMs: ttl });
    return true;
  }

  /** The same for many, in one step. Keyv declares no answer and hands on what it gets: that each was kept. */
  async setMany(entries: readonly { key: string; value: unknown; ttl?: number | undefined }[]): Promise<void> {
    const cache = await this.cache();
    await cache.batch(entries.map(({ key, value, ttl }) => ({ type: 'put', key, value, ttlMs: ttl })));
    return entries.map(() => true) as unknown as undefined;
  }

  /** Remove many in one step; true if all of them were there. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const there = await removed(await this.cache(), keys);
    return there.every(Boolean);
  }

  /** Remove what is in Keyv's namespace: all there is if it has none, or puts none before its keys. */
  async clear(): Promise<void> {
    const cache = await this.cache();
    const prefix = this.#prefixOf(this.namespace);
    if (prefix === '') return void (await cache.clear());
    const keys: string[] = [];
    for await (const [key] of cache.entries()) {
      if (key.startsWith(prefix)) keys.push(key);
      if (keys.length === SLICE) await remove(cache, keys.splice(0));
    }
    await remove(cache, keys);
  }

  /** Keys of a namespace as they stand, its name before them, with their values. */
  async *iterator<Value = unknown>(namespace?: string): AsyncGenerator<[key: string, value: Awaited<Value>], void> {
    const prefix = this.#prefixOf(namespace);
    for await (const [key, value] of (await this.cache()).entries())
      if (key.startsWith(prefix)) yield [key, value as Awaited<Value>];
  }

  #prefixOf(namespace: string | undefined): string {
    return namespace && this.#separator ? namespace + this.#separator : '';
  }
}

/** A store for Keyv 6. Each of Keyv's namespaces is a namespace of the cache. */
export class ExpiringKeyvStore extends KeyvStore {
  /** Says that times are absolute. */
  readonly capabilities: { readonly compatible: true; readonly store: 'keyvStorage'; readonly expires: true } = {
    compatible: true,
    store: 'keyvStorage',
    expires: true,
  };
  readonly #clock: Clock;
  #view: { readonly namespace: string; readonly cache: Cache } | undefined;

  constructor(given: Cache | CacheOptions, clock: Clock) {
    super(given);
    this.#clock = clock;
  }

  protected override async space(): Promise<Cache> {
    const { namespace } = this;
    const cache = await this.cache();
    if (!namespace) return cache;
    if (this.#view?.namespace !== namespace) this.#view = { namespace, cache: cache.withNamespace(namespace) };
    return this.#view.cache;
  }

  /** Keep a value until `expires`, in milliseconds since the epoch, or, without it, for as long as the cache keeps what isn't told. */
  async set(key: string, value: unknown, expires?: number): Promise<boolean> {
    const space = await this.space();
    await space.set(key, value, { ttlMs: this.#left(expires) });
    return true;
  }

  /** The same for many, in one step. */
  async setMany(entries: readonly { key: string; value: unknown; expires?: number | undefined }[]): Promise<boolean[]> {
    const space = await this.space();
    await space.batch(
      entries.map(({ key, value, expires }) => ({ type: 'put', key, value, ttlMs: this.#left(expires) })),
    );
    return entries.map(() => true);
  }

  /** Which keys are there, by position. */
  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    const space = await this.space();
    return Promise.all(keys.map((key) => space.has(key)));
  }

  /** Remove many in one step; tells by position which were there. */
  async deleteMany(keys: readonly string[]): Promise<boolean[]> {
    return removed(await this.space(), keys);
  }

  /** Remove what is in Keyv's namespace; without one, what is in none. */
  async clear(): Promise<void> {
    await (await this.space()).clear();
  }

  /** The keys of Keyv's namespace with their values. */
  async *iterator<Value = unknown>(): AsyncGenerator<[key: string, value: Awaited<Value>], void> {
    yield* (await this.space()).entries() as AsyncGenerator<[string, Awaited<Value>], void>;
  }

  #left(expires: number | undefined): number | undefined {
    return expires === undefined ? undefined : Math.max(expires - this.#clock.now(), 0);
  }
}

async function removed(cache: Cache, keys: readonly string[]): Promise<boolean[]> {
  const there = await Promise.all(keys.map((key) => cache.has(key)));
  await remove(cache, keys);
  return there;
}

function remove(cache: Cache, keys: readonly string[]): Promise<void> {
  return cache.batch(keys.map((key) => ({ type: 'del', key })));
}
