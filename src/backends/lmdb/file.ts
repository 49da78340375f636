/** One opening of an LMDB file with all that is in it: entries and their times, the log and its stamps, leases. */
import type { Clock } from '../../engine/clock.ts';
import { type Codec, decodeEntry, keptUntilOf, withBytes } from '../../engine/codec.ts';
import type { Entry } from '../../engine/entry.ts';
import { isPromise, type MaybePromise } from '../../engine/maybe.ts';
import { STAMP_LIMITS } from '../../engine/stamp-table.ts';
import { newIncarnation } from '../../logs/local.ts';
import { ChangeRows } from './change-rows.ts';
import { EntryRows, Prepared } from './entry-rows.ts';
import { Environment } from './environment.ts';
import { Ledger } from './ledger.ts';
import { LeaseRows } from './leases.ts';
import { type Durability, enter, type Premises } from './premises.ts';
import { seedOf } from './record.ts';
import { type Bounds, Room } from './room.ts';

/** Settings of an opening, checked. Times in milliseconds, sizes in bytes. */
export interface FileSettings extends Bounds {
  readonly path: string;
  readonly durability: Durability;
  readonly codec: Codec;
  readonly clock: Clock;
  /** Between two sweeps of what has expired; `Infinity` for none. */
  readonly sweepEvery: number;
  /** How many changes are kept for followers to replay. */
  readonly keepChanges: number;
  /** How many stamps there are in a generation; two are held. */
  readonly keepStamps: number;
}

const SLICE = 500;
const POLL = 250;

/** What an opening has met and done since it began. */
interface Counts {
  /** Rows that weren't what had been written; each was a miss. */
  damaged: number;
  /** Entries removed because they had expired. */
  expired: number;
}

/** An opening of a file. */
export class LmdbFile {
  readonly settings: FileSettings;
  readonly premises: Premises;
  readonly environment: Environment;
  readonly entries: EntryRows;
  readonly room: Room;
  readonly ledger: Ledger;
  readonly log: ChangeRows;
  readonly leases: LeaseRows;
  readonly counts: Counts = { damaged: 0, expired: 0 };
  readonly #home: string;
  #followed = false;
  #unfollowedAt = Number.NaN;
  #stopSweeping: (() => void) | undefined;
  #sweeping: Promise<number> | undefined;

  /** @throws what `enter` throws for a directory that can't be used, and `store_failed`. */
  constructor(settings: FileSettings) {
    this.settings = settings;
    const { path, durability, codec, clock, keepChanges, keepStamps } = settings;
    this.premises = enter({ path, durability });
    try {
      const environment = openOrReplace(this.premises);
      this.environment = environment;
      this.room = new Room(environment, settings, () => clock.now());
      const { incarnation, home } = originOf(environment);
      this.entries = new EntryRows(environment, home, seedOf(codec.name), this.room);
      this.ledger = new Ledger(environment, 'log', { ...STAMP_LIMITS, stamps: keepStamps });
      this.#home = home;
      this.log = new ChangeRows({ environment, ledger: this.ledger, incarnation, keep: keepChanges, pollEvery: POLL });
      this.leases = new LeaseRows(environment, clock);
      this.room.watch(this.entries.tally);
      this.#sweepLater();
    } catch (error) {
      this.premises.leave();
      throw error;
    }
    leaveAtExit(this);
  }

  /** The entry under a key's text, if it is there, whole, and not past its end. */
  read(text: string): Entry | undefined {
    const bytes = this.entries.find(text);
    if (bytes === undefined) return undefined;
    if (bytes === 'damaged') return this.#damaged();
    const keptUntil = keptUntilOf(bytes);
    if (keptUntil !== Infinity && keptUntil <= this.settings.clock.now()) return undefined;
    try {
      return decodeEntry(bytes, this.settings.codec, this.#home);
    } catch {
      return this.#damaged();
    }
  }

  #damaged(): undefined {
    this.counts.damaged++;
  }

  /** Write which keys have been read. */
  writeNoted(): MaybePromise<void> {
    return this.room.hasNoted ? this.environment.write(() => this.room.writeNoted(this.entries)) : undefined;
  }

  /**
   * Make an entry ready to be stored.
   *
   * @throws `bad_value` for what the codec can't represent.
   */
  prepare(text: string, entry: Entry): Prepared {
    return new Prepared(text, withBytes(entry, this.settings.codec));
  }

