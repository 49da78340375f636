/**
 * Which flight's loader is asking: so that a loader which waits for its own key, directly or around several corners, gets
 * an error instead of waiting for ever.
 *
 * Who asks is known from the asynchronous context. Node and Workers offer it as AsyncLocalStorage, which is looked up at
 * run time, so that nothing is imported. It slows down every await of a process while it is on (measured on Node 20: 65
 * to 185 ns), so it is on only while a load runs. Where it isn't offered, only the part of a loader before its first await is known.
 */
import { TidemarkError } from './errors.ts';
import type { Flight } from './flight.ts';

interface Context {
  run<T>(store: readonly Flight[], work: () => T): T;
  getStore(): readonly Flight[] | undefined;
  disable(): void;
}

/** The context of the platform, or one that knows the synchronous part only. */
function platformContext(): Context {
  type Platform = {
    process?: { getBuiltinModule?(id: string): { AsyncLocalStorage?: new () => Context } | undefined };
  };
  const hooks = (globalThis as Platform).process?.getBuiltinModule?.('node:async_hooks');
  return hooks?.AsyncLocalStorage ? new hooks.AsyncLocalStorage() : new SynchronousContext();
}

/** A context that ends at the first await. */
class SynchronousContext implements Context {
  #store: readonly Flight[] | undefined;

  run<T>(store: readonly Flight[], work: () => T): T {
    const before = this.#store;
    this.#store = store;
    try {
      return work();
    } finally {
      this.#store = before;
    }
  }

  getStore(): readonly Flight[] | undefined {
    return this.#store;
  }

  disable(): void {}
}

let context: Context | undefined;
let running = 0;

/** Run a loader on behalf of flights; their context ends with its promise. */
export async function onBehalfOf<T>(flights: readonly Flight[], work: () => T | Promise<T>): Promise<T> {
  context ??= platformContext();
  running++;
  try {
    return await context.run(flights, work);
  } finally {
    if (--running === 0) context.disable();
  }
}

/** Does the present code run on behalf of a load of this owner? */
export function isAskedByLoader(owner: object): boolean {
  return asking().some((flight) => flight.owner === owner);
}

/** The flights on whose behalf the present code runs. */
function asking(): readonly Flight[] {
  return (running > 0 && context?.getStore()) || [];
}

/**
 * Note that the present loader, if there is one, waits for a flight; the result takes the note back. Throws `load_cycle`
 * if the flight waits for the loader's own.
 */
export function waitFor(flight: Flight): () => void {
  const waiting = asking();
  for (const one of waiting)
    if (flight.reaches(one))
      throw new TidemarkError('load_cycle', `the loader of ${one.shown} waits for ${flight.shown}, which waits for it`);
  for (const one of waiting) one.waitsFor.add(flight);
  return () => {
    for (const one of waiting) one.waitsFor.delete(flight);
  };
}
