/** Where databases differ: how a statement says what all of them can, and the tables with what happens beside them. */
import type { Param } from './query.ts';

/** A database's way of saying things. Parameters are written `$1`, `$2`, …; `n` is the number of one. */
export interface Dialect {
  /** Milliseconds since the epoch by the database's clock. */
  readonly now: string;
  /** Whether a column is one of the texts in a JSON array. */
  oneOf(column: string, n: number): string;
  /** A table of the texts in a JSON array: `i`, from 0 up, and `name`. */
  asked(n: number): string;
  /** A text that is another one where the data have been brought from elsewhere, or back from an earlier time. */
  home(tables: string): string;
  /** Append the change $1: answers `head`, `incarnation`, `home` (true if nothing has been brought) and `tended`. */
  append(tables: string): string;
  /** Append the change $1 when the transaction commits in which this is said. */
  appendIn(tables: string): string;
  /**
   * Store the records $2, whose bytes lie in $3, unless they are of another incarnation than $1 or overtaken: answers the
   * `key` of each that was stored. All of it is one step among the changes. A record is an array, see {@link RECORD}.
   */
  put(tables: string): string;
  /** Statements that make the tables, each of which does no harm when it was done already. */
  migrations(tables: string): readonly string[];
  /** One statement that does all of them, alone among all who do, unless it is done already; if the database has such. */
  together?(tables: string, statements: readonly string[]): string;
  /** Let go of the lease of $1 with the token $2. */
  release(tables: string): string;
  /** The `version` of the tables, and the `isolation` of this statement where there are several. */
  version(tables: string): string;
  /** Can others be woken? */
  readonly listens: boolean;
  /** A statement and its parameters as the client wants them. */
  bind(sql: string, params: readonly Param[]): { readonly sql: string; readonly params: readonly Param[] };
  /** Is the failure of a statement that it would be done when tried once more? */
  passes(error: unknown): boolean;
  /** Is it that there are no tables? */
  lacksTables(error: unknown): boolean;
}

/** The places of a record's parts in the array that `put` is given. Its bytes begin at `offset`, counted from 0. */
export const RECORD = { key: 0, whole: 1, keptUntil: 2, offset: 3, length: 4, mark: 5, ruled: 6, names: 7 } as const;

/** How many rules are kept as such; older ones become changes of what lies below the prefix that they begin with. */
export const MOST_RULES = 256;

/** The version of the tables. */
export const VERSION = 1;
