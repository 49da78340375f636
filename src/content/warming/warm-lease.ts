/** One process among many: whoever holds a plan's lease reads it, the others leave it alone. */
import type { Lease, Leases } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import { within } from '../../engine/wait.ts';

const PATIENCE = 1000; // milliseconds for an answer

/**
 * Take a lease: `'taken'` means that another process holds it. Without an answer the plan is read as well: a lease saves
 * work, and nothing rests on it.
 */
export async function takeLease(
  leases: Leases,
  key: string,
  ttl: number,
  clock: Clock,
): Promise<Lease | 'taken' | undefined> {
  // It is for no load: no change can overtake it.
  const wanted = { ttl, incarnation: '', mark: 0, since: 0 };
  const answer = bounded(clock, async (signal) => (await leases.acquire(key, wanted, { signal })) ?? 'taken');
  return answer.catch(() => undefined);
}

/** Let go of a lease, so that another process may try. */
export function leaveLease(lease: Lease, clock: Clock): Promise<void> {
  return bounded(clock, async (signal) => lease.release({ signal })).catch(() => {}); // it ends by itself
}

async function bounded<T>(clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  return within(work(late.signal), PATIENCE, clock, () => {
    late.abort(new Error('no answer in time'));
    throw late.signal.reason as Error;
  });
}
