/** Stores on KV for tests: with a clock moved by hand, and a way to wait until everything has been written. */
import { type KvNamespace, workersKv, type WorkersKvOptions, type WorkersKvStore } from 'tidemark/stores/workers-kv';
import { type ManualClock, manualClock } from 'tidemark/testing';
import { idle } from '../../support/deferred.ts';

/** A store and what a test does with it. */
export interface Opened {
  readonly store: WorkersKvStore;
  readonly clock: ManualClock;
  /** Resolves when nothing waits for its second any more and all of it has been answered. */
  readonly settle: () => Promise<void>;
}

export function open(
  namespace: KvNamespace,
  { clock = manualClock(), ...options }: Omit<WorkersKvOptions, 'namespace' | 'clock'> & { clock?: ManualClock } = {},
): Opened {
  const work: Promise<unknown>[] = [];
  const store = workersKv({ namespace, defer: (one) => void work.push(one), ...options, clock });
  const settle = async () => {
    do {
      await clock.advanceAsync(1000);
      await idle();
    } while (store.usage.waiting > 0);
    await Promise.all(work.splice(0));
  };
  return { store, clock, settle };
}
