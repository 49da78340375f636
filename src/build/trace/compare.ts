/** What a task was seen to do, compared with what is declared of it. */
import { bytewise } from '../digest.ts';
import type { Observed } from './read-trace.ts';

/** What is declared, as paths in the workspace: what the globs name. */
export interface Declared {
  /** Files and links that are inputs. */
  readonly inputs: Iterable<string>;
  /** What its outputs' globs name now, when it has run. */
  readonly outputs: Iterable<string>;
}

/** Where what was seen differs from what is declared, each list in bytewise order. Paths are in the workspace unless said. */
export interface TraceFindings {
  /** Whether all was seen that could count; if not, `why` says what may be missing. */
  readonly complete: boolean;
  readonly why: readonly string[];
  /** Read, there before, and no input: a change there wouldn't be noticed. */
  readonly undeclaredInputs: readonly string[];
  /** Inputs that weren't even asked for: a change there runs the task for nothing. */
  readonly unreadInputs: readonly string[];
  /** Made or changed, and no output: a hit wouldn't bring it back. */
  readonly undeclaredOutputs: readonly string[];
  /** Read, and then changed or removed: the task doesn't find again what it found. */
  readonly changedInputs: readonly string[];
  /** Asked for and not there: what appears there changes the result. */
  readonly failedLookups: readonly string[];
  /** Directories whose names were read, so that a new name changes the result. */
  readonly listed: readonly string[];
  /** Absolute paths outside of the workspace. */
  readonly outsideReads: readonly string[];
  readonly outsideWrites: readonly string[];
}

/** Compare them. */
export function compareTrace(observed: Observed, declared: Declared): TraceFindings {
  const [inputs, outputs] = [new Set(declared.inputs), new Set(declared.outputs)];
  const asked = new Set(observed.paths);
  const changed = new Set(observed.readThenWritten);
  return {
    complete: observed.complete,
    why: observed.why,
    undeclaredInputs: observed.read.filter((path) => !inputs.has(path) && !outputs.has(path)),
    unreadInputs: [...inputs].filter((path) => !asked.has(path)).toSorted(bytewise),
    undeclaredOutputs: observed.written.filter((path) => !outputs.has(path)),
    changedInputs: [...inputs].filter((path) => changed.has(path)).toSorted(bytewise),
    failedLookups: observed.absent,
    listed: observed.listed,
    outsideReads: observed.outside.read,
    outsideWrites: observed.outside.written,
  };
}

/** What a list is called, and how many of it are shown. */
const sections: readonly (readonly [
  name: Exclude<keyof TraceFindings, 'complete' | 'why'>,
  title: string,
  most: number,
])[] = [
  ['undeclaredInputs', 'read, but no declared input', Number.POSITIVE_INFINITY],
  ['undeclaredOutputs', 'written, but no declared output', Number.POSITIVE_INFINITY],
  ['changedInputs', 'declared inputs that it changes itself', Number.POSITIVE_INFINITY],
  ['outsideWrites', 'written outside of the workspace', 20],
  ['unreadInputs', 'declared inputs that it never looked at', 10],
  ['failedLookups', 'looked for, and not there', 10],
  ['listed', 'directories whose names it read', 10],
  ['outsideReads', 'read outside of the workspace', 10],
];

/** The findings as lines for people, the faults first; names are quoted, since they may hold anything. */
export function traceReport(findings: TraceFindings): readonly string[] {
  const lines = findings.why.map((reason) => `not everything could be seen: ${reason}`);
  for (const [name, title, most] of sections) {
    const paths = findings[name];
    if (paths.length === 0) continue;
    lines.push(`${title}: ${paths.length}`);
    for (const path of paths.slice(0, most)) lines.push(`  ${JSON.stringify(path)}`);
    if (paths.length > most) lines.push(`  and ${paths.length - most} more`);
  }
  if (lines.length === 0) lines.push('all that it read and wrote is declared');
  return lines;
}
