/**
 * A KV namespace that lags as the real one may: what is written in one location is seen in another when it likes, up to a
 * bound, and not always in the order in which it was written.
 */
import type { Clock, Random } from '../engine/clock.ts';
import type { KvGetOptions, KvListOptions, KvNamespace, KvPage, KvPutOptions } from '../stores/workers-kv/namespace.ts';
import { seededRandom } from './random.ts';

const LIMITS = { key: 512, value: 25 * 1024 ** 2, metadata: 1024, keys: 100, page: 1000, ttl: 60, cacheTtl: 30 };
const APART = 1000; // milliseconds between two writes of a key

/** Options of {@link laggingKv}. */
export interface LaggingKvOptions {
  readonly clock: Clock;
  /** Which lags there are. Default a generator with a fixed seed. */
  readonly random?: Random;
  /** Milliseconds after which each location knows of a write, at the latest. Default 60,000. */
  readonly maxLag?: number;
  /** How often, from 0 to 1, a location doesn't even know at once of what was written there. Default 0.2. */
  readonly homeLag?: number;
  /** Milliseconds for which a location answers with what it has read, found or not, unless `cacheTtl` says it. Default 60,000. */
  readonly cached?: number;
  /** Operations in an invocation. Default 1,000. */
  readonly operations?: number;
}

/** A namespace with its locations. */
export interface LaggingKv {
  /**
   * The namespace as one invocation of a Worker in a location sees it. Its operations are counted; one too many fails, and
   * so do all after it.
   */
  invocation(location: string): KvNamespace;
  /** What everyone sees in the end: the value last written under a key. */
  truth(key: string): string | undefined;
  /** How often each operation was asked, those that failed included. */
  readonly calls: Readonly<Record<'get' | 'put' | 'delete' | 'list', number>>;
}

/** A namespace that lags, forgets nothing, and enforces the limits of the real one. */
export function laggingKv(options: LaggingKvOptions): LaggingKv {
  return new Lagging(options);
}

/** What a key had from a time on. */
interface Version {
  readonly value: string | undefined;
  readonly at: number;
  readonly expires: number;
  readonly metadata: string | undefined;
  /** When each location learns of it. */
  readonly arrivals: Map<string, number>;
}

class Lagging implements LaggingKv {
  readonly calls = { get: 0, put: 0, delete: 0, list: 0 };
  readonly #options: Required<LaggingKvOptions>;
  /** Versions by key, the oldest first. */
  readonly #versions = new Map<string, Version[]>();
  /** What locations have read, by location and key. */
  readonly #read = new Map<string, { readonly value: string | null; readonly until: number }>();

  constructor(options: LaggingKvOptions) {
    const lags = { random: seededRandom(1), maxLag: 60_000, homeLag: 0.2, cached: 60_000, operations: 1000 };
    this.#options = { ...lags, ...options };
  }

