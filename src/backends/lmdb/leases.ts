/** One load among all processes on a file: leases in rows, with a holder's process beside its time. */
import { randomUUID } from 'node:crypto';
import type { Lease, LeaseRequest, Leases } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Mark } from '../../engine/entry.ts';
import { andThen, type MaybePromise } from '../../engine/maybe.ts';
import type { Call } from '../../engine/store.ts';
import { abortable } from '../../engine/wait.ts';
import type { Environment, Participant, Rows } from './environment.ts';
import { rowOf, textOfStorageKey } from './keys.ts';
import { isAlive, thisProcess, type User } from './users.ts';

interface Held {
  readonly token: string;
  readonly until: number;
  readonly holder: User;
  /** Where the holder's load began. */
  readonly incarnation: string;
  readonly mark: Mark;
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

  acquire(
    key: string,
    { ttl, incarnation, mark, since }: LeaseRequest,
    { signal }: Call,
  ): MaybePromise<Lease | undefined> {
    const row = rowOf(textOfStorageKey(key));
    const until = this.#clock.now() + ttl;
    const mine: Held = { token: randomUUID(), until, holder: thisProcess, incarnation, mark };
    const taken = this.#environment.write(
      () => {
        const held = this.#held(row);
        const overtaken = held?.incarnation === incarnation && held.mark < since;
        if (held && !overtaken) return false;
        this.#leases.putSync(row, Buffer.from(JSON.stringify(mine)));
        return true;
      },
      { signal },
    );
    return andThen(taken, (won) => (won ? { release: () => this.#release(row, mine.token) } : undefined));
  }

  #release(row: string, token: string): MaybePromise<void> {
    return this.#environment.write(() => {
      if (this.#read(row)?.token === token) this.#leases.removeSync(row);
    });
  }

  /** Looks from time to time: there is nothing in a file that would wake anyone. */
  async released(key: string, { signal }: Call): Promise<void> {
    const row = rowOf(textOfStorageKey(key));
    for (let pause = SOONEST; this.#isHeld(row); pause = Math.min(2 * pause, LATEST))
      await abortable(new Promise<void>((resolve) => this.#clock.after(pause, resolve)), signal);
  }

  #isHeld(row: string): boolean {
    return this.#environment.read(() => {
      this.#environment.refresh();
      return this.#held(row) !== undefined;
    });
  }

  /** The lease of a key, unless it has ended or its holder is dead. */
  #held(row: string): Held | undefined {
    const held = this.#read(row);
    return held && held.until > this.#clock.now() && isAlive(held.holder) ? held : undefined;
  }

  #read(row: string): Held | undefined {
    const bytes = this.#leases.getBinary(row);
    return bytes && (JSON.parse(bytes.toString()) as Held);
  }

  /** Remove leases that have ended without being let go, at most some hundreds. Within a transaction. */
  sweep(): void {
    const ended = [...this.#leases.getKeys({ limit: 500 })].filter((row) => !this.#held(row));
    for (const row of ended) this.#leases.removeSync(row);
  }
}
