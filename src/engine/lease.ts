/** One loader among all processes that share a backend: whoever holds the key's lease loads, the others wait and look again. */
import { isBackend, type Leases } from './backend.ts';
import type { Clock } from './clock.ts';
import type { Core } from './core.ts';
import type { Dependency } from './dependency.ts';
import type { Flight } from './flight.ts';
import { FAILED } from './guard.ts';
import type { MaybePromise } from './maybe.ts';
import { within } from './wait.ts';

/** After this many milliseconds a holder that hasn't let go is taken for dead. */
const LEASE = 10_000;

/** What came of asking for a lease: something was found meanwhile, or it is this process's turn to load. */
export interface Turn<T> {
  readonly found: T | undefined;
  /** Let go of the lease, if one is held. Never throws. */
  release(): void;
}

/**
 * Wait for this process's turn to load a key. `look` looks for what another process may have stored: after each wait, and
 * once more when the lease is held, since another may have loaded in between. A backend that doesn't answer, or holders
 * that fail one after the other, cost no more than `patience` milliseconds and a load that others do as well. `restsOn`
 * names what the value is likely to rest on: a holder that began before a change of that isn't waited for.
 */
export async function takeTurn<T>(
  core: Core,
  key: string,
  flight: Flight,
  patience: number,
  look: () => MaybePromise<T | undefined>,
  restsOn: () => readonly Dependency[],
): Promise<Turn<T>> {
  const { backend, clock, stamps } = core;
  const leases = backend && isBackend(backend.store) ? backend.store.leases : undefined;
  // A lease saves a load at most: it isn't worth another wait for what has just failed to answer.
  if (!backend || !leases || backend.guard.failing) return { found: undefined, release: () => {} };
  const until = clock.now() + Math.min(LEASE, patience);
  for (let left = until - clock.now(); left > 0 && !flight.aborted; left = until - clock.now()) {
    const { incarnation, applied: mark } = stamps;
    const since = Math.max(0, ...restsOn().map((name) => stamps.lastChange(name) ?? 0));
    const wanted = { ttl: LEASE, incarnation, mark, since };
    const lease = await backend.guard.attempt('acquire', (call) => leases.acquire(key, wanted, call));
    if (lease === FAILED) break;
    let held = lease;
    const release = () => {
      if (held) core.track(Promise.resolve(backend.guard.attempt('release', (call) => lease!.release(call))));
      held = undefined;
    };
    if (!lease) await untilReleased(leases, key, flight.signal, left, clock);
    const found = await look();
    if (found) release();
    if (found || lease) return { found, release };
  }
  return { found: undefined, release: () => {} };
}

/** Wait until a lease has ended, `ms` milliseconds at most. A backend that looks from time to time is told when to stop. */
async function untilReleased(leases: Leases, key: string, aborted: AbortSignal, ms: number, clock: Clock) {
  const over = new AbortController();
  const released = leases.released(key, { signal: AbortSignal.any([aborted, over.signal]) });
  await within(released, ms, clock, () => {}).catch(() => {});
  over.abort();
}
