/** Changes that couldn't be said to the log: they wait here, are distrusted meanwhile, and are said when the log is back. */
import type { Clock } from './clock.ts';
import type { Dependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Change } from './log.ts';
import type { MaybePromise } from './maybe.ts';
import type { Stamps } from './stamps.ts';

const MOST = 1000;
const FIRST_RETRY = 100;
const LONGEST_RETRY = 5000;

/**
 * Waiting dependencies, each once. More than a thousand become one: everything. Whatever waits is said as one change, for
 * the order among changes that no one has seen doesn't matter.
 */
export class Outbox {
  readonly #stamps: Stamps;
  readonly #clock: Clock;
  readonly #everything: Dependency;
  readonly #say: (change: Change) => MaybePromise<Mark | undefined>;
  #waiting = new Set<Dependency>();
  #flushing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #retry = FIRST_RETRY;

  /** `everything` is the one dependency that stands for all when too much waits. */
  constructor(
    stamps: Stamps,
    clock: Clock,
    everything: Dependency,
    say: (change: Change) => MaybePromise<Mark | undefined>,
  ) {
    this.#stamps = stamps;
    this.#clock = clock;
    this.#everything = everything;
    this.#say = say;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A change could not be said. */
  add(change: Change): void {
    const waits = (dependency: Dependency) => this.#waiting.has(dependency) || this.#waiting.has(this.#everything);
    const more = [...new Set(change)].filter((dependency) => !waits(dependency));
    const full = this.#waiting.size + more.length > MOST;
    const added = full ? [this.#everything] : more;
    this.#stamps.distrust(added);
    if (full) {
      this.#stamps.said([...this.#waiting]); // taken over by the larger one
      this.#waiting.clear();
    }
    for (const dependency of added) this.#waiting.add(dependency);
    this.#arm();
  }

  /** Say what waits, if anything does. */
  flush(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return (this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined)));
  }

  async #flush(): Promise<void> {
    const saying = [...this.#waiting];
    this.#waiting = new Set(); // what changes again while this is being said must be said again
    const mark = await this.#say(saying);
    if (mark === undefined) this.add(saying);
    else this.#retry = FIRST_RETRY;
    this.#stamps.said(saying);
  }

  #arm(): void {
    this.#cancel ??= this.#clock.after(this.#retry, () => {
      this.#cancel = undefined;
      this.#retry = Math.min(this.#retry * 2, LONGEST_RETRY);
      void this.flush();
    });
  }

  /** Say what waits, once more: also what comes back from being said in vain. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.flush();
    this.#cancel?.();
  }
}
