/** The way to the database: tables that are there when something is asked, and statements that are tried again where that helps. */
import type { Mark } from '../../engine/entry.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { andThen, type MaybePromise } from '../../engine/maybe.ts';
import type { Call } from '../../engine/store.ts';
import { newIncarnation } from '../../logs/local.ts';
import { type Dialect, VERSION } from './dialect.ts';
import { type Param, type Query, type Row, type Rows, rowsIn } from './query.ts';
import { type Statements, statementsFor } from './statements.ts';

/** What a connection works with. */
export interface ConnectionOptions {
  readonly query: Query;
  readonly dialect: Dialect;
  /** What the tables' names begin with. */
  readonly tables: string;
  /** Who makes the tables: this, where they are missing, or somebody else. */
  readonly migrations: 'auto' | 'manual';
  /** Where changes are to be told, if anyone here listens. */
  readonly channel: string | undefined;
  readonly keepChanges: number;
  readonly keepStamps: number;
}

/** Where a log stands, and what besides is told of it. */
export interface Standing {
  readonly incarnation: string;
  readonly head: Mark;
  /** Up to where the tables have been tended. */
  readonly tended: Mark;
}

const MOST_TRIES = 4;
const TEND_EVERY = 256; // changes

/** One process's way to the tables. */
export class Connection {
  readonly statements: Statements;
  readonly dialect: Dialect;
  readonly #o: ConnectionOptions;
  #made = false;
  #tendedAt: Mark = -Infinity;

  constructor(options: ConnectionOptions) {
    this.#o = options;
    this.dialect = options.dialect;
    this.statements = statementsFor(options.dialect, options.tables);
  }

  /** Execute a statement on tables that are there. What fails only because of others' transactions is tried again. */
  async run(sql: string, params: readonly Param[], { signal }: Call): Promise<readonly Row[]> {
    for (let tries = 1; ; tries++) {
      if (!this.#made) await this.#make(); // each by itself: another's may have ended with the request that began it
      signal.throwIfAborted();
      try {
        return await this.#ask(sql, params);
      } catch (error) {
        if (this.dialect.lacksTables(error)) this.#made = false;
        else if (!this.dialect.passes(error)) throw error;
        if (tries === MOST_TRIES) throw error;
      }
    }
  }

  /** Ask something that tells first where the log stands, and see to it that this is so. */
  async ask(sql: string, params: readonly Param[], call: Call): Promise<{ rows: readonly Row[]; standing: Standing }> {
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const rows = await this.run(sql, params, call);
      if (!isThere(rows)) this.#made = false;
      else if (!isTrue(rows[0].home)) await this.#renew(this.statements.renew, call);
      else {
        const standing = standingIn(rows[0]);
        await this.#tend(standing, call);
        return { rows, standing };
      }
    }
    throw new TidemarkError('store_failed', `the tables ${this.#o.tables}_… are others at every look`);
  }

  /** Append a change; where it stands. If it turns out that the log is another one by now, it is a change of that. */
  async append(change: string, call: Call): Promise<Standing> {
    const rows = await this.run(this.statements.append, [change], call);
    if (isThere(rows) && isTrue(rows[0].home)) {
      const standing = standingIn(rows[0]);
      await this.#tend(standing, call);
      return standing;
    }
    await this.ask(this.statements.position, [], call);
    return standingIn((await this.run(this.statements.append, [change], call))[0]);
  }

  /** Append a change through somebody's transaction. Tables that may be missing are made in it, too: it waits for nothing else. */
  appendIn(query: Query, change: string): MaybePromise<void> {
    const missing = this.#made || this.#o.migrations === 'manual' ? [] : this.#migrations();
    const say = (sql: string, params: readonly Param[]) => settled(execute(query, this.dialect, sql, params));
    let done: MaybePromise<unknown>;
    for (const sql of missing) done = andThen(done, () => say(sql, []));
    return andThen(done, () => andThen(say(this.statements.appendIn, [change]), () => {}));
  }

  /** Make the tables, or bring those of an earlier release up to date. */
  async migrate(): Promise<void> {
    for (const sql of this.#migrations()) await this.#ask(sql, []);
  }

  /** From now on it is another log, and no entry from before has a place in it. */
  async newIncarnation(call: Call): Promise<void> {
    await this.#renew(this.statements.beginAnew, call);
  }

  async #renew(sql: string, call: Call): Promise<void> {
    await this.run(sql, [newIncarnation()], call);
    await this.run(this.statements.clear, [], call);
  }

  #migrations(): readonly string[] {
    const { dialect, tables } = this.#o;
    const each = dialect.migrations(tables);
    return dialect.together ? [dialect.together(tables, each)] : each;
  }

  async #make(): Promise<void> {
    let found = await this.#look();
    if (!found && this.#o.migrations === 'auto') {
      await this.migrate();
      found = await this.#look();
    }
    const { tables } = this.#o;
    if (!found)
      throw new TidemarkError('store_failed', `the tables ${tables}_… are missing, and migrations are manual here`);
    if (Number(found.version) > VERSION)
      throw new TidemarkError('newer_format', `the tables ${tables}_… are of version ${String(found.version)}`);
    if (found.isolation !== undefined && found.isolation !== 'read committed')
      throw new TidemarkError('bad_option', `query must execute at READ COMMITTED, not ${describe(found.isolation)}`);
    if (this.#o.channel !== undefined) await this.#ask(this.statements.listen, [this.#o.channel]);
    this.#made = true;
  }

  async #look(): Promise<Row | undefined> {
    try {
      return (await this.#ask(this.statements.version, []))[0];
    } catch (error) {
      if (this.dialect.lacksTables(error)) return undefined;
      throw error;
    }
  }

  /** Remove what is superseded, forgotten or too much, after every some hundred changes. One of all processes does it. */
  async #tend({ head, tended }: Standing, call: Call): Promise<void> {
    if (head - tended < TEND_EVERY || Math.abs(head - this.#tendedAt) < TEND_EVERY) return;
    this.#tendedAt = head;
    const { keepChanges, keepStamps } = this.#o;
    try {
      await this.run(this.statements.tend, [head, keepChanges, keepStamps, tended], call);
    } catch {
      // another time: whatever there is too much of does no harm
    }
  }

  async #ask(sql: string, params: readonly Param[]): Promise<readonly Row[]> {
    return rowsIn(await execute(this.#o.query, this.dialect, sql, params));
  }
}

function execute(query: Query, dialect: Dialect, sql: string, params: readonly Param[]): ReturnType<Query> {
  const bound = dialect.bind(sql, params);
  return query(bound.sql, [...bound.params]);
}

/** What a client answers with, as a promise if it is anything like one. */
function settled(answer: ReturnType<Query>): MaybePromise<Rows | undefined> {
  return typeof (answer as Partial<PromiseLike<Rows>> | undefined)?.then === 'function'
    ? Promise.resolve(answer as PromiseLike<Rows>)
    : (answer as Rows);
}

/** Is the row there that tells what log this is? Somebody may have emptied all tables. */
function isThere(rows: readonly Row[]): boolean {
  return typeof rows[0]?.incarnation === 'string';
}

function standingIn(row: Row): Standing {
  return { incarnation: String(row.incarnation), head: Number(row.head), tended: Number(row.tended) };
}

function isTrue(value: unknown): boolean {
  return value === true || Number(value) === 1;
}
