/** A store of the engine as a key/value store: memory, a file, Redis, tables or IndexedDB behind the same six methods. */
import { LazyAbort } from '../../engine/lazy-abort.ts';
import { isBackend, storageKey } from '../../engine/backend.ts';
import { type Clock, systemClock } from '../../engine/clock.ts';
import type { Entry } from '../../engine/entry.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { describe, type Path } from '../../engine/key.ts';
import type { Position } from '../../engine/log.ts';
import { checkOptions, duration, type Duration, nonEmptyText } from '../../engine/options.ts';
import type { Call, Store, Stored } from '../../engine/store.ts';
import { abortable } from '../../engine/wait.ts';
import { newIncarnation } from '../../logs/local.ts';
import type { KeyValueStore } from '../key-value-store.ts';
import { givenBytes, givenKey } from './given.ts';

/** Options of {@link storeKeyValues}. */
export interface StoreKeyValuesOptions {
  /**
   * Set it where the store is shared, with a cache or with other key/value stores: what all keys begin with. Then `clear`
   * forgets what was put under this prefix and nothing else. Without it the store is this one's own, and `clear` empties it.
   */
  readonly prefix?: string;
  /** How long bytes are wanted after they were put. Default for ever, or as long as the store keeps anything. */
  readonly ttl?: Duration;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

/** A key/value store over a store of the engine. */
export interface StoreKeyValues extends KeyValueStore {
  /** How many puts the store has refused since this was made: there was no room, or the bytes were too many for it. */
  readonly refused: number;
}

/**
 * Keep keyframes in any store or backend of the engine. A store that is handed in stays open, whatever happens to this; to
 * have it opened by `startup` and closed by `shutdown`, hand in a function that opens it. Give a backend the codec
 * `bytesCodec`: others keep bytes as well, in more room.
 *
 * A put that the store refuses isn't kept, and is no failure; what the store throws is thrown on.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const keyframes = storeKeyValues(() => lmdbBackend({ path: '.cache/keyframes', codec: bytesCodec }));
 */
export function storeKeyValues(store: Store | (() => Store), options: StoreKeyValuesOptions = {}): StoreKeyValues {
  const what = 'storeKeyValues';
  checkOptions(what, options, ['prefix', 'ttl', 'clock']);
  const { prefix, ttl = Infinity, clock = systemClock } = options;
  if (prefix !== undefined) nonEmptyText(`${what}: prefix`, prefix);
  if (typeof store !== 'function' && typeof (store as Partial<Store> | null)?.getMany !== 'function')
    throw new TidemarkError('bad_option', `${what}: store must be a store, or open one, not ${describe(store)}`);
  return new StoredValues(store, { prefix, ttl: duration(`${what}: ttl`, ttl), clock });
}

/** Options, checked. */
interface Settings {
  readonly prefix: string | undefined;
  readonly ttl: number;
  readonly clock: Clock;
}

/** No cache has an empty name, so none has a key that begins with an empty segment. */
const ROOT = '';
const FORMAT = 1;
const EMPTY = new Uint8Array(0);
const NOWHERE: Position = { incarnation: '', head: 0 };

/**
 * Where a store is shared, `clear` can't find what is this one's own. So it stores, under the prefix alone, a name for all
 * that comes afterwards: an *era*. Each entry carries the one that it was put in as its etag, every read asks for both, and
 * what is of another era is as good as gone. Should the store lose an era, what it hid may show again.
 */
class StoredValues implements StoreKeyValues {
  refused = 0;
  readonly #open: (() => Store) | undefined;
  readonly #settings: Settings;
  readonly #root: Path;
  readonly #era: string | undefined;
  #store: Store | undefined;
  #position: Position | undefined;
  #closing: Promise<void> | undefined;

