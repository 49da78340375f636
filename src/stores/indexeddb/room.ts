/** Entries as rows, and the room that they take: what has expired leaves first, then what would expire first, then the oldest. */
import type { Entry } from '../../engine/entry.ts';
import { type Codec, decodeEntry, encodeEntry } from '../../engine/codec.ts';
import type { Stored } from '../../engine/store.ts';
import { answer, type Rows, type Transaction, walk } from './platform.ts';

/** An entry as a row. `until` and `at` (when it was stored) are what the index `order` is made of. */
export interface EntryRow {
  readonly bytes: Uint8Array;
  readonly codec: string;
  readonly until: number;
  readonly at: number;
}

/** The most that may be kept. */
export interface RoomLimits {
  readonly entries: number;
  readonly bytes: number;
}

interface Tally {
  entries: number;
  bytes: number;
}

/** The row of an entry. Throws `bad_value`. */
export function rowOf({ entry }: Stored, codec: Codec, now: number): EntryRow {
  return { bytes: encodeEntry(entry, codec), codec: codec.name, until: entry.keptUntil, at: now };
}

/** The entry of a row; undefined for what another codec wrote, or can't be read. */
export function entryOf(row: unknown, codec: Codec): Entry | undefined {
  if (row === undefined || (row as EntryRow).codec !== codec.name) return undefined;
  try {
    return decodeEntry((row as EntryRow).bytes, codec);
  } catch {
    return undefined;
  }
}

/** The entries of a database within one readwrite transaction over `entries` and `meta`. */
export class Room {
  readonly #entries: Rows;
  readonly #meta: Rows;
  readonly #tally: Tally;

  private constructor(transaction: Transaction, tally: Tally) {
    this.#entries = transaction.objectStore('entries');
    this.#meta = transaction.objectStore('meta');
    this.#tally = tally;
  }

  static async open(transaction: Transaction): Promise<Room> {
    const tally = (await answer(transaction.objectStore('meta').get('tally'))) as Tally | undefined;
    return new Room(transaction, tally ?? (await counted(transaction)));
  }

  /** Put rows, each in place of what was there; what is too much leaves. */
  async put(rows: ReadonlyMap<string, EntryRow>, limits: RoomLimits): Promise<void> {
    await this.#countOut([...rows.keys()]);
    for (const [key, row] of rows) {
      this.#entries.put(row, key);
      this.#tally.entries++;
      this.#tally.bytes += sizeOf(key, row);
    }
    if (this.#tally.entries > limits.entries || this.#tally.bytes > limits.bytes)
      await this.#evict({ entries: limits.entries * 0.9, bytes: limits.bytes * 0.9 });
    await this.#save();
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#countOut([...new Set(keys)]);
    for (const key of keys) this.#entries.delete(key);
    await this.#save();
  }

  /**
   * Let a quarter of what is there leave, and at least so many bytes. For want of room nothing at all is written here: where
   * there is none, a browser refuses every transaction that does more than delete.
   */
  async shrink(bytes: number): Promise<void> {
    const { entries, bytes: now } = this.#tally;
    await this.#evict({ entries: Math.floor(entries * 0.75), bytes: Math.min(now * 0.75, now - bytes) });
    await answer(this.#meta.delete('tally'));
  }

  /** Let everything leave, and write nothing either. */
  async clear(): Promise<void> {
    this.#entries.clear();
    await answer(this.#meta.delete('tally'));
  }

  async #countOut(keys: readonly string[]): Promise<void> {
    const there = (await Promise.all(keys.map((key) => answer(this.#entries.get(key))))) as (EntryRow | undefined)[];
    there.forEach((row, i) => row && this.#without(keys[i], row));
  }

  #without(key: string, row: EntryRow): void {
    this.#tally.entries--;
    this.#tally.bytes -= sizeOf(key, row);
  }

  /** In the order of `until`: what has expired has the smallest. */
  async #evict(limits: RoomLimits): Promise<void> {
    await walk(this.#entries.index('order'), (cursor) => {
      if (this.#tally.entries <= limits.entries && this.#tally.bytes <= limits.bytes) return false;
      this.#without(cursor.primaryKey as string, cursor.value as EntryRow);
      cursor.delete();
      return true;
    });
  }

  async #save(): Promise<void> {
    await answer(this.#meta.put(this.#tally, 'tally'));
  }
}

/** The tally of what is there, where nobody has kept it. */
async function counted(transaction: Transaction): Promise<Tally> {
  const tally = { entries: 0, bytes: 0 };
  await walk(transaction.objectStore('entries').index('order'), ({ primaryKey, value }) => {
    tally.entries++;
    tally.bytes += sizeOf(primaryKey as string, value as EntryRow);
    return true;
  });
  return tally;
}

const OVERHEAD = 64; // of a row and its place in the index, about

function sizeOf(key: string, { bytes }: EntryRow): number {
  return bytes.length + key.length + OVERHEAD;
}
