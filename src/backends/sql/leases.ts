/** One load among all processes on a database: leases in rows, which end by the database's own clock. */
import type { Lease, LeaseRequest, Leases } from '../../engine/backend.ts';
import { type Clock, systemClock } from '../../engine/clock.ts';
import type { Call } from '../../engine/store.ts';
import { abortable } from '../../engine/wait.ts';
import { newIncarnation as newToken } from '../../logs/local.ts';
import type { Connection } from './connection.ts';
import type { Listening } from './listening.ts';
import { rowOf } from './names.ts';

const SOONEST = 20; // milliseconds between looks
const LATEST = 250;

/** Leases in rows. Two long keys that share a row share a lease, which costs them a wait. */
export class LeaseRows implements Leases {
  readonly #connection: Connection;
  readonly #listening: Listening | undefined;
  readonly #clock: Clock = systemClock;

  constructor(connection: Connection, listening: Listening | undefined) {
    this.#connection = connection;
    this.#listening = listening;
  }

  async acquire(key: string, wanted: LeaseRequest, call: Call): Promise<Lease | undefined> {
    const { ttl, incarnation, mark, since } = wanted;
    const row = rowOf(key);
    const token = newToken();
    const { statements } = this.#connection;
    const given = await this.#connection.run(
      statements.acquire,
      [row, token, Math.ceil(ttl), mark, incarnation, since],
      call,
    );
    if (given.length === 0) return undefined;
    return { release: async (end) => void (await this.#connection.run(statements.release, [row, token], end)) };
  }

  /** Looks from time to time, and when it is woken. */
  async released(key: string, call: Call): Promise<void> {
    const row = rowOf(key);
    let woken = () => {};
    const stop = this.#listening?.add(() => woken());
    try {
      for (let pause = SOONEST; ; pause = Math.min(pause * 1.5, LATEST)) {
        const next = new Promise<void>((resolve) => (woken = resolve));
        const [held] = await this.#connection.run(this.#connection.statements.left, [row], call);
        if (!held) return;
        const cancel = this.#clock.after(Math.min(pause, Number(held.remaining) + 1), () => woken());
        await abortable(next, call.signal).finally(cancel);
      }
    } finally {
      stop?.();
    }
  }
}
