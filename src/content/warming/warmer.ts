/** A warmer: reads what will be asked for before it is, when the process is new, after events, and from time to time. */
import type { Leases } from '../../engine/backend.ts';
import type { Cache } from '../../engine/cache.ts';
import { type Clock, systemClock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { encodePath } from '../../engine/key.ts';
import {
  checkOptions,
  duration,
  type Duration,
  functionOrNothing,
  nonEmptyText,
  positiveInteger,
  signalOrNothing,
} from '../../engine/options.ts';
import type { Catalogue } from './catalogue.ts';
import { type CheckedPlan, checkedPlans, type Occasion, type WarmPlan } from './plan.ts';
import { ReadQueue } from './read-queue.ts';
import { lostAt, SharedRun } from './shared-run.ts';
import { type WarmReport, WarmRun } from './warm-run.ts';
import { WarmerCounts, type WarmerStats } from './warmer-stats.ts';

/** What a warmer is made with. */
export interface WarmerOptions {
  readonly cache: Pick<Cache, 'name' | 'stats'>;
  readonly plans: readonly WarmPlan[];
  /** The hottest readings for plans, and the figures of use. */
  readonly catalogue?: Catalogue;
  /** A backend's `leases`, so that one process among many warms what they share. */
  readonly leases?: Leases | undefined;
  /**
   * How long others leave a plan alone that one process has warmed; one that died is replaced after this time. Default 1
   * minute; for what `every` warms, nine tenths of its period.
   */
  readonly leaseFor?: Duration;
  /** Reads under way at once, of all runs together. Default 8. */
  readonly concurrency?: number;
  /** Reads that wait at once. A plan that names more is asked for them bit by bit. Default 1,000. */
  readonly maxWaiting?: number;
  /** How long one run may take. Default 25 seconds: a Worker may go on for 30 after its answer. */
  readonly maxMs?: Duration;
  /** `waitUntil`, for runs that nobody waits for: those that {@link Warmer.follow} and {@link Warmer.written} begin. */
  readonly background?: (work: Promise<unknown>) => void;
  readonly clock?: Clock;
}

/** How a warm-up is run. */
export interface WarmRunOptions {
  readonly signal?: AbortSignal;
  /** Instead of the warmer's own. */
  readonly maxMs?: Duration;
}

/** What tells of events once their change is known, such as `content.events`: `on` answers with what ends it. */
export interface EventSource {
  on(event: string, listener: (told: { readonly payload: Readonly<Record<string, unknown>> }) => void): () => void;
}

/** A write of a repository, as `createRepository({ on: { written } })` tells it. */
export interface WrittenEvent {
  readonly repository: string;
  readonly action: string;
  readonly ids: readonly string[];
}

/** Warms a cache. Nothing that it does makes a read wrong, and no run throws: see its report. */
export interface Warmer {
  /**
   * Warm what is due on startup: once, whoever calls it how often. One that didn't end well may be called again; after a
   * failure, or if its time was up, it answers with the last report for 10 seconds. In a Worker call it in each request:
   * `waitUntil(warmer.startup())`.
   */
  startup(options?: WarmRunOptions): Promise<WarmReport>;
  /** Warm what is due on schedule: for `scheduled()` handlers. While one is under way, that one. */
  scheduled(options?: WarmRunOptions): Promise<WarmReport>;
  /** The same every `period`, by a timer that keeps no process alive; the result stops it. Not for Workers. */
  every(period: Duration): () => void;
  /** Warm what is due on an event, once the change that it tells of is known: after the write or invalidation resolved. */
  event(name: string, payload?: Readonly<Record<string, unknown>>, options?: WarmRunOptions): Promise<WarmReport>;
  /** The same for `content.publish` with `{ id }`. */
  published(id: string, payload?: Readonly<Record<string, unknown>>): Promise<WarmReport>;
  /** A listener for repositories: the event `<repository>.<action>` with `{ id }`, one id or a list of them. */
  readonly written: (write: WrittenEvent) => void;
  /** Warm on every event that a plan names, as `events` tells of it; the result stops it. */
  follow(events: EventSource): () => void;
  stats(): WarmerStats;
  /** Stop timers, abort what is under way, and follow nothing any more. Call it before the cache is closed. */
  close(): void;
}

const NAMES = [
  'cache',
  'plans',
  'catalogue',
  'leases',
  'leaseFor',
  'concurrency',
  'maxWaiting',
  'maxMs',
  'background',
  'clock',
] as const;
const MOST_RUNS = 100;

/**
 * A warmer.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const warmer = createWarmer({
 *   cache,
 *   plans: [
 *     { name: 'front', priority: 10, on: ['startup', 'event:content.publish'], read: () => [warm.list(posts, front)] },
 *   ],
 * });
 * await warmer.startup();
 */
export function createWarmer(options: WarmerOptions): Warmer {
  return new PlannedWarmer(options);
}

class PlannedWarmer implements Warmer {
  readonly #o: WarmerOptions;
  readonly #plans: readonly CheckedPlan[];
  readonly #clock: Clock;
  readonly #queue: ReadQueue;
  readonly #leaseFor: number;
  readonly #maxMs: number;
  readonly #counts = new WarmerCounts();
  readonly #runs = new Map<WarmRun, number>(); // and when each is taken for lost
  readonly #shared = new Map<'startup' | 'schedule', SharedRun>();
  readonly #stops = new Set<() => void>();
  #closed = false;

  constructor(options: WarmerOptions) {
    checkOptions('createWarmer', options, NAMES);
    const { cache, leases, clock = systemClock } = options;
    if (typeof cache?.stats !== 'function')
      throw new TidemarkError('bad_option', 'createWarmer: cache must be a cache');
    if (leases !== undefined && typeof leases?.acquire !== 'function')
      throw new TidemarkError('bad_option', "createWarmer: leases must be a backend's leases");
    functionOrNothing('createWarmer: background', options.background);
    this.#plans = checkedPlans(options.plans);
    const concurrency = positiveInteger('createWarmer: concurrency', options.concurrency ?? 8);
    const capacity = positiveInteger('createWarmer: maxWaiting', options.maxWaiting ?? 1000);
    this.#leaseFor = duration('createWarmer: leaseFor', options.leaseFor ?? '1m');
    this.#maxMs = duration('createWarmer: maxMs', options.maxMs ?? '25s');
    this.#o = options;
    this.#clock = clock;
    this.#queue = new ReadQueue({ concurrency, capacity, clock });
  }

  async startup(options: WarmRunOptions = {}): Promise<WarmReport> {
    const before = this.#shared.get('startup');
    if (before?.isUnderWay || before?.isEnough) return before.done;
    return this.#share('startup', options, this.#leaseFor);
  }

  scheduled(options: WarmRunOptions = {}): Promise<WarmReport> {
    return this.#scheduled(options, this.#leaseFor);
  }

  async #scheduled(options: WarmRunOptions, leaseFor: number): Promise<WarmReport> {
    const before = this.#shared.get('schedule');
    if (before?.isUnderWay) return before.done;
    return this.#share('schedule', options, leaseFor);
  }

  every(period: Duration): () => void {
    const ms = duration('every: period', period);
    if (!(ms > 0 && ms < Infinity))
      throw new TidemarkError('bad_option', 'every: period must be longer than 0, and end');
    let cancel = () => {};
    const arm = () => {
      cancel = this.#clock.after(ms, () => {
        arm();
        this.#inBackground(this.#scheduled({}, ms * 0.9));
      });
    };
    if (!this.#closed) arm();
    return this.#stoppable(() => cancel());
  }

  async event(
    name: string,
    payload: Readonly<Record<string, unknown>> = {},
    options: WarmRunOptions = {},
  ): Promise<WarmReport> {
    return this.#run(`event:${nonEmptyText('event: name', name)}`, payload, options, this.#leaseFor);
  }

  async published(id: string, payload: Readonly<Record<string, unknown>> = {}): Promise<WarmReport> {
    return this.event('content.publish', { ...payload, id: nonEmptyText('published: id', id) });
  }

  readonly written = ({ repository, action, ids }: WrittenEvent): void => {
    const payload = { id: ids.length === 1 ? ids[0] : ids, repository, action };
    this.#inBackground(this.event(`${repository}.${action}`, payload));
  };

  follow(events: EventSource): () => void {
    const names = new Set(this.#plans.flatMap(({ on }) => on).filter((occasion) => occasion.startsWith('event:')));
    const stops = [...names].map((occasion) => {
      const name = occasion.slice('event:'.length);
      return events.on(name, ({ payload }) => this.#inBackground(this.event(name, payload)));
    });
    return this.#stoppable(() => {
      for (const stop of stops) stop();
    });
  }

  stats(): WarmerStats {
    const names = this.#plans.map(({ name }) => name);
    return this.#counts.stats(names, this.#o.catalogue, {
      waiting: this.#queue.waiting,
      underWay: this.#queue.underWay,
      running: this.#runs.size,
    });
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    for (const run of this.#runs.keys()) run.abort();
  }

  #share(occasion: 'startup' | 'schedule', options: WarmRunOptions, leaseFor: number): Promise<WarmReport> {
    const { maxMs } = this.#checked(options);
    const done = this.#run(occasion, {}, options, leaseFor);
    this.#shared.set(occasion, new SharedRun(done, maxMs, this.#clock));
    return done;
  }

  async #run(
    occasion: Occasion,
    payload: Readonly<Record<string, unknown>>,
    options: WarmRunOptions,
    leaseFor: number,
  ): Promise<WarmReport> {
    const { maxMs, signal } = this.#checked(options);
    const plans = this.#plans.filter(({ on }) => on.includes(occasion));
    this.#forgetLost();
    const busy = plans.length > 0 && this.#runs.size >= MOST_RUNS;
    const { cache, catalogue, leases } = this.#o;
    const run = new WarmRun({
      occasion,
      payload,
      plans: busy ? [] : plans,
      queue: this.#queue,
      clock: this.#clock,
      maxMs,
      signal,
      catalogue,
      leases,
      leaseFor,
      leaseKey: (plan) => encodePath([cache.name, 'warming', plan]) + '~w',
      loads: () => cache.stats().loads,
    });
    if (this.#closed) run.abort();
    this.#runs.set(run, lostAt(this.#clock, maxMs));
    try {
      const report = await run.go();
      return this.#counts.add(busy ? { ...report, ended: 'busy' } : report);
    } finally {
      this.#runs.delete(run);
    }
  }

  #forgetLost(): void {
    const now = this.#clock.now();
    for (const [run, lost] of this.#runs) if (now >= lost && this.#runs.delete(run)) run.abandon();
  }

  #checked(options: WarmRunOptions): { readonly maxMs: number; readonly signal: AbortSignal | undefined } {
    checkOptions('warm', options, ['signal', 'maxMs']);
    signalOrNothing('warm: signal', options.signal);
    const maxMs = options.maxMs === undefined ? this.#maxMs : duration('warm: maxMs', options.maxMs);
    return { maxMs, signal: options.signal };
  }

  #inBackground(work: Promise<unknown>): void {
    const done = work.catch(() => {}); // a run doesn't throw; what it was called with by others may be wrong
    this.#o.background?.(done);
  }

  #stoppable(stop: () => void): () => void {
    const once = () => {
      if (this.#stops.delete(once)) stop();
    };
    this.#stops.add(once);
    return once;
  }
}