  /** The same for an entry of this file's log, whose mark will be known only within the transaction that stores it. */
  prepareLater(text: string, entry: Entry): Prepared {
    return new Prepared(text, withBytes(entry, this.settings.codec, this.log.incarnation));
  }

  /** Store what has been made ready. Within a transaction. A new entry counts as read once: it hasn't had its chance yet. */
  put(prepared: Prepared): void {
    this.entries.put(prepared);
    this.room.note(prepared.row);
  }

  /** True if an engine has ever read through this file: from then on every change must be told to its log. */
  get followed(): boolean {
    return (this.#followed ||= this.environment.meta.doesExist('followed'));
  }

  /** The same for a reader, who need not know more than it did when it last caught up with others. */
  get followedSoFar(): boolean {
    const { moment } = this.environment;
    if (!this.#followed && this.#unfollowedAt === moment) return false;
    this.#unfollowedAt = moment;
    return this.followed;
  }

  /** An engine is going to read through this file. */
  follow(): void {
    const { environment } = this;
    if (!this.followed) environment.writeNow(() => environment.meta.putSync('followed', Buffer.of(1)));
    this.#followed = true;
  }

  /** Remove all that has expired, a slice at a time; `onSlice` is told how many there have been so far. */
  async sweep(onSlice?: (removed: number) => void, signal?: AbortSignal): Promise<number> {
    const { environment, entries, settings } = this;
    environment.assertOpen();
    let total = 0;
    for (let seen = SLICE; seen === SLICE && !environment.closed; await turn()) {
      signal?.throwIfAborted();
      const slice = await environment.write(() => entries.removeExpired(settings.clock.now(), SLICE), { signal });
      this.counts.expired += slice.removed;
      total += slice.removed;
      seen = slice.seen;
      if (slice.removed > 0) onSlice?.(total);
    }
    return total;
  }

  #sweepLater(): void {
    const { clock, sweepEvery } = this.settings;
    if (sweepEvery === Infinity) return;
    this.#stopSweeping = clock.after(sweepEvery, () => {
      this.#sweepLater();
      this.#sweeping ??= this.sweep().finally(() => (this.#sweeping = undefined));
      quietly(this.#sweeping);
      quietly(this.writeNoted());
      quietly(this.environment.write(() => this.leases.sweep()));
    });
  }

  /** Finish what is under way and let go of the file. */
  async close(): Promise<void> {
    this.#stopSweeping?.();
    if (this.environment.closed) return;
    await Promise.resolve(this.#sweeping).catch(() => {});
    try {
      await this.writeNoted();
    } catch {
      // what was read is worth nothing beside closing well
    }
    await this.environment.close();
    this.premises.leave();
    open.delete(this);
  }

  /** Let go of the file in the last moments of the process, so that nobody takes its end for a crash. */
  closeAtExit(): void {
    if (this.environment.closeAtOnce()) this.premises.leave();
  }
}

/** Files that are open in this process, or in this thread of it. */
const open = new Set<LmdbFile>();
let atExit = false;

/** A program that ends without closing what it has opened is no crash. One listener does for all files. */
function leaveAtExit(file: LmdbFile): void {
  open.add(file);
  if (atExit) return;
  atExit = true;
  process.on('exit', () => {
    for (const one of open) one.closeAtExit();
  });
}

/** Open the environment; one that LMDB itself refuses is moved aside, once. */
function openOrReplace(premises: Premises): Environment {
  try {
    return new Environment(premises);
  } catch (error) {
    premises.condemn(error);
    return new Environment(premises);
  }
}

/** What the log is, and what it was when the file was new: entries of that one don't say so. In a copy the two differ. */
interface Origin {
  readonly incarnation: string;
  readonly home: string;
}

function originOf(environment: Environment): Origin {
  const { meta } = environment;
  const read = () => {
    const [incarnation, home] = ['incarnation', 'home'].map((name) => meta.getBinary(name)?.toString());
    return incarnation !== undefined && home !== undefined ? { incarnation, home } : undefined;
  };
  const make = () => {
    const incarnation = newIncarnation();
    for (const name of ['incarnation', 'home']) meta.putSync(name, Buffer.from(incarnation));
    return { incarnation, home: incarnation };
  };
  return read() ?? environment.writeNow(() => read() ?? make());
}

/** What is done in the background may fail: it is done again, or wasn't worth a failure. */
function quietly(work: MaybePromise<unknown>): void {
  if (isPromise(work)) void work.catch(() => {});
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
