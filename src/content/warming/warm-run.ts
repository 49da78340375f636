/** One warm-up: the plans of an occasion, the highest first, until all is read, its time is up, or it is given up. */
import type { Lease, Leases } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import { abortable } from '../../engine/wait.ts';
import type { Catalogue } from './catalogue.ts';
import type { CheckedPlan, Occasion, WarmContext, WarmRead } from './plan.ts';
import { textOfArguments } from './reading.ts';
import type { ReadQueue, Ticket } from './read-queue.ts';
import { leaveLease, takeLease } from './warm-lease.ts';

/** How a plan went. */
export interface PlanReport {
  readonly plan: string;
  /** Reads that went well, whether it was loaded or there already. */
  readonly warmed: number;
  readonly failed: number;
  /** Reads that one and the same read answered, which waited already. */
  readonly coalesced: number;
  /** Reads that were taken from the plan and not finished, since the run was over. What the plan would have gone on to name isn't among them. */
  readonly left: number;
  /** Why nothing was read: another process has the plan's lease. */
  readonly skipped: 'lease' | undefined;
  /** What the plan itself threw. */
  readonly error: unknown;
}

/** How a warm-up went. It never throws: warming is an economy. */
export interface WarmReport {
  readonly occasion: Occasion;
  /** `busy`: too many were under way, and nothing was done. */
  readonly ended: 'done' | 'time' | 'aborted' | 'busy';
  readonly warmed: number;
  readonly failed: number;
  readonly coalesced: number;
  readonly left: number;
  /** Plans that were left to another process. */
  readonly skipped: number;
  /** Loads of the cache that ended meanwhile, whoever asked for them: 0 means that nothing was cold. */
  readonly loads: number;
  readonly ms: number;
  readonly plans: readonly PlanReport[];
}

/** What a run works with. */
export interface RunOptions {
  readonly occasion: Occasion;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The highest first. */
  readonly plans: readonly CheckedPlan[];
  readonly queue: ReadQueue;
  readonly clock: Clock;
  readonly maxMs: number;
  readonly signal: AbortSignal | undefined;
  readonly catalogue: Catalogue | undefined;
  readonly leases: Leases | undefined;
  readonly leaseKey: (plan: string) => string;
  readonly leaseFor: number;
  /** Loads of the cache so far. */
  readonly loads: () => number;
}

type Tally = { -readonly [K in keyof PlanReport]: PlanReport[K] };

/** A run, once. */
export class WarmRun {
  readonly #o: RunOptions;
  readonly #over = new AbortController();
  readonly #mine = new Set<Ticket>();
  readonly #unfinished = new Set<Promise<void>>();
  readonly #held = new Map<Tally, Lease>();
  #ended: 'done' | 'time' | 'aborted' = 'done';
  #isAbandoned = false;

  constructor(options: RunOptions) {
    this.#o = options;
  }

  /** End it now. */
  abort(): void {
    this.#end('aborted');
  }

  /**
   * It was cut off together with its request: what it had begun has ended without a word, and nothing else will begin. Said
   * by another request, to which the signals of this one are closed.
   */
  abandon(): void {
    this.#isAbandoned = true;
    this.#o.queue.forget(this.#mine);
  }

