/** A read of the slower tiers and, if they have nothing, a load: under way once, joined by everyone who asks meanwhile. */
import type { Dependency } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import type { Path } from './key.ts';
import { LazyAbort } from './lazy-abort.ts';

/** The promise by which a value that is old by time is served. */
type Staleness = 'staleFor' | 'graceFor' | 'softTimeout';

/** How a flight ended. */
export interface Outcome {
  readonly value: unknown;
  /** True if something that the value rests on changed while it was loaded: it answers those who asked before that only. */
  readonly moved: boolean;
  /** What the value is: found in a tier, loaded, or old by time but allowed. */
  readonly from: 'tier' | 'load' | Staleness;
  /** The tier that had it, if one did. */
  readonly tier?: string;
  /** True if the value was copied for the cache and every reader must be given a copy. */
  readonly copied: boolean;
  /** Milliseconds since the epoch up to which it is fresh; `-Infinity` if a change has overtaken it. */
  readonly freshUntil: number;
}

/** What a flight takes down of the present. */
interface Now {
  readonly seq: number;
  readonly applied: Mark;
  readonly incarnation: string;
}

/** One flight. The read path starts and ends it; loads and their cycles are followed by it. */
export class Flight {
  readonly owner: object;
  readonly key: Path;
  /** The local sequence at which it began: who joined at the same one joined before anything changed. */
  readonly seq: number;
  /** Milliseconds since the epoch at which it began. */
  readonly startedAt: number;
  /** The local sequence at which it was last found to be still worth joining. */
  checkedAt: number;
  /** The mark applied when it began, or when its load did: whether something moved since is asked of this one. */
  since: Mark;
  /** The mark of what is loaded: as `since`, or earlier for a source that lags. */
  mark: Mark;
  incarnation: string;
  /** What was found on the way: material for a conditional reload. */
  previous: Entry | undefined;
  /** What its loader has said that the value rests on, so far. */
  said: ReadonlySet<Dependency> = new Set();
  /** Flights whose end this one's loader waits for. */
  readonly waitsFor: Set<Flight> = new Set();
  readonly #abort = new LazyAbort();
  #onAbort: (() => void) | undefined;
  #onGiveWay: (() => void) | undefined;
  #gaveWay = false;
  #waiters = 0;
  #background = false;
  #abandoned = false;
  done!: Promise<Outcome>;

  /** `owner` is the cache that it belongs to. */
  constructor(owner: object, key: Path, { seq, applied, incarnation }: Now, startedAt: number) {
    this.owner = owner;
    this.key = key;
    this.startedAt = startedAt;
    this.seq = this.checkedAt = seq;
    this.since = this.mark = applied;
    this.incarnation = incarnation;
  }

  /**
   * What it is known or guessed to rest on beyond its key: what its loader has said so far, and what the value rested on
   * before. A wrong guess costs a load that wasn't needed; without one a reader would wait for a load that can't answer it.
   */
  get likelyDependencies(): readonly Dependency[] {
    return [...this.said, ...(this.previous?.dependencies ?? [])];
  }

  /** Its load begins now: no change up to the applied mark can escape it, none after `mark` need be seen by it. */
  begin({ applied, incarnation }: Now, mark: Mark, previous: Entry | undefined): void {
    this.since = applied;
    this.mark = mark;
    this.incarnation = incarnation;
    this.previous = previous;
  }

  /** The key as messages show it. */
  get shown(): string {
    return this.key.slice(1).join('/');
  }

  /** Aborts when nobody waits for the load any more, or when its time is up. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it was aborted, if it was. */
  get aborted(): { readonly reason: unknown } | undefined {
    return this.#abort.aborted;
  }

  /** Throws the reason if it was aborted. */
  throwIfAborted(): void {
    if (this.aborted) throw this.aborted.reason;
  }

  /** Called when it is aborted: for the batch that it is part of. */
  onAbort(listener: () => void): void {
    this.#onAbort = listener;
  }

  /** Called when another flight takes its place, at once if one has: for what it holds that the other one needs. */
  onGiveWay(listener: () => void): void {
    this.#onGiveWay = listener;
    if (this.#gaveWay) listener();
  }

  /** Another flight takes its place: it answers those who have joined it, and stores nothing. */
  giveWay(): void {
    this.#gaveWay = true;
    this.#onGiveWay?.();
  }

  /** It goes on even if nobody waits. */
  keepGoing(): void {
    this.#background = true;
  }

  join(): void {
    this.#waiters++;
  }

  /** True if it was aborted because nobody waited any more. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** A waiter has gone. If it was the last one, the load is aborted. */
  leave(reason: unknown): void {
    if (--this.#waiters > 0 || this.#background) return;
    this.#abandoned = true;
    this.abort(reason);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.#abort.abort(reason);
    this.#onAbort?.();
  }

  /** Does this flight's end wait, directly or through others, for that of another? */
  reaches(other: Flight): boolean {
    const seen = new Set<Flight>([this]);
    for (const flight of seen) {
      if (flight === other) return true;
      for (const next of flight.waitsFor) seen.add(next);
    }
    return false;
  }
}
