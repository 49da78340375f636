/** An open LMDB environment: its databases, and the one way to write to them. */
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { TidemarkError } from '../../engine/errors.ts';
import { isPromise, type MaybePromise } from '../../engine/maybe.ts';
import { copyRows } from './copy-rows.ts';
import { DiskRoom } from './disk-room.ts';
import { COMPACTING, LOCK } from './ground.ts';
import { DATA } from './header.ts';
import type { Premises } from './premises.ts';
import { GLANCE } from './registration.ts';
import { type Participant, Transactions } from './transactions.ts';

export type { Participant } from './transactions.ts';

/** A database of bytes. */
export type Rows = Database<Buffer, string>;
/** A database whose keys are times or marks, alone or before a text. */
export type OrderedRows = Database<Buffer, number | [number, string]>;

/** With what an environment is made. */
export const SETTINGS = { pageSize: 4096 } as const;

const LOOK_IN_PLACE = 1000; // milliseconds
const MOST_OPEN = 16;

/** What a piece of work may need besides its code. */
export interface Work {
  /** Once aborted, the work isn't done any more. */
  readonly signal?: AbortSignal | undefined;
  /** Roughly how many bytes it writes. */
  readonly bytes?: number;
}

/**
 * The environment in one directory.
 *
 * Written as the traps of lmdb-js ask for: no overlapping sync (a killed co-writer then costs acknowledged writes), no
 * batching of its own (its stray promises end a process when a commit fails), nothing but bytes (encoding can't fail in the
 * middle of a transaction), and never to a disk that is nearly full (a commit that meets its end corrupts the heap).
 */
export class Environment {
  readonly path: string;
  readonly #premises: Premises;
  readonly #participants: Participant[] = [];
  readonly #room: DiskRoom;
  readonly #transactions: Transactions;
  /** Single facts. */
  meta: Rows;
  /** Grows whenever reads begin to see what others have done meanwhile. */
  moment = 0;
  #root: RootDatabase<Buffer, string>;
  #closed = false;
  #closing: Promise<void> | undefined;
  #wasAlone = false; // when it last caught up
  #caughtUp = -Infinity;
  #inPlace = -Infinity; // when the file was last seen where it belongs

  constructor(premises: Premises) {
    this.#premises = premises;
    this.path = premises.path;
    this.#room = new DiskRoom(premises.path);
    const participants = this.#participants;
    this.#transactions = new Transactions({ premises, root: () => this.#root, participants });
    this.#root = premises.whileNobodyWrites(() => this.#open());
    try {
      this.meta = this.rows('meta');
    } catch (error) {
      this.closeAtOnce();
      throw error;
    }
  }

