/** A change log that misbehaves as a test tells it to, within what the contract allows a log to do. */
import type { Dependency } from '../engine/dependency.ts';
import type { Mark } from '../engine/entry.ts';
import type { Change, ChangeLog, Page, Position } from '../engine/log.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Call } from '../engine/store.ts';
import { type DelayOptions, type FaultPlan, faultFor, under, type WireFault } from './faults.ts';

/** The operations of a change log that can go wrong. */
export type LogOperation = 'append' | 'position' | 'read' | 'stamps';

/** What becomes of wake-ups: passed on, passed on twice, or kept back. */
export type Wakes = 'passed' | 'doubled' | 'withheld';

/** Options of {@link hostileLog}. */
export interface HostileLogOptions extends DelayOptions {
  /** The log that does the work. */
  readonly log: ChangeLog;
  /** What goes wrong at first: `reject` refuses appends, `unanswered` appends and loses the answer. */
  readonly fault?: FaultPlan<LogOperation, WireFault>;
  /** What becomes of wake-ups at first. Default `passed`. */
  readonly wakes?: Wakes;
}

/** A change log whose faults a test sets while it runs. */
export interface HostileLog extends ChangeLog {
  /** What goes wrong from now on; `undefined` for nothing. */
  fault: FaultPlan<LogOperation, WireFault>;
  wakes: Wakes;
  /** How often each operation was called. */
  readonly calls: Readonly<Record<LogOperation, number>>;
}

/**
 * A change log around another one, with faults. It calls itself synchronous if the other is, and even then answers with
 * a promise where the fault needs one; what comes late is then not done if it has been given up.
 *
 * @example
 * const log = hostileLog({ log: localLog() });
 * log.fault = (operation) => (operation === 'append' ? 'unanswered' : undefined);
 */
export function hostileLog(options: HostileLogOptions): HostileLog {
  return new FaultyLog(options);
}

/** Throws if something is done to a synchronous log or backend after it has been given up: there the contract forbids it. */
export function obey({ sync }: { readonly sync: boolean }, { signal }: Call): void {
  if (sync) signal.throwIfAborted();
}

class FaultyLog implements HostileLog {
  readonly sync: boolean;
  readonly pollEvery?: number;
  readonly watch?: (wake: () => void) => () => void;
  readonly calls = { append: 0, position: 0, read: 0, stamps: 0 };
  fault: FaultPlan<LogOperation, WireFault>;
  wakes: Wakes;
  readonly #log: ChangeLog;
  readonly #delay: DelayOptions;

  constructor({ log, fault, wakes = 'passed', ...delay }: HostileLogOptions) {
    this.sync = log.sync;
    if (log.pollEvery !== undefined) this.pollEvery = log.pollEvery;
    if (log.watch) this.watch = (wake) => log.watch!(() => this.#wake(wake));
    this.fault = fault;
    this.wakes = wakes;
    this.#log = log;
    this.#delay = delay;
  }

  append(change: Change, call: Call): MaybePromise<Position> {
    return this.#run('append', () => (obey(this, call), this.#log.append(change, call)));
  }

  position(call: Call): MaybePromise<Position> {
    return this.#run('position', () => this.#log.position(call));
  }

  read(after: Mark, call: Call): MaybePromise<Page> {
    return this.#run('read', () => this.#log.read(after, call));
  }

  stamps(
    dependencies: readonly Dependency[],
    call: Call,
  ): MaybePromise<Position & { readonly stamps: readonly Mark[] }> {
    return this.#run('stamps', () => this.#log.stamps(dependencies, call));
  }

  #run<T>(operation: LogOperation, act: () => MaybePromise<T>): MaybePromise<T> {
    this.calls[operation]++;
    return under(faultFor(this.fault, operation), operation, act, this.#delay);
  }

  #wake(wake: () => void): void {
    if (this.wakes === 'withheld') return;
    wake();
    if (this.wakes === 'doubled') wake();
  }
}
