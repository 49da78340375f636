/** What became of a run. */
import type { Digest } from './digest.ts';
import type { Restored } from './restore.ts';
import type { TraceFindings } from './trace/compare.ts';

/** Why the result of a run isn't kept. */
export type NotStored =
  | 'failed' // the command did
  | 'refused' // it is nothing that can be kept: a server, a watcher, a formatter
  | 'inputs changed'
  | 'inputs unclear'
  | 'outputs unclear'
  | 'others ran'
  | 'left behind' // processes of it go on
  | 'log too long'
  | 'not allowed' // the cache is off, or open for reading only
  | 'store failed';

/** What became of a run. */
export interface RunResult {
  /** `'hit'`: what was kept is back. `'ran'`: the command ran. `'would run'`: it would have, but for a dry run. */
  readonly outcome: 'hit' | 'ran' | 'would run';
  /** The key; null where it isn't known what the command reads. */
  readonly key: Digest | null;
  /** Of the command, now or then. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Of this run altogether, in milliseconds. */
  readonly durationMs: number;
  /** What a hit saved, in milliseconds; 0 otherwise. */
  readonly savedMs: number;
  /** What a hit did to the package. `left`: outputs of an earlier run that somebody has changed, and that stay. */
  readonly restored?: Restored & { readonly left: readonly string[] };
  /** `'conflict'`: another result is kept for the same key: the task isn't deterministic; see `differs`. */
  readonly stored?: 'new' | 'present' | 'conflict';
  readonly notStored?: { readonly reason: NotStored; readonly text: string };
  /** Outputs that differ from those kept, from the package; of what was printed, `(what it prints)`. */
  readonly differs?: readonly string[];
  /** How many inputs count, and how they were found. */
  readonly inputs: { readonly count: number; readonly found: 'declared' | 'everything' | 'observed' | 'unknown' };
  /** How many files, links and empty directories were made. */
  readonly outputs: number;
  /** One digest for what was made, for tasks that rest on it; null where that isn't known. */
  readonly made: Digest | null;
  /** What was seen that isn't declared, where that was asked for. */
  readonly trace?: TraceFindings;
  /** What the user should know, in sentences. */
  readonly notes: readonly string[];
}
