/** A task whose result isn't there: its command runs, and what it makes is kept if it can be told what it rests on. */
import { type BuildContext, mayWrite } from './build-context.ts';
import { entriesNow } from './beside.ts';
import { execute, type Execution, type ExecutionOptions } from './execution.ts';
import { type Candidate, candidateBy, declaredSpec, type Facts, isUnreadable } from './fingerprint.ts';
import { inWorkspace, isDeclared } from './finding.ts';
import { foreignAmong, inputsAndOutputs } from './foreign-work.ts';
import { notIgnored, some } from './found-outputs.ts';
import { keepResult, type Kept, notKept } from './keeping.ts';
import { madeDigest } from './key.ts';
import { knownBy } from './known-digests.ts';
import { outputsByGlobs } from './output-globs.ts';
import { type Overlap, watchOverlap } from './overlap.ts';
import type { Digest } from './record.ts';
import { identityOf, type ResolvedTask, workOf } from './resolved-task.ts';
import type { NotStored, RunResult } from './run-result.ts';
import type { StatIndex } from './stat-index.ts';
import { compareTrace, type TraceFindings } from './trace/compare.ts';
import type { Observed } from './trace/read-trace.ts';

/** Run it. Rejects with `bad_option` if there is no such command, and with the signal's reason. */
export async function runAnew(
  facts: Facts,
  context: BuildContext,
  options: ExecutionOptions & { readonly how?: string; readonly seen?: Candidate | undefined },
): Promise<Omit<RunResult, 'durationMs'> & { readonly storeMs?: number }> {
  const { task } = facts;
  const { index } = context.stateOf(task.workspace);
  const refused = facts.collected?.refuse;
  // Inputs that were looked at a moment ago are what an edit since then differs from.
  const { declared, unread } = isDeclared(facts) ? readInputs(facts, index, options.seen) : {};
  if (unread !== undefined) context.settings.onTrouble(unread);
  const mayKeep = mayWrite(context) && options.how !== 'uncached' && refused === undefined && unread === undefined;
  const both = mayKeep && declared ? inputsOfOthers(facts, context) : undefined;
  const keeps = mayKeep && both === undefined;
  const overlap = watchOverlap(context.stateOf(task.workspace).directory, identityOf(task));
  let execution: Execution;
  let kept: Kept;
  try {
    execution = await execute(facts, context, { ...options, keeps, overlap });
    // Others may come until what was made is read.
    kept = keeps
      ? await keepResult(facts, declared, { ...execution, overlap }, context)
      : notKept(...refusal(refused, unread, both), {
          key: declared?.key ?? null,
          made: execution.ended.exitCode === 0 ? madeUnkept(task, declared?.key ?? null, overlap) : null,
        });
  } finally {
    overlap.end();
  }
  const { ended } = execution;
  context.stateOf(task.workspace).note({
    task: identityOf(task),
    key: kept.key,
    at: context.settings.clock.now(),
    outcome: kept.stored ?? 'not stored',
    ...(kept.notStored && { reason: kept.notStored.text }),
  });
  return {
    ...kept,
    outcome: 'ran',
    exitCode: ended.exitCode,
    signal: ended.signal,
    savedMs: 0,
    notes: [...execution.notes, ...kept.notes],
    ...(options.trace && execution.observed && { trace: findings(facts, declared, execution.observed) }),
  };
}

/** Declared inputs as they are now; or why they can't be read, which is no reason for the command not to run. */
function readInputs(
  facts: Facts,
  index: StatIndex,
  seen: Candidate | undefined,
): { readonly declared?: Candidate; readonly unread?: string } {
  if (seen) return { declared: seen };
  try {
    return { declared: candidateBy(declaredSpec(facts.task), facts, index) };
  } catch (error) {
    if (isUnreadable(error)) return { unread: error.message };
    throw error;
  }
}

/** Which files that are declared as inputs and as outputs the task hasn't made: does it change its own inputs? */
function inputsOfOthers({ task, fields }: Facts, context: BuildContext): string | undefined {
  const state = context.stateOf(task.workspace);
  const made = state.madeByTask(identityOf(task), workOf(task, fields));
  const paths = foreignAmong(inputsAndOutputs(task), task.workspace, made, knownBy(state.index));
  const theirs = notIgnored(task.workspace, paths, paths);
  return theirs.length === 0
    ? undefined
    : `it may change its own inputs, which are declared as outputs: ${some(theirs)}`;
}

function refusal(
  refused: string | undefined,
  unread: string | undefined,
  both: string | undefined,
): [reason: NotStored, text: string] {
  if (refused !== undefined) return ['refused', refused];
  if (both !== undefined) return ['outputs unclear', both];
  return unread === undefined ? ['not allowed', NOT_ALLOWED] : ['inputs unclear', unread];
}

const NOT_ALLOWED = 'the cache is off, for reading only, or not for this task';

/** What was seen, beside what is declared. */
function findings({ task, fields }: Facts, declared: Candidate | undefined, observed: Observed): TraceFindings {
  const outputs =
    task.outputs === undefined
      ? observed.written
      : outputsByGlobs(task.root, task.outputs).map((path) => inWorkspace(task.rootPath, path));
  const configs = Object.keys(fields).flatMap((name) => /^config:(.*)$/s.exec(name)?.[1] ?? []);
  const inputs = declared ? [...declared.inputs.map(({ path }) => path), ...configs] : observed.paths;
  return compareTrace(observed, { inputs, outputs });
}

/** What was made, for those that rest on it, though it isn't kept. */
function madeUnkept(
  { root, outputs, excludedOutputs: exclude }: ResolvedTask,
  key: Digest | null,
  overlap: Overlap,
): Digest | null {
  if (outputs === undefined || key === null) return null;
  try {
    const made = madeDigest(key, entriesNow(root, outputsByGlobs(root, outputs, { exclude })));
    return overlap.doubt('same') === undefined ? made : null;
  } catch {
    return null; // something that can't be an output: what rests on it isn't kept then
  }
}
