/** What a migration tells: how far it has come, and what has become of the rows. */

/** What has become of the rows so far, those of interrupted runs included. */
export interface MigrationTally {
  /** Rows that were looked at: the sum of the following. */
  readonly rows: number;
  /** Rows that are in the target now. */
  readonly copied: number;
  /** Rows in whose place the target had something else, which was kept. */
  readonly kept: number;
  /** Rows that had expired. */
  readonly expired: number;
  /** Rows whose value was `undefined`, which is as good as no row. */
  readonly empty: number;
  /** Rows that couldn't be read, or whose namespace the target can't have. */
  readonly damaged: number;
}

/** A damaged row, and what is wrong with it. */
export interface MigrationFault {
  readonly key: string;
  readonly reason: string;
}

/** How far a migration has come. */
export interface MigrationProgress extends MigrationTally {
  readonly phase: 'copying' | 'verifying';
  /** While verifying: how many of the rows have been compared. */
  readonly compared: number;
}

/** What a migration has done. */
export interface MigrationResult extends MigrationTally {
  /** The first twenty of the damaged rows. */
  readonly faults: readonly MigrationFault[];
  /** True if it took up an interrupted one. */
  readonly resumed: boolean;
  /**
   * How many entries were found to be the same in source and target, with a checksum over their keys, values and ends, in
   * any order; `undefined` if nothing was compared.
   */
  readonly verified: { readonly entries: number; readonly checksum: string } | undefined;
}
