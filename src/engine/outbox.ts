/** Changes that couldn't be said to the log: they wait here, are distrusted meanwhile, and are said when the log is back. */
import type { Clock } from './clock.ts';
import type { Dependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Change } from './log.ts';
import type { MaybePromise } from './maybe.ts';
import type { Stamps } from './stamps.ts';
import { leftOf, within } from './wait.ts';

/** What is being said, and since when. */
interface Saying {
  readonly change: Change;
  readonly since: number;
}

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
  readonly #longest: number;
  readonly #keepAlive: (work: Promise<unknown>) => void;
  #waiting = new Set<Dependency>();
  #flushing: Promise<void> | undefined;
  #saying: Saying | undefined;
  #cancel: (() => void) | undefined;
  #armed = 0;
  #retry = FIRST_RETRY;

  /**
   * `everything` is the one dependency that stands for all when too much waits. What is being said for `longest`
   * milliseconds is taken back and said again: it may have ended with the request that said it. That is asked to stay, by
   * `keepAlive`, until what waits has been said.
   */
  constructor(
    stamps: Stamps,
    clock: Clock,
    everything: Dependency,
    say: (change: Change) => MaybePromise<Mark | undefined>,
    longest: number = Infinity,
    keepAlive: (work: Promise<unknown>) => void = () => {},
  ) {
    this.#longest = longest;
    this.#keepAlive = keepAlive;
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
    const saying = this.#saying;
    if (saying && leftOf(this.#longest, saying.since, this.#clock) === 0) this.#end(saying, undefined);
    if (this.#waiting.size === 0) return Promise.resolve();
    if (!this.#flushing) {
      this.#flushing = this.#flush();
      this.#keepAlive(this.#flushing);
    }
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    const saying = { change: [...this.#waiting], since: this.#clock.now() };
    this.#saying = saying;
    this.#waiting = new Set(); // what changes again while this is being said must be said again
    this.#end(saying, await this.#say(saying.change));
  }

  #end(saying: Saying, mark: Mark | undefined): void {
    if (this.#saying !== saying) return; // taken back
    this.#saying = this.#flushing = undefined;
    if (mark === undefined) this.add(saying.change);
    else this.#retry = FIRST_RETRY;
    this.#stamps.said(saying.change);
  }

  #arm(): void {
    const longest = this.#retry + this.#longest;
    if (this.#cancel && leftOf(longest, this.#armed, this.#clock) > 0) return; // a timer may have ended with its request, too
    this.#cancel?.();
    this.#armed = this.#clock.now();
    const over = new Promise<void>((resolve) => {
      const cancel = this.#clock.after(this.#retry, () => {
        this.#cancel = undefined;
        this.#retry = Math.min(this.#retry * 2, LONGEST_RETRY);
        void this.flush();
        resolve();
      });
      this.#cancel = () => {
        cancel();
        resolve();
      };
    });
    this.#keepAlive(over);
  }

  /** Say what waits, once more: also what comes back from being said in vain. */
  async close(): Promise<void> {
    const ended = (work: Promise<void>) => within(work, this.#longest, this.#clock, () => {});
    if (this.#flushing) await ended(this.#flushing);
    await ended(this.flush());
    this.#cancel?.();
  }
}
