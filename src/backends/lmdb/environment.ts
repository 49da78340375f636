/** An open LMDB environment: its databases, and the one way to write to them. */
import { mkdirSync, renameSync, rmSync, type StatsFs, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { TidemarkError } from '../../engine/errors.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Premises } from './premises.ts';

/** A database of bytes. */
export type Rows = Database<Buffer, string>;
/** A database whose keys are times or marks, alone or before a text. */
export type OrderedRows = Database<Buffer, number | [number, string]>;

const DATA = 'data.mdb';
const LOCK = 'lock.mdb';
const MOMENT = 1; // milliseconds
const LOOK_IN_PLACE = 1000;
const MOST_OPEN = 16;
const PAGE = 4096;
const SLICE = 1000;
const LEAST_ROOM = 4 * 1024 * 1024; // the pages that a slice of a sweep may copy
const MOST_ROOM = 64 * 1024 * 1024;

/** What a piece of work may need besides its code. */
export interface Work {
  /** Once aborted, the work isn't done any more. */
  readonly signal?: AbortSignal | undefined;
  /** Roughly how many bytes it writes. */
  readonly bytes?: number;
}

/** Takes part in the environment: opens its databases, and in every transaction prepares, finishes, or forgets. */
export interface Participant {
  /** The environment has been opened, or opened anew: databases from before are of no use. */
  bind(): void;
  begin(): void;
  finish(): void;
  forget(): void;
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
  /** Single facts. */
  meta: Rows;
  /** Grows whenever reads begin to see what others have done meanwhile. */
  moment = 0;
  #root: RootDatabase<Buffer, string>;
  #writing = 0; // transactions on the writer's thread
  #held: Promise<void> | undefined; // while a copy takes the file's place
  #closed = false;
  #wasAlone = false; // when it last caught up
  #caughtUp = -Infinity;
  #inPlace = -Infinity; // when the file was last seen where it belongs
  #roomFrom = -Infinity; // when room was last seen
  #roomFor = 0; // bytes that may be written before looking again

  constructor(premises: Premises) {
    this.#premises = premises;
    this.path = premises.path;
    this.#root = premises.whileNobodyWrites(() => this.#open());
    this.meta = this.rows('meta');
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
      pageSize: PAGE,
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
    const alone = this.#premises.alone();
    if (alone && this.#wasAlone && now - this.#caughtUp < MOMENT) return;
    this.#wasAlone = alone;
    this.#caughtUp = now;
    this.refresh();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Do a piece of work as one transaction: all of it or, if it throws, nothing. The work is done at once where nothing can
   * be in its way; where another process might hold the lock, or a commit waits for the disk, on the writer's thread, so
   * that the event loop goes on. It must not throw for what could have been checked before.
   *
   * @throws `closed`; `store_failed`, also if the disk is nearly full.
   */
  write<T>(work: () => T, { signal, bytes = 0 }: Work = {}): MaybePromise<T> {
    this.assertOpen();
    signal?.throwIfAborted();
    if (this.#held) return this.#held.then(() => this.write(work, { signal, bytes }));
    this.#assertRoom(bytes);
    const whole = () => {
      if (signal?.aborted) throw signal.reason;
      return this.#together(work);
    };
    if (!this.#premises.beginWriting()) {
      this.#held = this.#opened().finally(() => (this.#held = undefined));
      return this.#held.then(() => this.write(work, { signal, bytes }));
    }
    if (this.#premises.durability === 'process' && this.#writing === 0 && this.#premises.alone()) {
      try {
        return this.#root.transactionSync(whole);
      } catch (error) {
        throw this.#told(error);
      } finally {
        this.#premises.endWriting();
      }
    }
    return this.#later(whole);
  }

  async #later<T>(whole: () => T): Promise<T> {
    this.#writing++;
    try {
      return await this.#root.childTransaction(whole);
    } catch (error) {
      throw await this.#toldWhole(error);
    } finally {
      this.#writing--;
      this.#premises.endWriting();
    }
  }

  /** Resolves when nobody else is opening the environment. LMDB forgets a commit that is made while somebody opens. */
  async #opened(): Promise<void> {
    do await new Promise<void>((go) => setTimeout(go, 1));
    while (!this.#closed && !this.#premises.beginWriting());
    if (!this.#closed) this.#premises.endWriting();
  }

  /** As {@link Environment.write}, at once in any case: for openings and closings. */
  writeNow<T>(work: () => T): T {
    this.assertOpen();
    this.#assertRoom(0);
    try {
      return this.#premises.whileNobodyWrites(() => this.#root.transactionSync(() => this.#together(work)));
    } catch (error) {
      throw this.#told(error);
    }
  }

  #together<T>(work: () => T): T {
    try {
      for (const participant of this.#participants) participant.begin();
      const result = work();
      for (const participant of this.#participants) participant.finish();
      return result;
    } catch (error) {
      for (const participant of this.#participants) participant.forget();
      throw error;
    }
  }

  /** Do a piece of reading; what it meets of damage is told to whoever opens next. */
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

  /** Is there room for a write? Looked at before any, a few times a second while little is written. */
  #assertRoom(bytes: number): void {
    const needed = 2 * bytes + 4 * PAGE;
    const now = performance.now();
    this.#roomFor -= needed;
    if (this.#roomFor > 0 && now - this.#roomFrom < 2) return;
    this.#assertInPlace();
    const { bavail, blocks, bsize } = this.#disk();
    const margin = Math.min(Math.max((blocks * bsize) / 100, LEAST_ROOM), MOST_ROOM);
    const free = bavail * bsize;
    if (free < margin + needed)
      throw new TidemarkError('store_failed', `${this.path}: the disk is nearly full (${free} bytes are free)`);
    this.#roomFrom = now;
    this.#roomFor = Math.min(free - margin, margin) / 4;
  }

  #disk(): StatsFs {
    try {
      return statfsSync(this.path);
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(error: unknown): unknown {
    if (error instanceof TidemarkError || !(error instanceof Error)) return error;
    if (/MDB_(CORRUPTED|PAGE_NOTFOUND|PANIC|INVALID|BAD_TXN)/.test(error.message)) this.#premises.suspect();
    return new TidemarkError('store_failed', `${this.path}: ${error.message}`, error);
  }

  /** A commit's failure carries its cause in a promise that nobody else handles. */
  async #toldWhole(error: unknown): Promise<unknown> {
    const inner = (error as { commitError?: Promise<unknown> }).commitError;
    if (!inner) return this.#told(error);
    const cause = await Promise.resolve(inner).catch((reason: unknown) => reason);
    return this.#told(cause);
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
    await this.#root.backup(folder, false); // its compacting copy can't be written to afterwards: its list of free pages is broken
  }

  /**
   * Put a copy without free pages in the place of the file. Writes wait for it, reads don't notice.
   *
   * @throws `in_use` if anyone else has the file open, or had it meanwhile.
   */
  async compact(): Promise<void> {
    while (this.#held) await this.#held;
    this.assertOpen();
    const compacting = this.#compact();
    this.#held = compacting.catch(() => {}).finally(() => (this.#held = undefined));
    return compacting;
  }

  async #compact(): Promise<void> {
    const folder = join(this.path, 'compacting');
    const inUse = () =>
      new TidemarkError('in_use', `${this.path} is used by another opening: it can't be compacted now`);
    while (this.#writing > 0) await new Promise<void>((go) => setImmediate(go));
    if (!this.#premises.alone()) await new Promise((go) => setTimeout(go, 2 * MOMENT)); // one that has just left may still be seen
    if (!this.#premises.alone()) throw inUse();
    const before = this.lastTransaction;
    this.#assertRoom(this.size / 2);
    try {
      await this.#copyRows(folder);
      const old = this.#premises.exclusively(() => {
        if (!this.#premises.alone() || this.lastTransaction !== before) throw inUse();
        return this.#moveInto(folder);
      });
      await old.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Copy row by row, in order, so that no page of the copy is free. */
  async #copyRows(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const copy = this.#open(folder);
    const bare = { encoding: 'binary', keyEncoding: 'binary' } as const;
    try {
      const names = [...this.#root.getKeys()];
      for (const name of names) {
        const from = this.#root.openDB<Buffer, Buffer>({ name, ...bare });
        const to = copy.openDB<Buffer, Buffer>({ name, ...bare });
        let last: Buffer | undefined;
        do {
          const after = last ? { start: last, exclusiveStart: true } : {};
          const rows = [...from.getRange({ ...after, limit: SLICE })];
          copy.transactionSync(() => rows.forEach(({ key, value }) => to.putSync(key, value)));
          last = rows.at(-1)?.key;
          await new Promise<void>((go) => setImmediate(go));
        } while (last);
      }
    } finally {
      await copy.close();
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
    if (this.#closed || this.#writing > 0 || this.#held) return false;
    this.#closed = true;
    void this.#root.close();
    return true;
  }

  /** Let go of the file. What has been accepted is done first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#held;
    await this.#root.close();
  }
}
