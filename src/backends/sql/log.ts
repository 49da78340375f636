/** The change log in tables. */
import type { Dependency } from '../../engine/dependency.ts';
import type { Change, ChangeLog, Page, Position, StampsAnswer } from '../../engine/log.ts';
import type { Mark } from '../../engine/entry.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Call } from '../../engine/store.ts';
import type { Connection } from './connection.ts';
import type { Query } from './query.ts';
import type { Listening } from './listening.ts';
import { rowOf } from './names.ts';
import { ruledAt, ruledPathOf, ruleOf } from './rules.ts';
import { decodeChange, encodeChange } from './said.ts';

/** What a log works with. */
export interface SqlLogOptions {
  readonly connection: Connection;
  readonly pollEvery: number;
  /** What wakes this process when others say something, if anything does. */
  readonly listening: Listening | undefined;
  /** A transaction of a caller's as something that executes statements. Throws `bad_option` for what is none. */
  readonly enlist: (transaction: unknown) => Query;
}

/** A change log in tables. Each of its answers is one statement's, and so of one moment. */
export class SqlLog implements ChangeLog {
  readonly sync = false;
  readonly pollEvery: number;
  readonly watch?: (wake: () => void) => () => void;
  readonly #connection: Connection;
  readonly #enlist: (transaction: unknown) => Query;

  constructor({ connection, pollEvery, listening, enlist }: SqlLogOptions) {
    this.#connection = connection;
    this.pollEvery = pollEvery;
    this.#enlist = enlist;
    if (listening) this.watch = (wake) => listening.add(wake);
  }

  async append(change: Change, call: Call): Promise<Position> {
    const { incarnation, head } = await this.#connection.append(encodeChange(change), call);
    return { incarnation, head };
  }

  appendIn(transaction: unknown, change: Change): MaybePromise<void> {
    return this.#connection.appendIn(this.#enlist(transaction), encodeChange(change));
  }

  async position(call: Call): Promise<Position> {
    const { incarnation, head } = (await this.#connection.ask(this.#connection.statements.position, [], call)).standing;
    return { incarnation, head };
  }

  async read(after: Mark, call: Call): Promise<Page> {
    const { rows, standing } = await this.#connection.ask(this.#connection.statements.read, [after], call);
    const { incarnation, head } = standing;
    const changes = rows
      .filter(({ mark }) => mark !== null)
      .map(({ mark, at, change }) => ({
        mark: Number(mark),
        change: decodeChange(String(change)),
        at: Number(at),
      }));
    const complete = Math.max(after, Number(rows[0].oldest) - 1);
    return { incarnation, head, complete, changes, at: Number(rows[0].now) };
  }

  async stamps(dependencies: readonly Dependency[], call: Call): Promise<StampsAnswer> {
    const names = JSON.stringify(dependencies.map(rowOf));
    const ruled = dependencies.some((name) => ruledPathOf(name)) ? 1 : 0;
    const { rows, standing } = await this.#connection.ask(this.#connection.statements.stamps, [names, ruled], call);
    const floor = Number(rows[0].floor);
    const rules = rows.filter(({ rule }) => rule !== null).map(ruleOf);
    const stamps = new Array<Mark>(dependencies.length).fill(floor);
    for (const { i, mark } of rows) if (i !== null) stamps[Number(i)] = Math.max(floor, Number(mark));
    const { incarnation, head } = standing;
    return { incarnation, head, stamps: stamps.map((stamp, i) => Math.max(stamp, ruledAt(dependencies[i], rules))) };
  }
}
