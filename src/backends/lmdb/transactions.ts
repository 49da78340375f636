/** The one way to write to an environment: whole pieces of work, at once where nothing is in the way, otherwise beside the event loop. */
import type { RootDatabase } from 'lmdb';
import type { Clock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Premises } from './premises.ts';
import { WriterThread } from './writer-thread.ts';

/** So often is looked whether somebody who opens the environment is ready, a moment apart: for about ten seconds. */
const LOOKS = 10_000;

/** Takes part in every transaction: prepares, finishes, or forgets. */
export interface Participant {
  /** The environment has been opened, or opened anew: databases from before are of no use. */
  bind(): void;
  begin?(): void;
  finish?(): void;
  forget?(): void;
}

/** What transactions work with. */
export interface TransactionsOptions {
  readonly premises: Premises;
  /** The environment as it is now: a compacted copy may take its place. */
  readonly root: () => RootDatabase<Buffer, string>;
  readonly participants: readonly Participant[];
  /** Whose timers bound the waits for other writers. Default the machine's. */
  readonly clock?: Clock;
  /** Resolves a moment later. Default after a millisecond, for which the process stays alive. */
  readonly moment?: () => Promise<void>;
}

/** The transactions of one opening. */
export class Transactions {
  readonly #premises: Premises;
  readonly #root: () => RootDatabase<Buffer, string>;
  readonly #participants: readonly Participant[];
  readonly #moment: () => Promise<void>;
  readonly #thread: WriterThread;
  #held: Promise<void> | undefined; // while a copy takes the file's place; never rejects
  #opening: Promise<void> | undefined; // while another process opens it

  constructor({ premises, root, participants, clock, moment = aMillisecond }: TransactionsOptions) {
    this.#premises = premises;
    this.#root = root;
    this.#participants = participants;
    this.#moment = moment;
    this.#thread = new WriterThread({ path: premises.path, root, clock });
  }

  /** What writes have to wait for, if there is anything. Rejects with what they are to fail with. */
  get held(): Promise<void> | undefined {
    return this.#held ?? this.#opening;
  }

  /** True if nothing is being written, nor waits to be. */
  get idle(): boolean {
    return this.#thread.free && this.#settled;
  }

  get #settled(): boolean {
    return !this.held && this.#thread.settled;
  }

  /** Let writes wait for a piece of work, which begins when those under way are done. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    while (this.#held) await this.#held;
    const done = this.#undisturbed(work);
    const end = (): void => void (this.#held = undefined);
    this.#held = done.then(end, end);
    return done;
  }

  async #undisturbed<T>(work: () => Promise<T>): Promise<T> {
    await this.#thread.settle();
    this.#thread.assertMoving();
    return work();
  }

  /** Resolves when all that has been accepted is done, or was given up. */
  async settle(): Promise<void> {
    while (!this.#settled) await (this.held?.catch(() => {}) ?? this.#thread.settle());
  }

  /** Do something as soon as lmdb has nothing to do, which is at once unless writes were given up. */
  onceFree(task: () => void): void {
    this.#thread.onceFree(task);
  }

  /**
   * Do a piece of work as one transaction. At once, if this is the only opening and a commit needn't wait for the disk; if
   * others might hold LMDB's lock, on the writer's thread: the event loop goes on, whatever they do. Nobody who stands
   * still is waited for longer than about ten seconds, and what is given up doesn't take effect.
   *
   * @throws `in_use`, `store_timeout`, and what lmdb throws.
   */
  write<T>(work: () => T, signal?: AbortSignal): MaybePromise<T> {
    const premises = this.#premises;
    if (!premises.beginWriting()) return this.#opened().then(() => this.write(work, signal));
    const whole = () => {
      if (signal?.aborted) throw signal.reason;
      return this.together(work);
    };
    if (premises.durability === 'machine' || !this.#thread.free || !premises.alone())
      return this.#thread.write(whole).finally(() => premises.endWriting());
    try {
      return this.#root().transactionSync(whole);
    } finally {
      premises.endWriting();
    }
  }

  /** The work, and what takes part in it. */
  together<T>(work: () => T): T {
    const participants = this.#participants;
    try {
      for (const participant of participants) participant.begin?.();
      const result = work();
      for (const participant of participants) participant.finish?.();
      return result;
    } catch (error) {
      for (const participant of participants) participant.forget?.();
      throw error;
    }
  }

  /** Resolves when nobody else is opening the environment. LMDB forgets a commit that is made while somebody opens. */
  #opened(): Promise<void> {
    this.#opening ??= this.#look().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #look(): Promise<void> {
    const premises = this.#premises;
    for (let left = LOOKS; left > 0; left--) {
      await this.#moment();
      if (premises.beginWriting()) return premises.endWriting();
    }
    throw new TidemarkError('in_use', `${premises.path}: another process has been opening or closing it for too long`);
  }
}

function aMillisecond(): Promise<void> {
  return new Promise((go) => setTimeout(go, 1));
}
