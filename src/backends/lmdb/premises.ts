/** Opening an environment's directory without risk, and leaving it so that the next opening needs no care. */
import { type BigIntStats, closeSync, mkdirSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TidemarkError } from '../../engine/errors.ts';
import { discard, moveAside } from './aside.ts';
import { type Fault, faultOf, isSameSettings } from './examination.ts';
import { assertGround, assertReadable, COMPACTING, SUSPECT } from './ground.ts';
import {
  DATA,
  type Durability,
  fingerprintOf,
  type FoundHeader,
  type Header,
  readHeader,
  type Settings,
  writeHeader,
} from './header.ts';
import { type Patience, sleep, whileOpening, isBeingOpened } from './opening.ts';
import { childProbe, type Probe } from './probe.ts';
import { bury, GLANCE, Registration, rollOf, USERS, writersIn } from './registration.ts';
import { presentBoot } from './users.ts';

export type { Durability } from './header.ts';

/** How to enter. */
export interface EnterOptions {
  /** The directory; it is made if it is missing. */
  readonly path: string;
  readonly durability: Durability;
  /** With what the environment is made. What was made with others is of no use, and replaced. */
  readonly settings?: Settings;
  /** In place of a child process that tries the data. */
  readonly probe?: Probe;
  /** Counts milliseconds from anywhere. */
  readonly now?: () => number;
  /** How long to wait for others who open or close, in milliseconds. Default 10 seconds. */
  readonly patience?: number;
}

/** Data that were found of no use. */
export interface Replaced extends Fault {
  /** Where they are now, or `undefined` if they were deleted. */
  readonly movedTo: string | undefined;
}

/** One opening of an environment's directory. Everything it does is done when it returns. */
export interface Premises {
  /** The directory, absolute. */
  readonly path: string;
  readonly durability: Durability;
  /** What was found of no use, if anything was. The environment then began empty. */
  readonly replaced: Replaced | undefined;
  /** Whether no other opening uses the directory, in this process or another. May be asked before each write. */
  alone(): boolean;
  /** Whether the data at the path are still those that were entered. */
  intact(): boolean;
  /** Reading has met damage: the next opening must be thorough. Never throws. */
  suspect(): void;
  /**
   * LMDB refused the data: replace them, so that they may be opened anew.
   *
   * @throws `store_failed` if the error doesn't speak of damage, or if others use the data.
   */
  condemn(error: unknown): void;
  /**
   * Do something while nobody opens or closes the directory.
   *
   * @throws `in_use` when the wait was in vain.
   */
  exclusively<T>(work: () => T): T;
  /**
   * Do something while nobody opens, closes or writes.
   *
   * @throws `in_use` when the wait was in vain.
   */
  whileNobodyWrites<T>(work: () => T): T;
  /** A write begins; false if it has to wait, since somebody is opening the environment. */
  beginWriting(): boolean;
  /** A write that was begun has ended. */
  endWriting(): void;
  /** The data at the path have been replaced by their user. */
  replacedData(): void;
  /** Make another directory, which holds a copy of the data, an environment's. */
  labelCopy(path: string): void;
  /** The environment is closed: the last one out leaves it safely on the disk. Never throws. */
  leave(): void;
}

/**
 * Enter a directory before LMDB opens what is in it, which could end the process: what is damaged, unfinished or made
 * otherwise is replaced by nothing, for this is a cache.
 *
 * @throws `foreign_directory`, `newer_format`, `in_use`, `store_failed`.
 */
export function enter(options: EnterOptions): Premises {
  const path = resolve(options.path);
  try {
    assertGround(path);
    return new Entered(path, options);
  } catch (error) {
    throw failure(path, error);
  }
}

const PATIENCE = 10_000;
const DAMAGE = /MDB_(CORRUPTED|PAGE_NOTFOUND|PANIC|INVALID|VERSION_MISMATCH|BAD_TXN|BAD_DBI|INCOMPATIBLE|PROBLEM)/;

class Entered implements Premises {
  readonly path: string;
  readonly durability: Durability;
  replaced: Replaced | undefined;
  readonly #settings: Settings;
  readonly #probe: Probe;
  readonly #patience: Patience;
  readonly #registration: Registration;
  #data: BigIntStats;
  #suspected = false;
  #exclusive = false;
  #left = false;

  constructor(path: string, { durability, settings = {}, probe, now, patience = PATIENCE }: EnterOptions) {
    this.path = path;
    this.durability = durability;
    this.#settings = settings;
    this.#probe = probe ?? childProbe;
    this.#patience = { wait: patience, now: now ?? (() => performance.now()) };
    [this.#registration, this.#data] = this.exclusively(() => {
      const found = readHeader(path);
      assertReadable(path, found);
      const { living, dead } = rollOf(path);
      bury(path, dead);
      if (living.length > 0) this.#join(found);
      else this.#takeOver(found);
      const registration = new Registration(path, this.#patience.now);
      if (living.length > 0) sleep(2 * GLANCE); // until everyone has seen that they aren't alone any more
      return [registration, dataOf(path)];
    });
  }

