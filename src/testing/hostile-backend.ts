/** A backend that misbehaves as a test tells it to: its store, its log and its commits each with faults of their own. */
import type { Backend } from '../engine/backend.ts';
import { type DelayOptions, type FaultPlan, faultFor, under, type WireFault } from './faults.ts';
import { type HostileLog, hostileLog, obey } from './hostile-log.ts';
import { type HostileStore, hostileStore } from './hostile-store.ts';

/** Options of {@link hostileBackend}. */
export interface HostileBackendOptions extends DelayOptions {
  /** The backend that does the work. */
  readonly backend: Backend;
}

/** A backend whose faults a test sets while it runs: those of the store by `fault`, those of the log by `log.fault`. */
export interface HostileBackend extends HostileStore, Backend {
  readonly log: HostileLog;
  /** What goes wrong with commits; `undefined` for nothing. */
  commitFault: FaultPlan<'commit', WireFault>;
}

/**
 * A backend around another one, with faults. Leases are the other's own.
 *
 * @example
 * const backend = hostileBackend({ backend: sharedBackend({ space }), clock });
 * backend.log.fault = 'reject';
 */
export function hostileBackend({ backend, ...delay }: HostileBackendOptions): HostileBackend {
  const store = hostileStore({ store: backend, ...delay });
  const commit = backend.commit?.bind(backend);
  const hostile: HostileBackend = Object.assign(store, {
    log: hostileLog({ log: backend.log, ...delay }),
    commitFault: undefined,
    ...(commit && {
      commit: ((change, records, call) =>
        under(
          faultFor(hostile.commitFault, 'commit'),
          'commit',
          () => (obey(backend, call), commit(change, records, call)),
          delay,
        )) satisfies Backend['commit'],
    }),
    ...(backend.leases && { leases: backend.leases }),
  });
  return hostile;
}
