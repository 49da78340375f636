/** One load among all processes: leases in keys that end by themselves. */
import type { Lease, LeaseRequest, Leases } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Call } from '../../engine/store.ts';
import { abortable, within } from '../../engine/wait.ts';
import { newIncarnation as newToken } from '../../logs/local.ts';
import type { Bell } from './bell.ts';
import type { Connection } from './connection.ts';
import { ACQUIRE, AWAIT, RELEASE, WAKE } from './entry-scripts.ts';
import type { Keyspace } from './keys.ts';
import { listOf, numberOf, textOf } from './reply.ts';

/** Milliseconds between two looks of who waits, in case that nothing is heard. */
const LOOK = 1000;

/** What leases work with. */
export interface LeaseParts {
  readonly connection: Connection;
  readonly keyspace: Keyspace;
  readonly bell: Bell;
  readonly clock: Clock;
  /** Milliseconds that the word of an ended lease is kept. */
  readonly life: number;
}

/** Leases in the keys of one prefix. */
export class RedisLeases implements Leases {
  readonly #o: LeaseParts;

  constructor(parts: LeaseParts) {
    this.#o = parts;
  }

  async acquire(key: string, { ttl, incarnation, mark, since }: LeaseRequest, call: Call): Promise<Lease | undefined> {
    const lease = this.#o.keyspace.lease(key);
    const token = newToken();
    const args = [token, String(Math.max(1, Math.ceil(ttl))), incarnation, String(mark), String(since)];
    const taken = await ACQUIRE.run(this.#o.connection, [lease], args, call);
    return numberOf(taken) === 1 ? { release: (later) => this.#release(lease, token, later) } : undefined;
  }

  async #release(lease: string, token: string, call: Call): Promise<void> {
    const { connection, keyspace, life } = this.#o;
    const waited = await RELEASE.run(connection, [lease], [token], call);
    if (numberOf(waited) === 1) await WAKE.run(connection, [keyspace.wakes], [lease, String(life)], call);
  }

  async released(key: string, { signal }: Call): Promise<void> {
    const { connection, keyspace, bell, clock } = this.#o;
    const lease = keyspace.lease(key);
    const waiter = await abortable(bell.expect(lease), signal);
    try {
      let holder: string | undefined;
      for (let rung = false; !rung;) {
        const held = await abortable(AWAIT.run(connection, [lease], []), signal);
        if (held === null) return;
        const [token, left] = listOf(held);
        holder ??= textOf(token);
        if (textOf(token) !== holder) return; // the one that was waited for has ended
        const look = Math.min(LOOK, numberOf(left) + 1);
        rung = await abortable(
          within<boolean>(waiter.rung, look, clock, () => false),
          signal,
        );
      }
    } finally {
      waiter.leave();
    }
  }
}
