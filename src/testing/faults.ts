/** What can go wrong between a caller and a place elsewhere, whatever is asked: the faults that the hostile doubles share. */
import { type Clock, systemClock } from '../engine/clock.ts';
import type { MaybePromise } from '../engine/maybe.ts';

/**
 * A fault of the way there or back.
 *
 * - `throw`: it isn't done, and the call throws at once.
 * - `reject`: it isn't done, and the promise rejects.
 * - `stall`: it isn't done, and the promise never settles, whatever the signal says.
 * - `late`: it is done and answered after the delay.
 * - `slow`: it is done at once, and answered after the delay.
 * - `unanswered`: it is done, and the promise rejects as if it weren't.
 * - `repeat`: it is done twice, one after the other, and answered once.
 */
export type WireFault = 'throw' | 'reject' | 'stall' | 'late' | 'slow' | 'unanswered' | 'repeat';

/** One fault for all operations, or chosen for each as it is called; `undefined` is none. */
export type FaultPlan<Operation extends string, Fault extends string> =
  | Fault
  | undefined
  | ((operation: Operation) => Fault | undefined);

/** The fault that a plan has for an operation. */
export function faultFor<Operation extends string, Fault extends string>(
  plan: FaultPlan<Operation, Fault>,
  operation: Operation,
): Fault | undefined {
  return typeof plan === 'function' ? plan(operation) : plan;
}

/** What a delay is made of. */
export interface DelayOptions {
  /** How long `late` and `slow` take, in milliseconds. Default 5,000: longer than a tier waits. */
  readonly delay?: number;
  /** What the delay is measured by. Default the machine's own clock. */
  readonly clock?: Clock;
}

/** Do something under a fault. */
export function under<T>(
  fault: WireFault | undefined,
  operation: string,
  act: () => MaybePromise<T>,
  { delay = 5000, clock = systemClock }: DelayOptions,
): MaybePromise<T> {
  const failure = () => new Error(`${operation} failed, as the test wants it to`);
  const pause = () => new Promise<void>((resolve) => void clock.after(delay, resolve));
  switch (fault) {
    case 'throw':
      throw failure();
    case 'reject':
      return Promise.reject(failure());
    case 'stall':
      return new Promise(() => {});
    case 'late':
      return pause().then(act);
    case 'slow':
      return Promise.all([act(), pause()]).then(([answer]) => answer);
    case 'unanswered':
      return Promise.resolve(act()).then(() => Promise.reject(failure()));
    case 'repeat':
      return Promise.resolve(act()).then(act);
    default:
      return act();
  }
}
