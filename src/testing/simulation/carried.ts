/** A backend at the other end of a link: each of its operations is one message there, and one back. */
import type { Backend, Leases } from '../../engine/backend.ts';
import type { Change, ChangeLog, Position } from '../../engine/log.ts';
import { type MaybePromise, andThen } from '../../engine/maybe.ts';
import type { Call, Stored } from '../../engine/store.ts';
import type { Link } from './network.ts';
import { overtaken } from './overtaken.ts';

const POLL = 400;

/** Options of {@link carried}. */
export interface CarriedOptions {
  /**
   * Reads answer at once, as of a file that processes share, and aren't held; writes travel all the same. Default: as the
   * backend says of itself. One that answers at once may be carried as if it were far away.
   */
  readonly sync?: boolean;
  /** Milliseconds between the follower's own questions. Default 400. */
  readonly pollEvery?: number;
}

/**
 * A backend at the other end of a link.
 *
 * @example
 * const place = { connect: (link) => carried(myBackend({ server }), link), position: () => server.position, faults: {} };
 */
export function carried(backend: Backend, link: Link, options: CarriedOptions = {}): Backend {
  const { sync = backend.sync, pollEvery = POLL } = options;
  // What is written to a file is written once.
  const ask: Ask = (message, effect) => link.send(message, effect, { arrives: sync ? 'once' : 'at times twice' });
  const read = <T>(message: string, effect: () => MaybePromise<T>): MaybePromise<T> => {
    if (!sync) return ask(message, effect);
    link.assertReachable();
    return effect();
  };
  const told = (change: Change, position: MaybePromise<Position>): MaybePromise<Position> =>
    andThen(position, (done) => {
      link.appended(change);
      return done;
    });
  const log: ChangeLog = {
    sync,
    pollEvery,
    append: (change, call) => ask('append', () => told(change, backend.log.append(change, call))),
    position: (call) => read('position', () => backend.log.position(call)),
    read: (after, call) => read('read', () => backend.log.read(after, call)),
    stamps: (dependencies, call) => read('stamps', () => backend.log.stamps(dependencies, call)),
    watch: (wake) => backend.log.watch?.(() => void link.hop('wake', 'back').then(wake, () => {})) ?? (() => {}),
  };
  return {
    name: backend.name,
    sync,
    log,
    getMany: (keys, call) => read('getMany', () => backend.getMany(keys, call)),
    setMany: (records, call) => ask('setMany', () => fenced(backend, records, call, link)),
    deleteMany: (keys, call) => ask('deleteMany', () => backend.deleteMany(keys, call)),
    clear: (call) => ask('clear', () => backend.clear(call)),
    ...(sync && {
      commit: (change, records, call) => ask('commit', () => told(change, backend.commit!(change, records, call))),
    }),
    ...(backend.leases && { leases: carriedLeases(backend, ask, link) }),
    close: () => backend.close?.(),
  };
}

type Ask = <T>(message: string, effect: () => MaybePromise<T>) => Promise<T>;

function carriedLeases(backend: Backend, ask: Ask, link: Link): Leases {
  return {
    acquire: async (key, wanted, call) => {
      const lease = await ask('acquire', () => backend.leases!.acquire(key, wanted, call));
      return lease && { release: (later) => ask('release', () => lease.release(later)) };
    },
    released: async (key, call) => {
      await backend.leases!.released(key, call);
      await link.hop('released', 'back');
    },
  };
}

/** Store, and see to it that nothing is kept that the log had overtaken before. */
function fenced(
  backend: Backend,
  records: readonly Stored[],
  call: Call,
  link: Link,
): MaybePromise<readonly boolean[]> {
  return andThen(overtaken(backend.log, records, call), (verdicts) =>
    andThen(backend.setMany(records, call), (kept) => {
      const wrong = records.find((_, i) => kept[i] && verdicts[i] === 'overtaken');
      if (wrong)
        link.violated(`${backend.name} kept ${wrong.key} of mark ${wrong.entry.mark}, which the log had overtaken`);
      return kept;
    }),
  );
}
