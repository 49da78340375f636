/** What every part of the demo of builds works with. */
import type { Checks } from '../checks.ts';
import type { Terminal } from '../terminal.ts';
import type { CommandLine } from './command-line.ts';

/** Where the parts play. */
export interface Stage {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly checks: Checks;
  /** All that is written is below it, and goes with it. */
  readonly folder: string;
  /** Where results are kept. */
  readonly store: string;
  readonly tidemark: CommandLine;
}
