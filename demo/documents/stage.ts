/** What every part of the demo works with. */
import type { WriteCache } from 'tidemark/documents';
import type { Checks } from '../checks.ts';
import type { Open } from '../stage.ts';
import type { Terminal } from '../terminal.ts';
import type { Executor } from './executor.ts';
import type { Moment } from './moments.ts';
import type { Stores } from './stores.ts';

/** Where the parts play. */
export interface Stage {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** What has to be let go of at the end, the last first. */
  readonly open: Open;
  readonly checks: Checks;
  /** Where the stores are. */
  readonly folder: string;
  readonly stores: Stores;
  /** The cache of who works on the document. */
  readonly cache: WriteCache;
  readonly executor: Executor;
  /** By revision, ascending. Undoing and redoing adds to them. */
  readonly moments: Moment[];
  /** Every cache that was read from, for the figures at the end. */
  readonly caches: { readonly name: string; readonly cache: WriteCache }[];
}
