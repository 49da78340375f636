/** The change log in rows: the newest changes by mark, and the stamps of all. */
import type { Dependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import type { Change, ChangeLog, Page, Position, StampsAnswer } from '../../engine/log.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Call } from '../../engine/store.ts';
import type { Environment, OrderedRows, Participant } from './environment.ts';
import type { Ledger } from './ledger.ts';

const PAGE = 500;

/** What a log works with. */
export interface ChangeRowsOptions {
  readonly environment: Environment;
  readonly ledger: Ledger;
  readonly incarnation: string;
  /** How many changes are kept for followers to replay. */
  readonly keep: number;
  /** Milliseconds between a follower's questions while nothing is read. */
  readonly pollEvery: number;
}

/** A change log whose reads are synchronous. */
export class ChangeRows implements ChangeLog, Participant {
  readonly sync = true;
  readonly pollEvery: number;
  readonly incarnation: string;
  readonly #environment: Environment;
  readonly #ledger: Ledger;
  #changes!: OrderedRows;
  readonly #keep: number;

  constructor({ environment, ledger, incarnation, keep, pollEvery }: ChangeRowsOptions) {
    this.#environment = environment;
    this.#ledger = ledger;
    this.incarnation = incarnation;
    this.#keep = keep;
    this.pollEvery = pollEvery;
    environment.join(this);
  }

  bind(): void {
    this.#changes = this.#environment.orderedRows('changes');
  }

  append(change: Change, { signal }: Call): MaybePromise<Position> {
    return this.#environment.write(() => this.add(change), { signal, bytes: 200 * change.length });
  }

  /** Append within the transaction that is under way. */
  add(change: Change): Position {
    const { head, oldest } = this.#ledger.standing;
    const mark = head + 1;
    this.#ledger.advance(mark);
    this.#changes.putSync(mark, Buffer.from(JSON.stringify(change)));
    for (const dependency of change) this.#ledger.record(dependency, mark);
    let first = oldest;
    while (first <= mark - this.#keep && first < oldest + 2) this.#changes.removeSync(first++);
    if (first > oldest) this.#ledger.keepFrom(first);
    return { incarnation: this.incarnation, head: mark };
  }

  position(): Position {
    return this.#environment.read(() => {
      this.#environment.refresh();
      return { incarnation: this.incarnation, head: this.#ledger.standing.head };
    });
  }

  read(after: Mark): Page {
    return this.#environment.read(() => {
      this.#environment.refresh();
      const { head, oldest } = this.#ledger.standing;
      const complete = Math.max(after, oldest - 1);
      const changes: Page['changes'][number][] = [];
      for (let mark = complete + 1; mark <= head && changes.length < PAGE; mark++) {
        const row = this.#changes.getBinary(mark);
        if (!row) throw new Error(`change ${mark} is missing`);
        changes.push({ mark, change: JSON.parse(row.toString()) as Change });
      }
      return { incarnation: this.incarnation, head, complete, changes };
    });
  }

  stamps(dependencies: readonly Dependency[]): StampsAnswer {
    return this.#environment.read(() => {
      this.#environment.refresh();
      const { standing } = this.#ledger;
      const stamps = dependencies.map((dependency) => this.#ledger.stampOf(dependency, standing));
      return { incarnation: this.incarnation, head: standing.head, stamps };
    });
  }
}
