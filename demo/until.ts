/** Waiting for something to be so, by looking again and again, for no longer than one has patience. */
import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait. */
export interface Waiting {
  /** Milliseconds. The last look begins no sooner than they are over, so a slow machine is given what a fast one has. */
  readonly patience: number;
  /** Aborting it ends the wait with an `AbortError`. */
  readonly signal?: AbortSignal | undefined;
}

const BETWEEN = 2; // milliseconds from one look to the next

/** Resolves to the milliseconds until it was so, or to undefined if it wasn't. Rejects if looking fails. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  { patience, signal }: Waiting,
): Promise<number | undefined> {
  const began = performance.now();
  for (;;) {
    const last = performance.now() - began >= patience;
    if (await isSo()) return performance.now() - began;
    if (last) return undefined;
    await pause(BETWEEN, null, { signal });
  }
}
