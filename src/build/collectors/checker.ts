/** What checks sources and makes nothing: how a table of one is put to use. */
import type { Collected } from './collected.ts';
import { Findings, type Invocation } from './findings.ts';
import { type Flags, type FlagSpec, flagsOf } from './flags.ts';
import { READS_STDIN, refuseFlags } from './refusals.ts';

/** What is peculiar to a checker. */
export interface Checker {
  readonly flags: FlagSpec;
  /** Why a flag makes that nothing is cached, besides those that all have. */
  readonly refusals: Readonly<Record<string, string>>;
  /** Flags that name files that are read. */
  readonly reads: readonly string[];
  /** Configuration files, in the directory where it runs and all above. */
  readonly configs: readonly string[];
  readonly env: readonly string[];
  /** What else follows from the flags. */
  readonly also?: (flags: Flags, found: Findings) => void;
}

export function check(checker: Checker, invocation: Invocation): Collected {
  const flags = flagsOf(invocation.words, checker.flags);
  const found = new Findings(invocation);
  refuseFlags(flags, found, { stdin: READS_STDIN, stdinFilepath: READS_STDIN, ...checker.refusals });
  for (const name of checker.reads) found.configs(...flags.values(name));
  found.configsUpFrom('.', checker.configs);
  found.env(...checker.env);
  checker.also?.(flags, found);
  return found.collected();
}