  constructor(store: Store | (() => Store), settings: Settings) {
    const { prefix } = settings;
    if (typeof store === 'function') this.#open = store;
    else this.#store = store;
    this.#settings = settings;
    this.#root = prefix === undefined ? [ROOT] : [ROOT, prefix];
    this.#era = prefix === undefined ? undefined : storageKey(this.#root, 'adhoc');
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const [entry, era] = await this.#read([this.#keyOf(key)], signal);
    if (!entry || (era && era.etag !== entry.etag) || !(entry.keptUntil > this.#settings.clock.now())) return undefined;
    return plainBytes(entry.value);
  }

  async put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<void> {
    const [id, bytes] = [this.#keyOf(key), givenBytes(value)];
    const [era] = this.#era === undefined ? [] : await this.#read([], signal);
    if (!(await this.#write(id, bytes, era?.etag, signal))) this.refused++;
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const id = this.#keyOf(key);
    await this.#ask(signal, (store, call) => store.deleteMany([id], call));
  }

  async clear(): Promise<void> {
    if (this.#era === undefined) return this.#ask(undefined, (store, call) => store.clear(call));
    if (await this.#write(this.#era, EMPTY, newIncarnation(), undefined)) return;
    throw new TidemarkError('store_failed', 'the store has no room to note that everything is to be forgotten');
  }

  async startup(): Promise<void> {
    await this.#closing?.catch(() => {}); // whoever shut it down was told
    if (this.#open) this.#store ??= this.#open();
  }

  async shutdown(): Promise<void> {
    const store = this.#store;
    if (this.#open && store) {
      this.#store = this.#position = undefined;
      this.#closing = (async () => store.close?.())();
    }
    await this.#closing;
  }

  #keyOf(key: string): string {
    return storageKey([...this.#root, givenKey(key)], FORMAT);
  }

  /** Ask the store, and wait no longer than the signal allows. */
  async #ask<T>(signal: AbortSignal | undefined, question: (store: Store, call: Call) => T): Promise<Awaited<T>> {
    signal?.throwIfAborted();
    const store = this.#store;
    if (!store)
      throw new TidemarkError('closed', 'a key/value store that opens its store itself must be started first');
    return abortable(
      (async () => question(store, signal ? { signal } : new LazyAbort()))() as Promise<Awaited<T>>,
      signal,
    );
  }

  /** What is under these storage keys, and last the era, where there may be one. */
  #read(ids: readonly string[], signal: AbortSignal | undefined): Promise<readonly (Entry | undefined)[]> {
    const all = this.#era === undefined ? ids : [...ids, this.#era];
    return this.#ask(signal, (store, call) => store.getMany(all, call));
  }

  /** Answers whether it was kept. What the log has overtaken is written once more, as of where the log stands now. */
  async #write(
    id: string,
    value: Uint8Array,
    etag: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const known = this.#position;
    const first = known ?? (await this.#learn(signal));
    const put = async (at: Position) => {
      const record = this.#record(id, value, etag, at);
      const [kept] = await this.#ask(signal, (store, call) => store.setMany([record], call));
      return kept;
    };
    if (await put(first)) return true;
    const now = await this.#learn(signal);
    const moved = now.incarnation !== first.incarnation || now.head !== first.head;
    return moved && put(now);
  }

  async #learn(signal: AbortSignal | undefined): Promise<Position> {
    return (this.#position = await this.#ask(signal, (store, call) =>
      isBackend(store) ? store.log.position(call) : NOWHERE,
    ));
  }

  #record(key: string, value: Uint8Array, etag: string | undefined, { incarnation, head }: Position): Stored {
    const { ttl, clock } = this.#settings;
    const keptUntil = clock.now() + ttl;
    return { key, entry: { value, mark: head, incarnation, dependencies: [], freshUntil: keptUntil, keptUntil, etag } };
  }
}

/** Bytes as a plain `Uint8Array`, whatever class a store's codec has made of them; undefined for anything else. */
function plainBytes(value: unknown): Uint8Array | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  return Object.getPrototypeOf(value) === Uint8Array.prototype ? value : new Uint8Array(value);
}
