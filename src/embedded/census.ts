/** Counts what becomes of a source's rows, and remembers the first of those that are damaged. */
import type { DamagedRow } from './level-rows.ts';
import type { MigrationFault, MigrationTally } from './migration-report.ts';

const MOST_FAULTS = 20;
const LONGEST_KEY = 200; // in a report

/** What can be counted. */
export type Outcome = Exclude<keyof MigrationTally, 'rows'>;

/** A count of rows by what has become of them. */
export class Census {
  readonly #counts: Record<Outcome, number> = { copied: 0, kept: 0, expired: 0, empty: 0, damaged: 0 };
  readonly #faults: MigrationFault[] = [];

  /** A new count, or one that goes on from another. */
  constructor(before?: { readonly tally: MigrationTally; readonly faults: readonly MigrationFault[] }) {
    if (!before) return;
    const { copied, kept, expired, empty, damaged } = before.tally;
    this.#counts = { copied, kept, expired, empty, damaged };
    this.#faults = [...before.faults];
  }

  /** One row more. */
  count(outcome: Outcome): void {
    this.#counts[outcome]++;
  }

  /** One damaged row more. */
  damaged({ whole, reason }: Pick<DamagedRow, 'whole' | 'reason'>): void {
    this.count('damaged');
    if (this.#faults.length < MOST_FAULTS) this.#faults.push({ key: whole.slice(0, LONGEST_KEY), reason });
  }

  /** The counts as they are now. */
  get tally(): MigrationTally {
    const rows = Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
    return { rows, ...this.#counts };
  }

  /** The first damaged rows. */
  get faults(): readonly MigrationFault[] {
    return [...this.#faults];
  }
}
