/**
 * Who leaves when the file is full: first what has expired, then what the hand of a clock finds unread since it last came
 * by (CLOCK, F. J. Corbató 1968, with a count of up to three, as in generalised CLOCK by A. J. Smith 1978). Hand and counts
 * are rows, so that they survive a restart and are shared by processes. Reads are noted in memory and written many at once.
 */
import type { EntryRows, Tally } from './entry-rows.ts';
import type { Environment, Participant, Rows } from './environment.ts';

/** How much may be kept. Between what is allowed and 95 % of it the hand rests. */
export interface Bounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

const LOW = 0.95;
const MOST_AT_ONCE = 500; // evictions in one transaction beyond what it added itself
const MOST_NOTED = 2048; // further reads aren't noted until these have been written: a sample is enough
const WATCH_FROM = 0.5; // of a bound: before that nobody will have to leave soon
const MOST_COUNT = 3;
const CHUNK = 256;
const PATIENCE = 4000; // rows that the hand looks at in one transaction before it spares nobody

/** Keeps entries within their bounds. */
export class Room implements Participant {
  readonly #environment: Environment;
  readonly #bounds: Bounds;
  readonly #now: () => number;
  readonly #noted = new Map<string, number>(); // how often, as far as it counts
  #reads!: Rows;
  #watching = false; // whether a bound is near, so that reads are worth noting
  /** Entries that had to go since this process opened the file, and expired ones that went. */
  evicted = 0;
  expired = 0;

  constructor(environment: Environment, bounds: Bounds, now: () => number) {
    this.#environment = environment;
    this.#bounds = bounds;
    this.#now = now;
    environment.join(this);
  }

  bind(): void {
    this.#reads = this.#environment.rows('reads');
  }

  /** A row has been read, or written anew. */
  note(row: string): void {
    if (!this.#watching) return;
    const times = this.#noted.get(row);
    if (times === undefined && this.#noted.size < MOST_NOTED) this.#noted.set(row, 1);
    else if (times !== undefined && times < MOST_COUNT) this.#noted.set(row, times + 1);
  }

  /** Write what has been noted. Within a transaction. */
  writeNoted(entries: EntryRows): void {
    for (const [row, times] of this.#noted)
      if (entries.has(row)) this.#reads.putSync(row, Buffer.of(Math.min(this.#count(row) + times, MOST_COUNT)));
    this.#noted.clear();
  }

  get hasNoted(): boolean {
    return this.#noted.size > 0;
  }

  #count(row: string): number {
    return this.#reads.getBinaryFast(row)?.[0] ?? 0;
  }

  /** A row is gone. */
  left(row: string): void {
    this.#noted.delete(row);
    if (this.#watching) this.#reads.removeSync(row);
  }

  clear(): void {
    this.#noted.clear();
    this.#reads.clearSync();
  }

  /** Begin to note reads when a bound is near. Where it once was, rows of reads may be left: they are looked after from then on. */
  watch({ entries, bytes }: Tally): void {
    const { maxEntries, maxBytes } = this.#bounds;
    this.#watching ||= entries > WATCH_FROM * maxEntries || bytes > WATCH_FROM * maxBytes;
  }

  /** Let go of so much that the bounds hold. Within a transaction, when entries have been added. */
  make(entries: EntryRows, tally: Tally): void {
    const { maxEntries, maxBytes } = this.#bounds;
    this.watch(tally);
    if (tally.entries <= maxEntries && tally.bytes <= maxBytes) return;
    const spare = (limit: number, held: number, most: number) => Math.max(limit * LOW, limit - most * held);
    const each = tally.bytes / Math.max(tally.entries, 1);
    const fewEntries = Math.floor(spare(maxEntries, 1, MOST_AT_ONCE));
    const fewBytes = Math.floor(spare(maxBytes, each, MOST_AT_ONCE));
    const enough = () => tally.entries <= fewEntries && tally.bytes <= fewBytes;
    for (let seen = MOST_AT_ONCE; seen === MOST_AT_ONCE && !enough();) {
      const swept = entries.removeExpired(this.#now(), MOST_AT_ONCE);
      this.expired += swept.removed;
      seen = swept.seen;
    }
    if (enough()) return;
    this.writeNoted(entries);
    const within = () => tally.entries <= maxEntries && tally.bytes <= maxBytes;
    this.#turn(entries, enough, within);
  }

  /** Move the hand on. It spares what has been read, but not without end: a bound is a bound. */
  #turn(entries: EntryRows, enough: () => boolean, within: () => boolean): void {
    let visits = 0;
    for (const row of this.#walk(entries)) {
      const count = this.#count(row);
      if (count > 0 && visits < PATIENCE) this.#lower(row, count);
      else if (entries.remove(row)) this.evicted++;
      visits++;
      if (enough() || (visits > PATIENCE / 2 && within())) return;
    }
  }

  /** The rows in order from where the hand rests, round and round; the hand stays at the last one that was taken. */
  *#walk(entries: EntryRows): Generator<string> {
    const { meta } = this.#environment;
    let hand = meta.getBinary('hand')?.toString();
    try {
      for (;;) {
        const rows = entries.rowsAfter(hand, CHUNK);
        if (rows.length === 0 && hand === undefined) return;
        hand = undefined; // after the last row comes the first
        for (const row of rows) yield (hand = row);
      }
    } finally {
      if (hand === undefined) meta.removeSync('hand');
      else meta.putSync('hand', Buffer.from(hand));
    }
  }

  #lower(row: string, count: number): void {
    if (count === 1) this.#reads.removeSync(row);
    else this.#reads.putSync(row, Buffer.of(count - 1));
  }
}
