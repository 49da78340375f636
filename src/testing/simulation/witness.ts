/** Seeing what a node says to its log, and what of it arrives. */
import type { Backend } from '../../engine/backend.ts';
import type { Change, ChangeLog } from '../../engine/log.ts';
import { type MaybePromise, andThen } from '../../engine/maybe.ts';

/** Who is told. */
export interface Witness {
  /** A change is about to be sent to the log. */
  saying(change: Change): void;
  /** A change is in the log. Told at least once of each. */
  appended(change: Change): void;
}

/** A log, seen by a witness. */
export function witnessedLog(log: ChangeLog, witness: Witness): ChangeLog {
  const { sync, pollEvery } = log;
  return {
    sync,
    ...(pollEvery !== undefined && { pollEvery }),
    append: (change, call) => seen(change, witness, () => log.append(change, call)),
    position: (call) => log.position(call),
    read: (after, call) => log.read(after, call),
    stamps: (dependencies, call) => log.stamps(dependencies, call),
    watch: (wake) => log.watch?.(wake) ?? (() => {}),
  };
}

/** A backend, seen by a witness. */
export function witnessed(backend: Backend, witness: Witness): Backend {
  const { name, sync, mirror, leases } = backend;
  return {
    name,
    sync,
    log: witnessedLog(backend.log, witness),
    getMany: (keys, call) => backend.getMany(keys, call),
    setMany: (records, call) => backend.setMany(records, call),
    deleteMany: (keys, call) => backend.deleteMany(keys, call),
    clear: (call) => backend.clear(call),
    ...(backend.commit && {
      commit: (change, records, call) => seen(change, witness, () => backend.commit!(change, records, call)),
    }),
    ...(leases && { leases }),
    ...(mirror && { mirror }),
    close: () => backend.close?.(),
  };
}

function seen<T>(change: Change, witness: Witness, say: () => MaybePromise<T>): MaybePromise<T> {
  witness.saying(change);
  return andThen(say(), (answer) => {
    witness.appended(change);
    return answer;
  });
}