  async go(): Promise<WarmReport> {
    const { occasion, plans, clock, maxMs, signal, loads } = this.#o;
    const [began, loadsBefore] = [clock.now(), loads()];
    const tallies: Tally[] = [];
    const abort = () => this.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const cancel = maxMs === Infinity ? () => {} : clock.after(maxMs, () => this.#end('time'));
    try {
      for (const plan of plans) {
        if (this.#isOver) break;
        const tally = newTally(plan.name);
        tallies.push(tally);
        await this.#unlessOver(this.#produce(plan, tally));
      }
      while (this.#unfinished.size > 0 && !this.#isOver) await this.#unlessOver(Promise.all(this.#unfinished));
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
      this.#over.abort(OVER); // whoever iterates for a plan may look at it
      for (const ticket of this.#mine) this.#o.queue.withdraw(ticket);
    }
    await this.#letGo();
    const plansReport = tallies.map((tally) => ({ ...tally }));
    const sum = (count: (one: PlanReport) => number) => plansReport.reduce((all, one) => all + count(one), 0);
    return {
      occasion,
      ended: this.#ended,
      warmed: sum(({ warmed }) => warmed),
      failed: sum(({ failed }) => failed),
      coalesced: sum(({ coalesced }) => coalesced),
      left: sum(({ left }) => left),
      skipped: sum(({ skipped }) => (skipped ? 1 : 0)),
      loads: loads() - loadsBefore,
      ms: clock.now() - began,
      plans: plansReport,
    };
  }

  get #isOver(): boolean {
    return this.#isAbandoned || this.#over.signal.aborted;
  }

  #end(how: 'time' | 'aborted'): void {
    if (this.#isOver) return;
    this.#ended = how;
    this.#over.abort(OVER);
  }

  async #unlessOver(work: Promise<unknown>): Promise<void> {
    await abortable(work, this.#over.signal).catch((error: unknown) => {
      if (error !== OVER) throw error;
    });
  }

  async #produce(plan: CheckedPlan, tally: Tally): Promise<void> {
    const { leases, clock, leaseKey, leaseFor, occasion } = this.#o;
    if (plan.scope === 'shared' && leases && !occasion.startsWith('event:')) {
      const lease = await takeLease(leases, leaseKey(plan.name), leaseFor, clock);
      if (lease === 'taken') return void (tally.skipped = 'lease');
      if (lease && this.#isOver) return leaveLease(lease, clock);
      if (lease) this.#held.set(tally, lease);
    }
    try {
      const reads = await abortable(Promise.resolve(plan.read(this.#context())), this.#over.signal);
      const iterator = Symbol.asyncIterator in reads ? reads[Symbol.asyncIterator]() : reads[Symbol.iterator]();
      try {
        for (;;) {
          const next = await abortable(Promise.resolve(iterator.next()), this.#over.signal);
          if (next.done) break;
          await this.#queue(plan, next.value, tally);
        }
      } finally {
        // Not waited for: it may itself wait for what never comes.
        if (this.#isOver) void Promise.resolve(iterator.return?.()).catch(() => {});
      }
    } catch (error) {
      if (error !== OVER) tally.error = error;
    }
  }

  #context(): WarmContext {
    const { occasion, payload, catalogue } = this.#o;
    return {
      occasion,
      payload,
      ids: idsOf(payload),
      signal: this.#over.signal,
      hottest: async (most) => (await catalogue?.hottest(most)) ?? [],
    };
  }

  /** Wait for room, and then leave it to its turn. */
  async #queue({ name, priority }: CheckedPlan, read: WarmRead, tally: Tally): Promise<void> {
    const { queue } = this.#o;
    const key = keyOf(read);
    const perform = async (): Promise<void> => {
      while (queue.isFull && !this.#isOver) await queue.room(priority, this.#over.signal);
      if (this.#isOver) return void tally.left++;
      const joined = queue.joined(key, priority);
      if (!joined) return this.#track(this.#take(queue.add(key, priority), name, read, tally));
      if (this.#mine.has(joined)) return void tally.coalesced++;
      const answered = async (): Promise<void> => {
        tally.left++;
        const ended = await joined.ended();
        tally.left--;
        if (ended === 'read') tally.coalesced++;
        else await perform();
      };
      this.#track(answered());
    };
    await perform();
  }

  #track(work: Promise<void>): void {
    this.#unfinished.add(work);
    void work.finally(() => this.#unfinished.delete(work));
  }

  /** Read when its turn comes. */
  async #take(ticket: Ticket, plan: string, read: WarmRead, tally: Tally): Promise<void> {
    const { queue, catalogue } = this.#o;
    tally.left++;
    this.#mine.add(ticket);
    if (!(await ticket.turn)) return;
    if (this.#isOver) return queue.done(ticket, 'withdrawn');
    try {
      await (catalogue ? catalogue.onBehalfOf(plan, () => begin(read)) : begin(read));
      tally.warmed++;
    } catch {
      tally.failed++;
    } finally {
      tally.left--;
      this.#mine.delete(ticket);
      queue.done(ticket, 'read');
    }
  }

  /** What went well is left alone by others for as long as its lease lasts; what didn't may be tried by another. */
  async #letGo(): Promise<void> {
    for (const [tally, lease] of this.#held) {
      const well = this.#ended === 'done' && tally.error === undefined && (tally.warmed > 0 || tally.failed === 0);
      if (!well) await leaveLease(lease, this.#o.clock);
    }
  }
}

const OVER = new Error('the warm-up is over');

function newTally(plan: string): Tally {
  return { plan, warmed: 0, failed: 0, coalesced: 0, left: 0, skipped: undefined, error: undefined };
}

function idsOf({ id }: Readonly<Record<string, unknown>>): readonly string[] {
  const ids: readonly unknown[] = Array.isArray(id) ? id : [id];
  return ids.filter((one) => typeof one === 'string' || typeof one === 'number').map(String);
}

function begin(read: WarmRead): unknown {
  if (typeof read === 'function') return read();
  const method = (read.reader as Readonly<Record<string, unknown>>)[read.method] as (...given: unknown[]) => unknown;
  return method.apply(read.reader, [...read.args]);
}

const numbers = new WeakMap<object, number>();
let readers = 0;

/** What asks the same has the same key. */
function keyOf(read: WarmRead): unknown {
  if (typeof read === 'function') return read;
  const text = textOfArguments(read.args);
  if (text === undefined) return read;
  let number = numbers.get(read.reader);
  if (number === undefined) numbers.set(read.reader, (number = readers++));
  return `${number} ${read.method} ${text}`;
}
