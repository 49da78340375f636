/** One load among all processes on a file: leases in rows, with a holder's process beside its time. */
import type { Lease, Leases } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import { andThen, type MaybePromise } from '../../engine/maybe.ts';
import type { Call } from '../../engine/store.ts';
import { abortable } from '../../engine/wait.ts';
import { newIncarnation } from '../../logs/local.ts';
import type { Environment, Participant, Rows } from './environment.ts';
import { rowOf, textOfStorageKey } from './keys.ts';
import { isAlive, thisProcess, type User } from './users.ts';

interface Held {
  readonly token: string;
  readonly until: number;
  readonly holder: User;
}

const SOONEST = 1;
const LATEST = 20;

/** Leases in rows. */
export class LeaseRows implements Leases, Participant {
  readonly #environment: Environment;
  readonly #clock: Clock;
  #leases!: Rows;

  constructor(environment: Environment, clock: Clock) {
    this.#environment = environment;
    this.#clock = clock;
    environment.join(this);
  }

  bind(): void {
    this.#leases = this.#environment.rows('leases');
  }

  begin(): void {}
  finish(): void {}
  forget(): void {}

  acquire(key: string, ttl: number, { signal }: Call): MaybePromise<Lease | undefined> {
    const row = rowOf(textOfStorageKey(key));
    const held: Held = { token: newIncarnation(), until: this.#clock.now() + ttl, holder: thisProcess };
    const taken = this.#environment.write(
      () => {
        if (this.#holds(row)) return false;
        this.#leases.putSync(row, Buffer.from(JSON.stringify(held)));
        return true;
      },
      { signal },
    );
    return andThen(taken, (mine) => (mine ? { release: () => this.#release(row, held.token) } : undefined));
  }

  #release(row: string, token: string): MaybePromise<void> {
    return this.#environment.write(() => {
      if (this.#read(row)?.token === token) this.#leases.removeSync(row);
    });
  }

  /** Looks from time to time: there is nothing in a file that would wake anyone. */
  async released(key: string, { signal }: Call): Promise<void> {
    const row = rowOf(textOfStorageKey(key));
    for (let pause = SOONEST; this.#heldNow(row); pause = Math.min(2 * pause, LATEST))
      await abortable(new Promise<void>((resolve) => this.#clock.after(pause, resolve)), signal);
  }

  #heldNow(row: string): boolean {
    return this.#environment.read(() => {
      this.#environment.refresh();
      return this.#holds(row);
    });
  }

  #holds(row: string): boolean {
    const held = this.#read(row);
    return held !== undefined && held.until > this.#clock.now() && isAlive(held.holder);
  }

  #read(row: string): Held | undefined {
    const bytes = this.#leases.getBinary(row);
    return bytes && (JSON.parse(bytes.toString()) as Held);
  }

  /** Remove leases that have ended without being let go, at most some hundreds. Within a transaction. */
  sweep(): void {
    const ended = [...this.#leases.getKeys({ limit: 500 })].filter((row) => !this.#holds(row));
    for (const row of ended) this.#leases.removeSync(row);
  }
}
