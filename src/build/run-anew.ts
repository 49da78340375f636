/** A task whose result isn't there: its command runs, and what it makes is kept if it can be told what it rests on. */
import { type BuildContext, mayWrite } from './build-context.ts';
import { machineDisk } from './disk.ts';
import { execute, type ExecutionOptions } from './execution.ts';
import { fileDigest } from './file-digest.ts';
import { type Candidate, candidateBy, declaredSpec, type Facts } from './fingerprint.ts';
import { inWorkspace, isDeclared } from './finding.ts';
import { keepResult, notKept } from './keeping.ts';
import { madeDigest } from './key.ts';
import { outputEntries } from './output-entries.ts';
import { outputsByGlobs } from './output-globs.ts';
import type { Digest } from './record.ts';
import { type ResolvedTask, titleOf } from './resolved-task.ts';
import type { RunResult } from './run-result.ts';
import { compareTrace, type TraceFindings } from './trace/compare.ts';
import type { Observed } from './trace/read-trace.ts';

/** Run it. Rejects with `bad_option` if there is no such command, and with the signal's reason. */
export async function runAnew(
  facts: Facts,
  context: BuildContext,
  options: ExecutionOptions & { readonly how?: string },
): Promise<Omit<RunResult, 'durationMs'> & { readonly storeMs?: number }> {
  const { task } = facts;
  const { index } = context.stateOf(task.workspace);
  const refused = facts.collected?.refuse;
  const keeps = mayWrite(context) && options.how !== 'uncached' && refused === undefined;
  const declared = isDeclared(facts) ? candidateBy(declaredSpec(task), facts, index) : undefined;
  const execution = await execute(facts, context, { ...options, keeps });
  const kept = keeps
    ? await keepResult(facts, declared, execution, context)
    : notKept(refused === undefined ? 'not allowed' : 'refused', refused ?? NOT_ALLOWED, {
        key: declared?.key ?? null,
        made: execution.ended.exitCode === 0 ? madeUnkept(task, declared?.key ?? null) : null,
      });
  const { ended } = execution;
  context.stateOf(task.workspace).note({
    task: titleOf(task),
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
function madeUnkept({ root, outputs, excludedOutputs: exclude }: ResolvedTask, key: Digest | null): Digest | null {
  if (outputs === undefined || key === null) return null;
  try {
    return madeDigest(
      key,
      outputEntries(root, outputsByGlobs(root, outputs, { exclude }), (path) => {
        const { digest, stats } = fileDigest(path, machineDisk);
        return { digest, size: Number(stats.size) };
      }),
    );
  } catch {
    return null; // something that can't be an output: what rests on it isn't kept then
  }
}
