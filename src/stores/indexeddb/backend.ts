/** A database of the browser as a backend: entries, log and leases in one place, checked against each other in one transaction. */
import { type Backend, everyDependency } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Codec } from '../../engine/codec.ts';
import type { Dependency } from '../../engine/dependency.ts';
import type { Entry, Mark } from '../../engine/entry.ts';
import type { Change, ChangeLog, Page, Position, StampsAnswer } from '../../engine/log.ts';
import type { Call, Stored } from '../../engine/store.ts';
import { ALL, Database, type Manner } from './database.ts';
import { Hints } from './hints.ts';
import { LeaseRows } from './leases.ts';
import { type ChangeRow, Ledger, type LedgerLimits, Lost, standingIn } from './ledger.ts';
import { above, answer, type Durability, type Factory, type Transaction } from './platform.ts';
import { entryOf, type EntryRow, Room, type RoomLimits, rowOf } from './room.ts';
import { newStanding } from './standing.ts';

/** The settings of a backend, checked. */
export interface Settings {
  readonly factory: Factory;
  readonly name: string;
  readonly codec: Codec;
  readonly durability: Durability;
  readonly pollEvery: number;
  readonly log: LedgerLimits;
  readonly room: RoomLimits;
  readonly clock: Clock;
}

const LOG = ['meta', 'stamps-a', 'stamps-b'] as const;
const PAGE = 500; // changes read at once
const FULL = 30_000; // milliseconds between the times at which entries leave since the browser has no room

/** The backend of one tab. */
export class IndexedDbBackend implements Backend {
  readonly name = 'indexeddb';
  readonly sync = false;
  readonly log: ChangeLog;
  readonly leases: LeaseRows;
  readonly #o: Settings;
  readonly #database: Database;
  readonly #hints: Hints;
  #fullUntil = -Infinity; // no entries are made to leave for want of room before this time

