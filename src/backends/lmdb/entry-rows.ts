/** Entries in rows, the index of their times, and how many and how large they are, all of it changed in one transaction. */
import { type EncodedEntry, keptUntilOf, putEntry, sizeOfEntry } from '../../engine/codec.ts';
import type { Mark } from '../../engine/entry.ts';
import type { Environment, OrderedRows, Participant, Rows } from './environment.ts';
import { isHashed, rowOf } from './keys.ts';
import { entryIn, isWhole, keyOf, leadOf, seal, unsealed } from './record.ts';
import type { Room } from './room.ts';

/** An entry made ready to be stored: nothing about it can fail any more. */
export class Prepared {
  readonly row: string;
  /** The whole text of its key, if the row is only a hash of it. */
  readonly key: Buffer | undefined;
  #entry: EncodedEntry;

  constructor(text: string, entry: EncodedEntry) {
    this.row = rowOf(text);
    this.key = this.row === text ? undefined : Buffer.from(text);
    this.#entry = entry;
  }

  get entry(): EncodedEntry {
    return this.#entry;
  }

  /** Roughly how many bytes it takes. */
  get size(): number {
    return this.#entry.value.length;
  }

  /** The same with another mark. */
  at(mark: Mark): this {
    if (mark !== this.#entry.mark) this.#entry = { ...this.#entry, mark };
    return this;
  }
}

/** How many entries there are and how many bytes their rows take. */
export interface Tally {
  entries: number;
  bytes: number;
}

/** What {@link EntryRows.stateOf} says of a row. */
interface RowState {
  readonly bytes: number;
  readonly whole: boolean;
  readonly end: number;
  readonly timed: boolean;
}

const NOTHING = Buffer.alloc(1);
const IF_NEW = { noOverwrite: true };
const COMMON = 64 * 1024; // bytes of a row that is written in a place that is there already
const AFTER_ALL = '\u{10ffff}'; // no row begins with it

/** The rows of all entries. What writes is called only within a transaction. */
export class EntryRows implements Participant {
  readonly #environment: Environment;
  readonly #home: string;
  readonly #seed: number;
  readonly #room: Room;
  #entries!: Rows;
  #times!: OrderedRows;
  #tally: Tally | undefined; // within a transaction that changes it
  readonly #tallyBytes = Buffer.alloc(16);
  readonly #draft = Buffer.allocUnsafeSlow(COMMON);
  #likelyNew = true;

  /** `home` is the log beside which the entries are kept, `seed` what their checksums begin with. */
  constructor(environment: Environment, home: string, seed: number, room: Room) {
    this.#environment = environment;
    this.#home = home;
    this.#seed = seed;
    this.#room = room;
    environment.join(this);
  }

  bind(): void {
    this.#entries = this.#environment.rows('entries');
    this.#times = this.#environment.orderedRows('times');
  }

  begin(): void {
    this.forget();
  }

