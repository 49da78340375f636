/** One load among all tabs: leases in rows, with the time at which each ends. */
import type { Lease, LeaseRequest, Leases } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Call } from '../../engine/store.ts';
import { abortable } from '../../engine/wait.ts';
import { newIncarnation } from '../../logs/local.ts';
import type { Database } from './database.ts';
import type { Hints } from './hints.ts';
import { answer, type Key, type Rows, upTo } from './platform.ts';

interface Held {
  readonly token: string;
  readonly until: number;
  readonly incarnation: string;
  readonly mark: number;
}

const NAMES = ['leases'] as const;
const ENDED = 20; // leases that ended without being let go, removed with each that is taken
const LOOK = { everyone: 1000, 'this one': 50 }; // milliseconds, by who is heard when a lease is let go of

/** Leases in a database. */
export class LeaseRows implements Leases {
  readonly #database: Database;
  readonly #hints: Hints;
  readonly #clock: Clock;

  constructor(database: Database, hints: Hints, clock: Clock) {
    this.#database = database;
    this.#hints = hints;
    this.#clock = clock;
  }

  async acquire(key: string, wanted: LeaseRequest, { signal }: Call): Promise<Lease | undefined> {
    const { ttl, incarnation, mark, since } = wanted;
    const now = this.#clock.now();
    const mine: Held = { token: newIncarnation(), until: now + ttl, incarnation, mark };
    const taken = await this.#database.run({ names: NAMES, mode: 'readwrite', signal }, async (transaction) => {
      const rows = transaction.objectStore('leases');
      const held = await heldIn(rows, key, now);
      if (held && !(held.incarnation === incarnation && held.mark < since)) return false;
      await removeEnded(rows, now);
      await answer(rows.put(mine, key));
      return true;
    });
    return taken ? { release: (call) => this.#release(key, mine.token, call) } : undefined;
  }

  async #release(key: string, token: string, { signal }: Call): Promise<void> {
    await this.#database.run({ names: NAMES, mode: 'readwrite', signal }, async (transaction) => {
      const rows = transaction.objectStore('leases');
      const held = (await answer(rows.get(key))) as Held | undefined;
      if (held?.token === token) await answer(rows.delete(key));
    });
    this.#hints.tell('release');
  }

  async released(key: string, { signal }: Call): Promise<void> {
    for (;;) {
      let stop = () => {};
      const told = new Promise<void>((resolve) => (stop = this.#hints.on('release', resolve))); // before it looks
      try {
        const held = await this.#database.run({ names: NAMES, mode: 'readonly', signal }, (transaction) =>
          heldIn(transaction.objectStore('leases'), key, this.#clock.now()),
        );
        if (!held) return;
        await this.#wait(told, held.until, signal);
      } finally {
        stop();
      }
    }
  }

  async #wait(told: Promise<void>, until: number, signal: AbortSignal): Promise<void> {
    const ms = Math.min(until - this.#clock.now(), LOOK[this.#hints.reach]);
    let cancel = () => {};
    const passed = new Promise<void>((resolve) => (cancel = this.#clock.after(ms, resolve)));
    await abortable(Promise.race([told, passed]), signal).finally(() => cancel());
  }
}

async function heldIn(rows: Rows, key: string, now: number): Promise<Held | undefined> {
  const held = (await answer(rows.get(key))) as Held | undefined;
  return held && held.until > now ? held : undefined;
}

async function removeEnded(rows: Rows, now: number): Promise<void> {
  const ended: Key[] = await answer(rows.index('until').getAllKeys(upTo(now), ENDED));
  for (const key of ended) rows.delete(key);
}
