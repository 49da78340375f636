/** The way to the table of operations: it is there when something is asked, and what fails only because of others is tried again. */
import { type Param, type Query, type Row, rowsIn } from '../../../backends/sql/query.ts';
import { TidemarkError } from '../../../engine/errors.ts';
import { abortable } from '../../../engine/wait.ts';
import type { OperationsDialect } from './dialect.ts';
import { type OperationStatements, statementsFor, VERSION } from './statements.ts';

/** Executes a statement and answers with its rows. */
export type Ask = (sql: string, params: readonly Param[]) => Promise<readonly Row[]>;

/** What {@link OperationTables} work with. */
export interface TablesOptions {
  readonly query: Query;
  readonly dialect: OperationsDialect;
  /** What the tables' names begin with. */
  readonly tables: string;
  readonly migrations: 'auto' | 'manual';
}

const MOST_TRIES = 4;

/** One process's way to the tables. */
export class OperationTables {
  readonly statements: OperationStatements;
  readonly #o: TablesOptions;
  #making: Promise<void> | undefined;
  #made = false;

  constructor(options: TablesOptions) {
    this.#o = options;
    this.statements = statementsFor(options.dialect, options.tables);
  }

  /** Each statement a transaction of its own. */
  alone(signal: AbortSignal | undefined): Ask {
    const ask = this.#asking(this.#o.query, signal);
    return (sql, params) =>
      this.#again(async () => {
        if (!this.#made)
          await abortable((this.#making ??= this.#make().finally(() => (this.#making = undefined))), signal);
        return ask(sql, params);
      });
  }

  /**
   * Statements of a transaction of the caller's. Tables that may be missing are made in it, too: another connection might
   * have to wait for its end.
   */
  async within(transaction: Query, signal: AbortSignal | undefined): Promise<Ask> {
    const ask = this.#asking(transaction, signal);
    if (this.#made) return ask;
    if (this.#o.migrations === 'auto') for (const sql of this.statements.makeMissing) await ask(sql, []);
    this.#check(await this.#versionBy(ask));
    return ask;
  }

  /** Make the tables, where they are missing. */
  async migrate(): Promise<void> {
    const ask = this.#asking(this.#o.query, undefined);
    for (const sql of this.statements.makeMissing) await this.#again(() => ask(sql, []));
    this.#check(await this.#versionBy(ask));
    this.#made = true;
  }

  /** Do what fails only because of others' transactions some more times. */
  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (tries === MOST_TRIES || !this.#o.dialect.passes(error)) throw error;
      }
    }
  }

  async #make(): Promise<void> {
    const ask = this.#asking(this.#o.query, undefined);
    const found = await this.#versionBy(ask);
    if (found === undefined && this.#o.migrations === 'auto') return this.migrate();
    this.#check(found);
    this.#made = true;
  }

  async #versionBy(ask: Ask): Promise<number | undefined> {
    try {
      const [row] = await ask(this.statements.version, []);
      return row && Number(row.version);
    } catch (error) {
      if (this.#o.dialect.lacksTables(error)) return undefined;
      throw error;
    }
  }

  #check(version: number | undefined): void {
    const named = `the tables ${this.#o.tables}_operations…`;
    if (version === undefined)
      throw new TidemarkError('store_failed', `${named} are missing, and migrations are manual here`);
    if (version > VERSION) throw new TidemarkError('newer_format', `${named} are of version ${version}`);
  }

  #asking(query: Query, signal: AbortSignal | undefined): Ask {
    return async (sql, params) => {
      signal?.throwIfAborted();
      const bound = this.#o.dialect.bind(sql, params);
      const answer = query(bound.sql, [...bound.params]);
      return rowsIn(await abortable(Promise.resolve(answer), signal));
    };
  }
}
