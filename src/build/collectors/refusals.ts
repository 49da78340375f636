/** Why some runs of a tool must not be cached. */
import type { Findings } from './findings.ts';
import type { Flags } from './flags.ts';

export const PRINTS = 'it only prints something about itself';
export const WATCHES = 'it watches and never ends';
export const SERVES = 'it is a server';
export const CHANGES = 'it changes its inputs';
export const READS_STDIN = 'it reads its standard input';
export const EMPTIES = 'it only empties a cache of its own';
export const MEASURES = 'it measures, and a measurement is true once';
export const OF_GIT = 'what it does depends on the history of the repository';
export const OF_BEFORE = 'what it does depends on what an earlier run left behind';

/** Adds the reasons of the flags that were given. */
export function refuseFlags(flags: Flags, found: Findings, reasons: Readonly<Record<string, string>> = {}): void {
  const all = { help: PRINTS, version: PRINTS, watch: WATCHES, ...reasons };
  for (const [name, reason] of Object.entries(all)) if (flags.has(name)) found.refuse(reason);
}