  invocation(location: string): KvNamespace {
    let left = this.#options.operations;
    const count = (operation: keyof Lagging['calls']) => {
      this.calls[operation]++;
      if (left-- <= 0) throw new Error('Too many API requests by single worker invocation.');
    };
    return {
      get: async (keys, options) => (count('get'), this.#get(location, keys, options)),
      put: async (key, value, options) => (count('put'), this.#put(location, key, value, options)),
      delete: async (key) => (count('delete'), this.#write(location, key, undefined, Infinity, undefined, 'DELETE')),
      list: async (options) => (count('list'), this.#list(location, options)),
    };
  }

  truth(key: string): string | undefined {
    return this.#alive(this.#versions.get(key)?.at(-1));
  }

  #get(location: string, keys: string[], { cacheTtl }: KvGetOptions): Map<string, string | null> {
    if (keys.length === 0 || keys.length > LIMITS.keys) throw failure('GET_BULK', 400, 'from 1 to 100 keys');
    if (cacheTtl !== undefined && !(cacheTtl >= LIMITS.cacheTtl)) throw failure('GET_BULK', 400, 'cacheTtl too short');
    const found = new Map<string, string | null>();
    const cached = cacheTtl === undefined ? this.#options.cached : cacheTtl * 1000;
    for (const key of keys) found.set(key, this.#at(location, key, cached));
    const size = [...found.values()].reduce((sum, value) => sum + bytesOf(value ?? ''), 0);
    if (size > LIMITS.value) throw failure('GET_BULK', 413, 'the values are too large together');
    return found;
  }

  /** What a location answers: what it has read before, or what it knows by now. */
  #at(location: string, key: string, cached: number): string | null {
    checkKey('GET', key);
    const place = placeOf(location, key);
    const now = this.#options.clock.now();
    const before = this.#read.get(place);
    if (before && before.until > now) return before.value;
    const value = this.#alive(this.#known(location, key, now)) ?? null;
    this.#read.set(place, { value, until: now + cached });
    return value;
  }

  /** The version that reached a location last, though it may not be the newest; that one, once all must have arrived. */
  #known(location: string, key: string, now: number): Version | undefined {
    const versions = this.#versions.get(key) ?? [];
    const newest = versions.at(-1);
    if (!newest || now >= newest.at + this.#options.maxLag) return newest;
    let known: Version | undefined;
    let latest = -Infinity;
    for (const version of versions) {
      const arrival = this.#arrival(version, location);
      if (arrival > now || arrival < latest) continue;
      [known, latest] = [version, arrival];
    }
    return known;
  }

  #arrival(version: Version, location: string): number {
    const { random, maxLag } = this.#options;
    let arrival = version.arrivals.get(location);
    if (arrival === undefined) version.arrivals.set(location, (arrival = version.at + Math.floor(random() * maxLag)));
    return arrival;
  }

  #put(location: string, key: string, value: string, { expirationTtl, metadata }: KvPutOptions): void {
    if (bytesOf(value) > LIMITS.value) throw failure('PUT', 413, 'the value is too large');
    const beside = metadata && JSON.stringify(metadata);
    if (bytesOf(beside ?? '') > LIMITS.metadata) throw failure('PUT', 413, 'the metadata are too large');
    if (expirationTtl !== undefined && !(Number.isSafeInteger(expirationTtl) && expirationTtl >= LIMITS.ttl))
      throw failure('PUT', 400, `an expirationTtl of ${expirationTtl}`);
    this.#write(location, key, value, expirationTtl ?? Infinity, beside, 'PUT');
  }

  #write(
    location: string,
    key: string,
    value: string | undefined,
    seconds: number,
    metadata: string | undefined,
    operation: string,
  ): void {
    checkKey(operation, key);
    const { clock, random, homeLag, maxLag } = this.#options;
    const at = clock.now();
    const versions = this.#versions.get(key) ?? [];
    if (at - (versions.at(-1)?.at ?? -Infinity) < APART) throw failure(operation, 429, 'Too Many Requests');
    const late = random() < homeLag;
    const arrivals = new Map([[location, late ? at + Math.floor(random() * maxLag) : at]]);
    if (!late) this.#read.delete(placeOf(location, key));
    this.#versions.set(key, [...versions, { value, at, expires: at + seconds * 1000, metadata, arrivals }]);
  }

  /** The keys that a location knows of, with what it has read of none of them. */
  #list(location: string, { prefix, limit, cursor = '' }: KvListOptions): KvPage {
    if (!(limit >= 1 && limit <= LIMITS.page)) throw failure('LIST', 400, 'from 1 to 1,000 keys');
    const now = this.#options.clock.now();
    const names = [...this.#versions.keys()]
      .filter((key) => key.startsWith(prefix) && key > cursor)
      .filter((key) => this.#alive(this.#known(location, key, now)) !== undefined)
      .toSorted((a, b) => (a < b ? -1 : 1));
    const keys = names.slice(0, limit).map((name) => ({ name, metadata: this.#metadata(location, name, now) }));
    if (names.length <= limit) return { keys, list_complete: true };
    return { keys, list_complete: false, cursor: names[limit - 1] };
  }

  #metadata(location: string, key: string, now: number): unknown {
    const text = this.#known(location, key, now)?.metadata;
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  }

  #alive(version: Version | undefined): string | undefined {
    return version && version.expires > this.#options.clock.now() ? version.value : undefined;
  }
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

const placeOf = (location: string, key: string): string => JSON.stringify([location, key]);

function checkKey(operation: string, key: string): void {
  if (key === '' || key === '.' || key === '..') throw failure(operation, 400, `no key is ${JSON.stringify(key)}`);
  if (bytesOf(key) > LIMITS.key) throw failure(operation, 414, 'the key is too long');
}

function failure(operation: string, status: number, what: string): Error {
  return new Error(`KV ${operation} failed: ${status} ${what}`);
}