  finish(): void {
    if (!this.#tally) return;
    this.#room.make(this, this.#tally);
    this.#tallyBytes.writeDoubleLE(this.#tally.entries, 0);
    this.#tallyBytes.writeDoubleLE(this.#tally.bytes, 8);
    this.#environment.meta.putSync('tally', this.#tallyBytes);
    this.forget();
  }

  forget(): void {
    this.#tally = undefined;
  }

  /** How many entries there are, expired ones included. */
  get tally(): Tally {
    if (this.#tally) return this.#tally;
    const row = this.#environment.meta.getBinaryFast('tally');
    return { entries: row?.readDoubleLE(0) ?? 0, bytes: row?.readDoubleLE(8) ?? 0 };
  }

  /** Correct the tally after a recount. */
  recounted(tally: Tally): void {
    this.#tally = tally;
  }

  /** The bytes under a key's text, a view that is good until the next read; `'damaged'` if they aren't what was written. */
  find(text: string): Uint8Array | 'damaged' | undefined {
    const row = rowOf(text);
    const found = this.#entries.getBinaryFast(row);
    if (!found) return undefined;
    return unsealed(found, this.#seed, row === text ? undefined : text) ?? 'damaged';
  }

  /** Is there a row? Says nothing of what is in it. */
  has(row: string): boolean {
    return this.#entries.doesExist(row);
  }

  put(prepared: Prepared): void {
    const { row } = prepared;
    const { keptUntil } = prepared.entry;
    const bytes = this.#written(prepared);
    const tally = this.#count();
    // To store what is new and be told so costs less than to look first; what follows is likely to be as new.
    const stored = this.#likelyNew && (this.#entries.putSync(row, bytes, IF_NEW) as unknown as boolean); // whatever its type says
    const old = stored ? undefined : this.#entries.getBinaryFast(row);
    this.#likelyNew = old === undefined;
    tally.bytes += bytes.length + row.length;
    if (old) {
      tally.bytes -= old.length + row.length;
      const end = endOf(old, row);
      if (end !== Infinity && end !== keptUntil) this.#times.removeSync([end, row]);
    } else tally.entries++;
    if (!stored) this.#entries.putSync(row, bytes);
    if (keptUntil !== Infinity) this.#times.putSync([keptUntil, row], NOTHING);
  }

  /** A row's bytes, good until the next one's are written: LMDB takes a copy. */
  #written({ entry, key }: Prepared): Buffer {
    const lead = leadOf(key);
    const size = lead + sizeOfEntry(entry, this.#home);
    const row = size <= COMMON ? this.#draft.subarray(0, size) : Buffer.allocUnsafeSlow(size);
    putEntry(row, lead, entry, this.#home);
    seal(row, this.#seed, key);
    return row;
  }

  /** Remove a row; false if there was none. `unless` may want to keep it after a look at when it ends. */
  remove(row: string, unless?: (keptUntil: number) => boolean): boolean {
    const old = this.#entries.getBinaryFast(row);
    if (!old) return false;
    const { length } = old; // now: the next read takes the view
    const end = endOf(old, row);
    if (unless?.(end)) return false;
    const tally = this.#count();
    tally.entries--;
    tally.bytes -= length + row.length;
    if (end !== Infinity) this.#times.removeSync([end, row]);
    this.#entries.removeSync(row);
    this.#room.left(row);
    return true;
  }

  #count(): Tally {
    return (this.#tally ??= this.tally);
  }

  /** Remove what had expired by `now`, at most `most` rows; answers how many were looked at and how many removed. */
  removeExpired(now: number, most: number): { readonly seen: number; readonly removed: number } {
    const due: [number, string][] = [];
    for (const key of this.#times.getKeys({ end: [now, AFTER_ALL], limit: most })) due.push(key as [number, string]);
    let removed = 0;
    for (const [end, row] of due) {
      if (this.remove(row, (keptUntil) => keptUntil !== end)) removed++;
      else this.#times.removeSync([end, row]); // of an entry that is gone, or has another time by now
    }
    return { seen: due.length, removed };
  }

  /** Rows after a text and before another, in order, as many as asked for. */
  rowsAfter(row: string | undefined, most: number, end?: string): string[] {
    const start = row === undefined ? {} : { start: row, exclusiveStart: true };
    return [...this.#entries.getKeys({ ...start, ...(end !== undefined && { end }), limit: most })];
  }

  /** The whole text of the key of a row, which may show only its beginning; nothing if the row is gone or damaged. */
  textOf(row: string): string | undefined {
    if (!isHashed(row)) return row;
    const found = this.#entries.getBinaryFast(row);
    return found && isWhole(found, this.#seed) ? keyOf(found) : undefined;
  }

  /** Times in the index, with their rows, after a given one, in order, perhaps only those up to a moment. */
  timesAfter(time: [number, string] | undefined, most: number, until?: number): [number, string][] {
    const start = time === undefined ? {} : { start: time, exclusiveStart: true };
    const end = until === undefined ? {} : { end: [until, AFTER_ALL] as [number, string] };
    return [...this.#times.getKeys({ ...start, ...end, limit: most })] as unknown as [number, string][];
  }

  /** How many entries had expired by `now`. */
  countExpired(now: number): number {
    return this.#times.getKeysCount({ end: [now, AFTER_ALL] });
  }

  /** What a row is like, for whoever verifies: its size, whether it is whole, when it ends, and whether the index knows. */
  stateOf(row: string): RowState | undefined {
    const found = this.#entries.getBinaryFast(row);
    if (!found) return undefined;
    const bytes = found.length + row.length;
    const whole = isWhole(found, this.#seed);
    const end = endOf(found, row);
    return { bytes, whole, end, timed: end === Infinity || this.#times.doesExist([end, row]) };
  }

  /** Put a row's end into the index. */
  time(row: string): void {
    const found = this.#entries.getBinaryFast(row);
    const end = found ? endOf(found, row) : Infinity;
    if (end !== Infinity) this.#times.putSync([end, row], NOTHING);
  }

  /** Take a time out of the index, unless it is its row's end after all. */
  untime(end: number, row: string): void {
    if (this.stateOf(row)?.end !== end) this.#times.removeSync([end, row]);
  }

  clear(): void {
    this.#entries.clearSync();
    this.#times.clearSync();
    this.#room.clear();
    this.#tally = { entries: 0, bytes: 0 };
  }
}

/** When an entry in a row ends. A damaged one has no end: it goes when it is met, or overwritten. */
function endOf(row: Buffer, name: string): number {
  try {
    return keptUntilOf(entryIn(row, isHashed(name)));
  } catch {
    return Infinity;
  }
}
