/** The store: what is read in bulk, what is written at its pace, what is counted. */
import type { Clock } from '../../engine/clock.ts';
import type { Codec } from '../../engine/codec.ts';
import type { Entry } from '../../engine/entry.ts';
import { TidemarkError } from '../../engine/errors.ts';
import type { Call, Store, Stored } from '../../engine/store.ts';
import { Counted, type KvBudget, type KvOperation, type KvOperations } from './budget.ts';
import { entryOfText, textOfEntry } from './envelope.ts';
import { metadataOf, nameOf } from './names.ts';
import type { KvNamespace } from './namespace.ts';
import { Pace } from './pace.ts';

const MOST_KEYS = 100; // of one read
const MOST_CHANGES = 1000; // of one call: no request may ask for more
const MOST_LISTED = 1000; // of one page
const LEAST_TTL = 60; // seconds
const MOST_TTL = 2 ** 31; // seconds: beyond, KV's own reckoning would end

/** What a store on KV has done since it was made, and how full it is. */
export interface KvUsage {
  /** What was asked of KV, by all requests together, and what wasn't since a budget or a bound was used up. */
  readonly operations: KvOperations;
  /** Writes and deletes whose place a newer one of their key took before they were sent. */
  readonly coalesced: number;
  /** Keys with a write or a delete that waits for its second. */
  readonly waiting: number;
  /** Entries not kept since they were too large. */
  readonly tooLarge: number;
  /** Writes and deletes that KV refused since the key had been written elsewhere within the second. */
  readonly refused: number;
  /** Values found that couldn't be read as entries. */
  readonly unreadable: number;
  /** A `clear` has reached its bound: there may be more that the next one deletes. */
  readonly clearing: boolean;
}

/** A store in a KV namespace. Several caches may share it, at once or one after the other: closing one of them ends nothing here. */
export interface WorkersKvStore extends Store {
  readonly sync: false;
  readonly usage: KvUsage;
}

/** Options, checked. */
export interface KvSettings {
  readonly namespace: KvNamespace;
  readonly prefix: string;
  readonly codec: Codec;
  readonly name: string;
  /** Milliseconds. */
  readonly ttlCap: number;
  /** Seconds. */
  readonly cacheTtl: number | undefined;
  readonly maxBytes: number;
  readonly maxWaiting: number;
  readonly clearAtOnce: number;
  readonly defer: ((work: Promise<unknown>) => void) | undefined;
  readonly budget: () => KvBudget | undefined;
  readonly clock: Clock;
}

/** What is to become of a key: a value in the place of what was there, or nothing. */
interface Change {
  readonly put?: { readonly text: string; readonly keptUntil: number };
  /** KV's name of the key, where that is all that is known of it. */
  readonly name?: string;
}

/** A store in a KV namespace. */
export class KvStore implements WorkersKvStore {
  readonly name: string;
  readonly sync = false as const;
  readonly #settings: KvSettings;
  readonly #pace: Pace<Change>;
  readonly #all = new Counted(Infinity);
  readonly #counts = { tooLarge: 0, refused: 0, unreadable: 0, dropped: 0 };
  /** Where the last `clear` stopped. */
  #cursor: string | undefined;

