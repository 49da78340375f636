/** One opening of an LMDB file with all that is in it: entries and their times, the log and its stamps, leases. */
import { decodeEntry, keptUntilOf, withBytes } from '../../engine/codec.ts';
import type { Entry } from '../../engine/entry.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import { STAMP_LIMITS } from '../../engine/stamp-table.ts';
import { newIncarnation } from '../../logs/local.ts';
import { ChangeRows } from './change-rows.ts';
import { EntryRows, Prepared } from './entry-rows.ts';
import { Environment, SETTINGS } from './environment.ts';
import { Ledger } from './ledger.ts';
import { LeaseRows } from './leases.ts';
import { enter, type Premises } from './premises.ts';
import { seedOf } from './record.ts';
import { Room } from './room.ts';
import type { FileSettings } from './settings.ts';
import { turn } from '../../engine/turn.ts';

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
  /** What is remembered of a log elsewhere. */
  readonly mirrored: Ledger;
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
    const { path, durability } = settings;
    this.premises = enter({ path, durability, settings: SETTINGS });
    let environment: Environment | undefined;
    try {
      // One wait for whoever writes, instead of one for each database.
      const parts = this.premises.whileNobodyWrites(() => partsOf(this.premises, settings));
      this.environment = environment = parts.environment;
      this.room = parts.room;
      this.entries = parts.entries;
      this.ledger = parts.ledger;
      this.mirrored = parts.mirrored;
      this.log = parts.log;
      this.leases = parts.leases;
      this.#home = parts.home;
      this.#sweepLater();
    } catch (error) {
      environment?.closeAtOnce();
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
      void quietly(() => this.#sweeping);
      void quietly(() => this.writeNoted());
      void quietly(() => this.environment.write(() => this.leases.sweep()));
    });
  }

  /** Finish what is under way and let go of the file. */
  async close(): Promise<void> {
    this.#stopSweeping?.();
    if (this.environment.closed) return;
    await quietly(() => this.#sweeping);
    await quietly(() => this.writeNoted());
    await this.environment.close();
    this.premises.leave();
    open.delete(this);
  }

  /** Let go of the file without waiting, unless something is being written. */
  closeAtOnce(): void {
    if (!this.environment.closeAtOnce()) return;
    this.#stopSweeping?.();
    this.premises.leave();
    open.delete(this);
  }
}

/** Open a file and do what comes first with it. If that throws, the file is closed. Throws as {@link LmdbFile} does. */
export function openFile(settings: FileSettings, first: (file: LmdbFile) => void): LmdbFile {
  const file = new LmdbFile(settings);
  try {
    first(file);
    return file;
  } catch (error) {
    file.closeAtOnce();
    throw error;
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
    for (const one of open) one.closeAtOnce();
  });
}

/** All that is in an environment, opened. */
interface Parts extends Origin {
  readonly environment: Environment;
  readonly room: Room;
  readonly entries: EntryRows;
  readonly ledger: Ledger;
  readonly mirrored: Ledger;
  readonly log: ChangeRows;
  readonly leases: LeaseRows;
}

function partsOf(premises: Premises, settings: FileSettings): Parts {
  const { codec, clock, keepChanges, keepStamps } = settings;
  const environment = openOrReplace(premises);
  try {
    const room = new Room(environment, settings, () => clock.now());
    const { incarnation, home } = originOf(environment);
    const entries = new EntryRows(environment, home, seedOf(codec.name), room);
    const limits = { ...STAMP_LIMITS, stamps: keepStamps };
    const ledger = new Ledger(environment, 'log', limits);
    const mirrored = new Ledger(environment, 'mirror', limits);
    const log = new ChangeRows({ environment, ledger, incarnation, keep: keepChanges, pollEvery: POLL });
    const leases = new LeaseRows(environment, clock);
    room.watch(entries.tally);
    return { environment, room, entries, ledger, mirrored, log, leases, incarnation, home };
  } catch (error) {
    environment.closeAtOnce();
    throw error;
  }
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

/** What is done in the background may fail, at once or later: it is done again, or wasn't worth a failure. */
async function quietly(work: () => MaybePromise<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // nobody waits for it
  }
}