  constructor(settings: Settings) {
    this.#o = settings;
    this.#hints = new Hints(settings.name);
    this.#database = new Database(settings.factory, settings.name, () => this.#hints.hear('change'));
    this.leases = new LeaseRows(this.#database, this.#hints, settings.clock);
    this.log = {
      sync: false,
      pollEvery: settings.pollEvery,
      append: (change, call) => this.#append(change, call),
      position: (call) => this.#position(call),
      read: (after, call) => this.#read(after, call),
      stamps: (dependencies, call) => this.#stamps(dependencies, call),
      watch: (wake) => this.#hints.on('change', wake),
    };
  }

  getMany(keys: readonly string[], { signal }: Call): Promise<readonly (Entry | undefined)[]> {
    return this.#run({ names: ['entries'], mode: 'readonly', signal }, async (transaction) => {
      const entries = transaction.objectStore('entries');
      const rows = await Promise.all(keys.map((key) => answer(entries.get(key))));
      return rows.map((row) => entryOf(row, this.#o.codec));
    });
  }

  /** What there is no room for isn't kept, even after others have left; that is no failure. */
  async setMany(records: readonly Stored[], { signal }: Call): Promise<readonly boolean[]> {
    const { codec, clock, room } = this.#o;
    const rows = records.map((record) => rowOf(record, codec, clock.now()));
    const bytes = rows.reduce((sum, row) => sum + row.bytes.length, 0);
    const store = () =>
      this.#run({ names: [...LOG, 'entries'], mode: 'readwrite', signal }, async (transaction) => {
        const fits = await vouchedFor(await Ledger.open(transaction), records);
        const kept = new Map<string, EntryRow>();
        records.forEach(({ key }, i) => fits[i] && kept.set(key, rows[i]));
        if (kept.size > 0) await (await Room.open(transaction)).put(kept, room);
        return fits;
      });
    try {
      return await this.#withRoom(bytes, signal, store);
    } catch (error) {
      if (!isQuota(error)) throw error;
      return records.map(() => false);
    }
  }

  deleteMany(keys: readonly string[], { signal }: Call): Promise<void> {
    return this.#inRoom(signal, (room) => room.delete(keys));
  }

  clear({ signal }: Call): Promise<void> {
    return this.#inRoom(signal, (room) => room.clear());
  }

  close(): void {
    this.#database.close();
    this.#hints.close();
  }

  /** Where there is no room for a change even after some entries have left it fails, and nothing that it may make wrong is kept. */
  async #append(change: Change, { signal }: Call): Promise<Position> {
    const { log, clock, durability } = this.#o;
    const say = () =>
      this.#run({ names: [...LOG, 'changes'], mode: 'readwrite', durability, signal }, async (transaction) => {
        const ledger = await Ledger.open(transaction);
        const head = await ledger.append(transaction.objectStore('changes'), change, clock.now(), log);
        return { incarnation: ledger.standing.incarnation, head };
      });
    try {
      const position = await this.#withRoom(0, signal, say);
      this.#hints.tell('change');
      return position;
    } catch (error) {
      if (isQuota(error)) await this.clear({ signal });
      throw error;
    }
  }

  #position({ signal }: Call): Promise<Position> {
    return this.#run({ names: ['meta'], mode: 'readonly', signal }, async (transaction) => {
      const { incarnation, head } = await standingIn(transaction);
      return { incarnation, head };
    });
  }

  #read(after: Mark, { signal }: Call): Promise<Page> {
    return this.#run({ names: ['meta', 'changes'], mode: 'readonly', signal }, async (transaction) => {
      const { incarnation, head } = await standingIn(transaction);
      const listed = transaction.objectStore('changes').getAll(above(after), PAGE);
      const changes = (await answer(listed)) as readonly ChangeRow[];
      const complete = Math.max(after, (changes.at(0)?.mark ?? head + 1) - 1);
      const at = Math.max(this.#o.clock.now(), ...changes.map((change) => change.at));
      return { incarnation, head, complete, changes, at };
    });
  }

  #stamps(dependencies: readonly Dependency[], { signal }: Call): Promise<StampsAnswer> {
    return this.#run({ names: LOG, mode: 'readonly', signal }, async (transaction) => {
      const ledger = await Ledger.open(transaction);
      const { incarnation, head } = ledger.standing;
      return { incarnation, head, stamps: await ledger.stampsOf(dependencies) };
    });
  }

  #inRoom(signal: AbortSignal, work: (room: Room) => Promise<void>): Promise<void> {
    const manner: Manner = { names: ['entries', 'meta'], mode: 'readwrite', signal };
    return this.#run(manner, async (transaction) => work(await Room.open(transaction)));
  }

  /**
   * Do something that may lack room, and again after some entries have left. Not many times in a row: a browser may take its
   * time to give back the room of what was deleted, and then the rest would leave for nothing.
   */
  async #withRoom<T>(bytes: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const now = this.#o.clock.now();
      if (!isQuota(error) || now < this.#fullUntil) throw error;
      this.#fullUntil = now + FULL;
      await this.#inRoom(signal, (room) => room.shrink(bytes));
      return work();
    }
  }

  /** A transaction; where somebody has cleared the rows behind our back, a new log begins first. */
  async #run<T>(manner: Manner, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.#database.run(manner, work);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      await this.#database.run({ names: ALL, mode: 'readwrite', signal: manner.signal }, beginAnew);
      return this.#database.run(manner, work);
    }
  }
}

/** By position whether the log has nothing against an entry. */
async function vouchedFor(ledger: Ledger, records: readonly Stored[]): Promise<boolean[]> {
  const { incarnation, head } = ledger.standing;
  const doubtful = (entry: Entry) => entry.incarnation === incarnation && entry.mark < head;
  const rests = records.map(({ key, entry }) => (doubtful(entry) ? everyDependency(key, entry) : []));
  const names = [...new Set(rests.flat())];
  const marks = names.length > 0 ? await ledger.stampsOf(names) : [];
  const stamps = new Map(names.map((name, i) => [name, marks[i]]));
  return records.map(
    ({ entry }, i) => entry.incarnation === incarnation && rests[i].every((name) => stamps.get(name)! <= entry.mark),
  );
}

async function beginAnew(transaction: Transaction): Promise<void> {
  const meta = transaction.objectStore('meta');
  if (await answer(meta.get('standing'))) return; // another tab was first
  for (const name of ALL) transaction.objectStore(name).clear();
  await answer(meta.put(newStanding(), 'standing'));
}

function isQuota(error: unknown): boolean {
  return (error as Error | null)?.name === 'QuotaExceededError';
}