  constructor(settings: KvSettings) {
    this.name = settings.name;
    this.#settings = settings;
    const { clock, maxWaiting: most } = settings;
    this.#pace = new Pace({
      clock,
      most,
      send: (key, change) => this.#send(key, change),
      defer: (work) => this.#keepAlive(work),
    });
  }

  get usage(): KvUsage {
    const { dropped, ...counts } = this.#counts;
    const { coalesced, waiting } = this.#pace;
    const operations = { ...this.#all.operations, dropped: dropped + this.#pace.dropped };
    return { operations, coalesced, waiting, ...counts, clearing: this.#cursor !== undefined };
  }

  /** The same as numbers, and what the present request may still ask, if it has a budget. */
  get gauges(): Readonly<Record<string, number>> {
    const { operations, clearing, ...counts } = this.usage;
    const left = this.#settings.budget()?.left;
    return { ...operations, ...counts, clearing: Number(clearing), ...(left !== undefined && { left }) };
  }

  async getMany(keys: readonly string[], { signal }: Call): Promise<readonly (Entry | undefined)[]> {
    signal.throwIfAborted();
    const texts = new Map<string, string | null | undefined>();
    const asked: string[] = [];
    for (const key of new Set(keys)) {
      const waiting = this.#pace.newest(key);
      if (waiting) texts.set(key, waiting.put?.text);
      else asked.push(key);
    }
    const names = await Promise.all(asked.map(async (key) => nameOf(this.#settings.prefix, key)));
    const reads: Promise<ReadonlyMap<string, string | null>>[] = [];
    for (let from = 0; from < names.length; from += MOST_KEYS)
      reads.push(this.#read(names.slice(from, from + MOST_KEYS)));
    const pages = await Promise.all(reads);
    asked.forEach((key, i) => texts.set(key, pages[Math.floor(i / MOST_KEYS)].get(names[i])));
    const entries = new Map([...texts].map(([key, text]) => [key, this.#entryOf(text)]));
    return keys.map((key) => entries.get(key));
  }

  async setMany(records: readonly Stored[], { signal }: Call): Promise<readonly boolean[]> {
    signal.throwIfAborted();
    const changes = new Map<string, Change | undefined>(); // of two records of a key, the last
    for (const { key, entry } of records) changes.set(key, this.#changeTo(entry));
    const kept = await this.#change(changes);
    return records.map(({ key }) => kept.get(key)!);
  }

  async deleteMany(keys: readonly string[], { signal }: Call): Promise<void> {
    signal.throwIfAborted();
    await this.#change(new Map(keys.map((key) => [key, {}])));
  }

  /** Deletes page by page what the namespace lists, up to a bound; the next call goes on from there. */
  async clear({ signal }: Call): Promise<void> {
    signal.throwIfAborted();
    const { namespace, prefix, clearAtOnce } = this.#settings;
    if (!namespace.list) throw new TidemarkError('store_failed', `${this.name}: the namespace has no list`);
    this.#pace.forget();
    const listed = `${prefix}/`;
    let beginning = this.#cursor === undefined; // what comes before the cursor may have been written since
    let left = clearAtOnce;
    while (left > 0 && !signal.aborted && this.#admit('lists')) {
      const limit = Math.min(left, MOST_LISTED);
      const cursor = this.#cursor;
      this.#all.take('lists');
      const page = await namespace.list({ prefix: listed, limit, ...(cursor !== undefined && { cursor }) });
      left -= Math.max(1, page.keys.length); // a page may be empty and not the last
      await this.#change(new Map(page.keys.map(({ name }) => [name.slice(prefix.length), { name }])));
      this.#cursor = page.list_complete ? undefined : page.cursor;
      if (this.#cursor !== undefined) continue;
      if (beginning) return;
      beginning = true;
    }
  }

  /** A read of up to 100 keys. Halved, where their values together are too large for an answer. */
  async #read(names: string[]): Promise<ReadonlyMap<string, string | null>> {
    if (!this.#admit('reads')) return new Map();
    const { namespace, cacheTtl } = this.#settings;
    this.#all.take('reads');
    try {
      return await namespace.get(names, { type: 'text', ...(cacheTtl !== undefined && { cacheTtl }) });
    } catch (error) {
      if (names.length === 1 || !isStatus(error, 413)) throw error;
      const half = names.length >> 1;
      const halves = await Promise.all([this.#read(names.slice(0, half)), this.#read(names.slice(half))]);
      return new Map(halves.flatMap((one) => [...one]));
    }
  }

  #entryOf(text: string | null | undefined): Entry | undefined {
    if (typeof text !== 'string') return undefined;
    const entry = entryOfText(text, this.#settings.codec);
    if (!entry) this.#counts.unreadable++;
    return entry;
  }

  /** Undefined for what is too large. */
  #changeTo(entry: Entry): Change | undefined {
    const { text, bytes } = textOfEntry(entry, this.#settings.codec);
    return bytes <= this.#settings.maxBytes ? { put: { text, keptUntil: entry.keptUntil } } : undefined;
  }

  /** Answers by key whether it was done. What KV refuses for its pace is no failure; if nothing else succeeds, a failure is one. */
  async #change(changes: ReadonlyMap<string, Change | undefined>): Promise<ReadonlyMap<string, boolean>> {
    const done = new Map<string, boolean>();
    const failures: unknown[] = [];
    let room = MOST_CHANGES;
    const all = Promise.all(
      Array.from(changes, async ([key, change]) => {
        done.set(key, false);
        if (!change) this.#counts.tooLarge++;
        else if (room-- <= 0) this.#counts.dropped++;
        else
          try {
            done.set(key, await this.#pace.change(key, change, () => this.#admit(kindOf(change))));
          } catch (error) {
            failures.push(error);
          }
      }),
    );
    this.#keepAlive(all); // who has read doesn't wait until what was loaded is kept
    await all;
    if (failures.length > 0 && ![...done.values()].includes(true)) throw failures[0];
    return done;
  }

  /** Is there room for an operation in the budget of the request? */
  #admit(operation: KvOperation): boolean {
    const admitted = this.#settings.budget()?.take(operation) ?? true;
    if (!admitted) this.#counts.dropped++;
    return admitted;
  }

  async #send(key: string, { put, name }: Change): Promise<boolean> {
    const { namespace, prefix } = this.#settings;
    try {
      const target = name ?? (await nameOf(prefix, key));
      this.#all.take(put ? 'writes' : 'deletes');
      if (put) await namespace.put(target, put.text, { metadata: metadataOf(key), ...this.#expiry(put.keptUntil) });
      else await namespace.delete(target);
      return true;
    } catch (error) {
      if (!isStatus(error, 429)) throw error;
      this.#counts.refused++;
      return false;
    }
  }

  /** Have the request that is being answered stay for this. */
  #keepAlive(work: Promise<unknown>): void {
    try {
      this.#settings.defer?.(work);
    } catch {
      // Outside of a request there is nothing to keep alive.
    }
  }

  /** KV forgets when nobody wants the entry any more, and no sooner: that it is fresh is for its envelope to say. */
  #expiry(keptUntil: number): { readonly expirationTtl?: number } {
    const { clock, ttlCap } = this.#settings;
    const seconds = Math.ceil(Math.min(keptUntil - clock.now(), ttlCap) / 1000);
    return seconds < MOST_TTL ? { expirationTtl: Math.max(LEAST_TTL, seconds) } : {};
  }
}

function kindOf(change: Change): KvOperation {
  return change.put ? 'writes' : 'deletes';
}

/** KV tells the status of a failure in its message only. */
function isStatus(error: unknown, status: number): boolean {
  return error instanceof Error && new RegExp(`\\b${status}\\b`).test(error.message);
}
