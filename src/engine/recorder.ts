/** A cache's side of the mirror in one of its tiers: asking it, and telling it what has been applied, in batches. */
import type { Clock } from './clock.ts';
import type { Dependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import { FAILED, type Guard } from './guard.ts';
import type { Change, Page, Position } from './log.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import type { Mirror } from './mirror.ts';
import type { Recalled } from './stamps.ts';

const PAUSE = 100; // milliseconds that changes wait for others
const BATCH = 500; // changes that wait no longer
const MOST = 5000; // changes that wait for a slow mirror

/**
 * Tells a mirror of each change once it has been applied without a gap. Nothing waits for that and nothing rests on it: a
 * mirror that is behind is one that the log is asked instead of. A batch that fails, is dropped since too many wait, or
 * dies with the process is simply missing: the next one begins after the mirror's end, and so the mirror begins anew there.
 */
export class Recorder {
  readonly #mirror: Mirror;
  readonly #guard: Guard;
  readonly #clock: Clock;
  #incarnation = '';
  #from: Mark = 0;
  #to: Mark = 0;
  #changes: Page['changes'][number][] = [];
  #untold = false;
  #recording: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  /** `guard` is that of the tier whose store has the mirror. */
  constructor(mirror: Mirror, guard: Guard, clock: Clock) {
    this.#mirror = mirror;
    this.#guard = guard;
    this.#clock = clock;
  }

  /** Where the mirror ends; undefined if it remembers nothing or doesn't answer. */
  position(): MaybePromise<Position | undefined> {
    return andThen(
      this.#guard.attempt('position', (call) => this.#mirror.position(call)),
      (position) => (position === FAILED ? undefined : position),
    );
  }

  /** What the mirror knows of dependencies, if it knows of every change after a mark and answers. */
  recall(dependencies: readonly Dependency[], after: Mark): MaybePromise<Recalled | undefined> {
    return andThen(
      this.#guard.attempt('stamps', (call) => this.#mirror.stamps(dependencies, after, call)),
      (answer) => {
        if (answer === FAILED || answer === undefined) return undefined;
        return { ...answer, stamps: new Map(dependencies.map((dependency, i) => [dependency, answer.stamps[i]])) };
      },
    );
  }

  /** The log is followed from this position on. */
  begin({ incarnation, head }: Position): void {
    this.#incarnation = incarnation;
    this.#from = this.#to = head;
    this.#changes = [];
    this.#untold = true;
    this.#tell();
  }

  /** A change has been applied, and so have all before it. */
  add(mark: Mark, change: Change): void {
    if (this.#changes.length < MOST) this.#changes.push({ mark, change });
    else {
      this.#from = mark;
      this.#changes = [];
    }
    this.#to = mark;
    this.#untold = true;
    if (this.#changes.length >= BATCH) this.#tell();
    else this.#arm();
  }

  #arm(): void {
    this.#cancel ??= this.#clock.after(PAUSE, () => {
      this.#cancel = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#recording || !this.#untold) return;
    const [incarnation, from, to, changes] = [this.#incarnation, this.#from, this.#to, this.#changes];
    this.#from = to;
    this.#changes = [];
    this.#untold = false;
    const recorded = this.#guard.attempt('record', (call) => this.#mirror.record(incarnation, from, to, changes, call));
    if (!isPromise(recorded)) return;
    this.#recording = recorded.then(() => {
      this.#recording = undefined;
      if (this.#untold) this.#arm();
    });
  }

  /** Tell what waits. */
  async close(): Promise<void> {
    await this.#recording;
    this.#tell();
    await this.#recording;
    this.#cancel?.();
  }
}