  #open(path: string = this.path): RootDatabase<Buffer, string> {
    return open<Buffer, string>({
      path,
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
      noSync: this.#premises.durability === 'process',
      encoding: 'binary',
      maxDbs: MOST_OPEN,
      ...SETTINGS,
      maxReaders: 1024,
    });
  }

  /** Open a database of this environment, making it where it is missing. */
  rows(name: string): Rows {
    return this.#premises.whileNobodyWrites(() => this.#root.openDB<Buffer, string>({ name, encoding: 'binary' }));
  }

  /** The same for keys that are times or marks. */
  orderedRows(name: string): OrderedRows {
    return this.#premises.whileNobodyWrites(() =>
      this.#root.openDB({ name, encoding: 'binary' }),
    ) as unknown as OrderedRows;
  }

  /** Take part from now on. */
  join(participant: Participant): void {
    this.#participants.push(participant);
    participant.bind();
  }

  /** Reads from now on see all that has been committed by anyone. Without it they may be as old as the turn of the event loop. */
  refresh(): void {
    this.#assertInPlace();
    this.moment++;
    this.#root.resetReadTxn();
  }

  /** A file that has been deleted or replaced is shared with nobody any more: what is in it can't be vouched for. */
  #assertInPlace(): void {
    const now = performance.now();
    if (now - this.#inPlace < LOOK_IN_PLACE) return;
    if (!this.#premises.intact())
      throw new TidemarkError('store_failed', `${this.path} has been deleted or replaced while it was open`);
    this.#inPlace = now;
  }

  /**
   * The same where others may have written. Whoever has been alone for all of a moment needn't look: a newcomer waits
   * longer than that before it writes.
   */
  catchUp(): void {
    const now = performance.now();
    if (this.#wasAlone && now - this.#caughtUp < GLANCE) return;
    this.#wasAlone = this.#premises.alone();
    this.#caughtUp = now;
    this.refresh();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Do a piece of work as one transaction: all of it or, if it throws, nothing. It must not throw for what could have been
   * checked before.
   *
   * @throws `closed`; `store_failed`, also if the disk is nearly full; `store_timeout` and `in_use` if other processes stand
   * still in the middle of a write or an opening.
   */
  write<T>(work: () => T, { signal, bytes = 0 }: Work = {}): MaybePromise<T> {
    this.assertOpen();
    signal?.throwIfAborted();
    const { held } = this.#transactions;
    if (held) return held.then(() => this.write(work, { signal, bytes }));
    this.#assertRoom(bytes);
    const written = this.read(() => this.#transactions.write(work, signal));
    return isPromise(written) ? written.catch((error: unknown) => Promise.reject(this.#told(error) as Error)) : written;
  }

  /** As {@link Environment.write}, at once in any case: for openings and closings. */
  writeNow<T>(work: () => T): T {
    this.assertOpen();
    this.#assertRoom(0);
    const whole = () => this.#root.transactionSync(() => this.#transactions.together(work));
    return this.read(() => this.#premises.whileNobodyWrites(whole));
  }

  /** Do something with the file; what it meets of damage is told to whoever opens next. */
  read<T>(reading: () => T): T {
    this.assertOpen();
    try {
      return reading();
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** @throws `closed`. */
  assertOpen(): void {
    if (this.#closed) throw new TidemarkError('closed', `the LMDB environment at ${this.path} is closed`);
  }

  #assertRoom(bytes: number): void {
    this.#assertInPlace();
    this.read(() => this.#room.assert(bytes));
  }

  #told(error: unknown): unknown {
    if (error instanceof TidemarkError || !(error instanceof Error)) return error;
    if (/MDB_(CORRUPTED|PAGE_NOTFOUND|PANIC|INVALID|BAD_TXN)/.test(error.message)) this.#premises.suspect();
    return new TidemarkError('store_failed', `${this.path}: ${error.message}`, error);
  }

  /** A number that differs after anyone's writing. */
  get lastTransaction(): number {
    this.assertOpen();
    this.refresh();
    return (this.#root.getStats() as { lastTxnId: number }).lastTxnId;
  }

  /** The size of the file, in bytes. */
  get size(): number {
    return statSync(join(this.path, DATA)).size;
  }

  /** A copy of the environment as it is now in another directory. */
  async copy(folder: string): Promise<void> {
    this.assertOpen();
    mkdirSync(folder, { recursive: true });
    await this.#root.backup(folder, false);
  }

  /**
   * Put a copy without free pages in the place of the file. Writes wait for it, reads don't notice.
   *
   * @throws `in_use` if anyone else has the file open, or had it meanwhile.
   */
  async compact(): Promise<void> {
    this.assertOpen();
    await this.#transactions.hold(() => this.#compact());
  }

  async #compact(): Promise<void> {
    const folder = join(this.path, COMPACTING);
    const inUse = () =>
      new TidemarkError('in_use', `${this.path} is used by another opening: it can't be compacted now`);
    if (!this.#premises.alone()) await new Promise((go) => setTimeout(go, 2 * GLANCE)); // one that has just left may still be seen
    if (!this.#premises.alone()) throw inUse();
    const before = this.lastTransaction;
    this.#assertRoom(this.size / 2);
    try {
      mkdirSync(folder, { recursive: true });
      const copy = this.#open(folder);
      try {
        await copyRows(this.#root, copy);
      } finally {
        await copy.close();
      }
      const old = this.#premises.exclusively(() => {
        if (!this.#premises.alone() || this.lastTransaction !== before) throw inUse();
        return this.#moveInto(folder);
      });
      await old.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Open the copy, let everyone read from it, and only then give it the file's name. */
  #moveInto(folder: string): RootDatabase<Buffer, string> {
    const old = this.#root;
    this.#root = this.#open(folder);
    this.meta = this.rows('meta');
    for (const participant of this.#participants) participant.bind();
    for (const name of [DATA, LOCK]) renameSync(join(folder, name), join(this.path, name));
    this.#premises.replacedData();
    return old;
  }

  /** Let go of the file without waiting; false if that can't be done, since something is being written. */
  closeAtOnce(): boolean {
    if (this.#closed || !this.#transactions.idle) return false;
    this.#closed = true;
    void this.#root.close();
    return true;
  }

  /** Let go of the file. What has been accepted is done first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#transactions.settle();
    if (this.#closed) return;
    this.#closed = true;
    if (this.#transactions.idle) await this.#root.close();
    // Writes were given up, and lmdb still waits with them for a process that stands still: its closing would wait, too.
    else this.#transactions.onceFree(() => void this.#root.close());
  }
}