  /** Others use the environment, so it can be used. */
  #join(found: FoundHeader): void {
    const header = found.is === 'whole' ? found.header : undefined;
    if (header && !isSameSettings(header.settings, this.#settings))
      throw new TidemarkError(
        'in_use',
        `${this.path} is in use with other settings: ${JSON.stringify(header.settings)}`,
      );
    if (!statSync(join(this.path, DATA), { throwIfNoEntry: false })) discard(this.path); // theirs has been deleted
    this.#begin(header?.open?.durability ?? 'process', header?.crashes ?? 0, header);
  }

  #takeOver(found: FoundHeader): void {
    const { path } = this;
    const marker = join(path, SUSPECT);
    const suspect = statSync(marker, { throwIfNoEntry: false }) !== undefined;
    const fault = faultOf({ path, found, settings: this.#settings, suspect, probe: this.#probe });
    if (fault) this.#replace(fault);
    const unfinished = !fault && found.is === 'whole' && found.header.clean === null ? found.header : undefined;
    rmSync(join(path, COMPACTING), { recursive: true, force: true });
    this.#begin(unfinished?.open?.durability ?? 'machine', unfinished ? unfinished.crashes + 1 : 0);
    rmSync(marker, { force: true });
  }

  /** From here on the data may change. */
  #begin(others: Durability, crashes: number, present?: Header): void {
    mkdirSync(join(this.path, USERS), { recursive: true }); // before the data: without it they would look like a stranger's
    closeSync(openSync(join(this.path, DATA), 'a'));
    const durability = others === 'process' ? others : this.durability;
    const open = { boot: presentBoot(), durability };
    const unchanged = present?.clean === null && present.open?.durability === durability;
    if (!unchanged) writeHeader(this.path, { settings: this.#settings, clean: null, open, crashes });
  }

  #replace(fault: Fault): void {
    const movedTo = fault.reason === 'damaged' ? moveAside(this.path) : undefined;
    discard(this.path);
    this.replaced = { ...fault, movedTo };
  }

  alone(): boolean {
    return this.#registration.alone();
  }

  intact(): boolean {
    try {
      const { dev, ino } = dataOf(this.path);
      return dev === this.#data.dev && ino === this.#data.ino;
    } catch {
      return false;
    }
  }

  suspect(): void {
    if (this.#suspected) return;
    this.#suspected = true;
    try {
      writeFileSync(join(this.path, SUSPECT), '');
    } catch {
      // whoever meets the damage next says so again
    }
  }

  condemn(error: unknown): void {
    if (!DAMAGE.test(String(error))) throw failure(this.path, error);
    this.exclusively(() => {
      if (rollOf(this.path).living.some((name) => name !== this.#registration.name)) throw failure(this.path, error);
      this.#replace({ reason: 'damaged', detail: error instanceof Error ? error.message : String(error) });
      this.#begin('machine', 0);
      this.replacedData();
    });
  }

  exclusively<T>(work: () => T): T {
    if (this.#exclusive) return work();
    return whileOpening(this.path, this.#patience, () => {
      this.#exclusive = true;
      try {
        return work();
      } finally {
        this.#exclusive = false;
      }
    });
  }

  whileNobodyWrites<T>(work: () => T): T {
    return this.exclusively(() => {
      const { wait, now } = this.#patience;
      for (const until = now() + wait; writersIn(this.path).length > 0; sleep(1))
        if (now() >= until)
          throw new TidemarkError('in_use', `${this.path}: another process is in the middle of a write for too long`);
      return work();
    });
  }

  beginWriting(): boolean {
    this.#registration.beginWriting();
    if (this.#registration.alone() || !isBeingOpened(this.path)) return true;
    this.#registration.endWriting();
    return false;
  }

  endWriting(): void {
    this.#registration.endWriting();
  }

  replacedData(): void {
    this.#data = dataOf(this.path);
  }

  labelCopy(path: string): void {
    const clean = fingerprintOf(path, { flush: true });
    writeHeader(path, { settings: this.#settings, clean, open: null, crashes: 0 });
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    try {
      this.exclusively(() => this.#goOut());
    } catch {
      this.#registration.end(); // the directory is gone or busy: the next opening takes care
    }
  }

  #goOut(): void {
    this.#registration.end();
    const { living, dead } = rollOf(this.path);
    bury(this.path, dead);
    if (living.length > 0 || !this.intact()) return;
    const clean = fingerprintOf(this.path, { flush: true });
    writeHeader(this.path, { settings: this.#settings, clean, open: null, crashes: 0 });
  }
}

function dataOf(path: string): BigIntStats {
  return statSync(join(path, DATA), { bigint: true });
}

function failure(path: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TidemarkError('store_failed', `${path} can't be opened: ${message}`, error);
}
