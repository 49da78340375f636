/** Writes on lmdb's own thread, where waiting for other processes stops nobody; when nothing moves any more, they are given up. */
import type { RootDatabase } from 'lmdb';
import { type Clock, systemClock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';

// Patience is counted in ticks that this process was there for: when it has stood still itself, nobody else is to blame.
const TICK = 1000; // milliseconds
const PATIENCE = 10; // ticks: as long as an opening waits for others

/** What a writer's thread works with. */
export interface WriterThreadOptions {
  /** The directory, for messages. */
  readonly path: string;
  /** The environment as it is now: a compacted copy may take its place. */
  readonly root: () => RootDatabase<Buffer, string>;
  /** Whose timers are used. Default the machine's. */
  readonly clock?: Clock | undefined;
}

/** The thread of one opening. */
export class WriterThread {
  readonly #path: string;
  readonly #root: () => RootDatabase<Buffer, string>;
  readonly #clock: Clock;
  /** What has been accepted, and not been answered yet. */
  readonly #writes = new Set<Promise<unknown>>();
  /** How to give up those of them that haven't begun. */
  readonly #waiting = new Set<(error: TidemarkError) => void>();
  #works = 0; // that lmdb has, those given up included
  #still = 0; // ticks since anything moved
  #ticking = false;
  #stuck = false;
  #onceFree: (() => void) | undefined;

  constructor({ path, root, clock = systemClock }: WriterThreadOptions) {
    this.#path = path;
    this.#root = root;
    this.#clock = clock;
  }

  /** True if lmdb has nothing to do, so that nothing of this process waits for LMDB's lock. */
  get free(): boolean {
    return this.#works === 0;
  }

  /** True if all that was accepted has been answered. */
  get settled(): boolean {
    return this.#writes.size === 0;
  }

  /** Resolves when all that has been accepted so far is done, or given up. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#writes);
  }

  /** Do something as soon as the thread is free; at most one thing. */
  onceFree(task: () => void): void {
    if (this.free) task();
    else this.#onceFree = task;
  }

  /** @throws `store_timeout` while the thread stands still. */
  assertMoving(): void {
    if (this.#stuck) throw this.#timeout();
  }

  /**
   * Do a piece of work as one transaction. It is given up, and never done, if nothing on the thread moves for ten seconds
   * before it begins; others are refused from then on until something moves, so that they don't pile up.
   *
   * @throws `store_timeout`, and what lmdb throws.
   */
  write<T>(work: () => T): Promise<T> {
    const answered = new Promise<T>((resolve, reject) => {
      this.assertMoving();
      this.#waiting.add(reject);
      const begin = (): T => {
        this.#move();
        if (!this.#waiting.delete(reject)) throw new Error('this write has been given up');
        return work();
      };
      void this.#run(begin, () => this.#waiting.delete(reject)).then(resolve, reject);
    });
    this.#writes.add(answered);
    const answer = (): void => void this.#writes.delete(answered);
    answered.then(answer, answer);
    this.#watch();
    return answered;
  }

  async #run<T>(work: () => T, end: () => void): Promise<T> {
    this.#works++;
    try {
      return await this.#root().childTransaction(work);
    } catch (error) {
      throw await causeOf(error);
    } finally {
      this.#works--;
      this.#move();
      end();
      if (this.free) {
        this.#onceFree?.();
        this.#onceFree = undefined;
      }
    }
  }

  #move(): void {
    this.#still = 0;
    this.#stuck = false;
  }

  #watch(): void {
    if (this.#ticking || this.free || this.#stuck) return;
    this.#ticking = true;
    this.#clock.after(TICK, () => {
      this.#ticking = false;
      if (!this.free && ++this.#still > PATIENCE) this.#giveUp();
      this.#watch();
    });
  }

  #giveUp(): void {
    this.#stuck = true;
    for (const reject of this.#waiting) reject(this.#timeout());
    this.#waiting.clear();
  }

  #timeout(): TidemarkError {
    return new TidemarkError(
      'store_timeout',
      `${this.#path}: another process stands still in the middle of a write, or the disk doesn't answer`,
    );
  }
}

/** A commit's failure carries its cause in a promise that nobody else handles. */
async function causeOf(error: unknown): Promise<unknown> {
  const inner = (error as { readonly commitError?: Promise<unknown> }).commitError;
  return inner ? Promise.resolve(inner).catch((reason: unknown) => reason) : error;
}
