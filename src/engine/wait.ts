/** Waiting for a promise no longer than a signal or a time allows. */
import type { Clock } from './clock.ts';

/** Settle as `work` does, or reject with the signal's reason as soon as it aborts. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort)); // always heard, never unhandled
  });
}

/** Settle as `work` does, or as `late` does if that takes longer than `ms`. */
export function within<T>(work: Promise<T>, ms: number, clock: Clock, late: () => T | Promise<T>): Promise<T> {
  if (ms === Infinity) return work;
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    });
    void work.then(resolve, reject).finally(cancel);
  });
}

/** What is left of `ms` milliseconds that began at a time; never more than all of them, as a clock may be set back. */
export function leftOf(ms: number, since: number, clock: Clock): number {
  return ms === Infinity ? ms : ms - Math.min(ms, Math.abs(clock.now() - since));
}
