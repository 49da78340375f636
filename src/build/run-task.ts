/** One run of a task: what is kept comes back; what isn't, runs, and is kept if what it rests on can be told. */
import { bringBack, type BroughtBack } from './bring-back.ts';
import { type BuildContext, mayRead } from './build-context.ts';
import type { ExecutionOptions } from './execution.ts';
import { type Facts, factsOf, isUnreadable } from './fingerprint.ts';
import { type Finding, findResult, isDeclared } from './finding.ts';
import { madeDigest } from './key.ts';
import type { ActionRecord } from './record.ts';
import { type ResolvedTask, titleOf } from './resolved-task.ts';
import type { RunResult } from './run-result.ts';

/** How a task is run. */
export interface RunOptions extends ExecutionOptions {
  /**
   * `'look'`: nothing runs and nothing changes. `'run'`: what is kept isn't looked for. `'uncached'`: nor is anything kept.
   * Default: `'as needed'`.
   */
  readonly how?: 'as needed' | 'look' | 'run' | 'uncached';
}

/** Run a resolved task. Rejects with `bad_option` if there is no such command, and with the signal's reason. */
export async function runTask(task: ResolvedTask, context: BuildContext, options: RunOptions): Promise<RunResult> {
  const began = performance.now();
  const { signal, how = 'as needed' } = options;
  signal?.throwIfAborted();
  const state = context.stateOf(task.workspace);
  state.index.nextRun();
  const facts = factsOf(task, state.index, context.settings.environment);
  const refused = facts.collected?.refuse;
  const looks = mayRead(context) && (how === 'as needed' || how === 'look') && refused === undefined && !options.trace;
  const finding = looks ? await findingOf(facts, context, signal) : NOTHING;
  const common = { facts, finding, began };

  if (how === 'look') return looked(common, finding.found?.record);
  if (finding.found) {
    const restored = await bringBack(finding.found, task, context, { onOutput: options.onOutput, signal });
    if ('kept' in restored) return hit(common, context, finding.found.record, restored);
    context.settings.onTrouble(`${titleOf(task)} runs: ${restored.refusal}`);
  }

  // What a hit doesn't need isn't loaded for it: in a process of its own that is half of its time.
  const { runAnew } = await import('./run-anew.ts');
  const result = await runAnew(facts, context, { ...options, seen: finding.candidates[0] });
  if (looks) context.store.count({ misses: 1, ...(result.storeMs !== undefined && { storeMs: result.storeMs }) });
  const { storeMs: _, ...rest } = result;
  return { ...rest, durationMs: performance.now() - began };
}

const NOTHING: Finding = { candidates: [], reason: 'absent' };

/** Nothing, where inputs can't be read: the command may not need them. That is told when it runs. */
async function findingOf(facts: Facts, context: BuildContext, signal: AbortSignal | undefined): Promise<Finding> {
  try {
    return await findResult(facts, context, signal);
  } catch (error) {
    if (isUnreadable(error)) return NOTHING;
    throw error;
  }
}

interface Common {
  readonly facts: Facts;
  readonly finding: Finding;
  readonly began: number;
}

function looked({ facts, finding, began }: Common, record: ActionRecord | undefined): RunResult {
  return {
    outcome: record ? 'hit' : 'would run',
    key: finding.found?.candidate.key ?? (isDeclared(facts) ? (finding.candidates[0]?.key ?? null) : null),
    exitCode: record ? 0 : null,
    signal: null,
    durationMs: performance.now() - began,
    savedMs: 0,
    inputs: inputsOf(finding),
    outputs: record?.outputs.length ?? 0,
    made: record ? madeDigest(record.key, record.outputs) : null,
    notes: [],
  };
}

function hit(
  { finding, began }: Common,
  context: BuildContext,
  record: ActionRecord,
  restored: BroughtBack,
): RunResult {
  const durationMs = performance.now() - began;
  const savedMs = Math.max(0, record.durationMs - durationMs);
  context.store.count({ hits: 1, restoreMs: durationMs, savedMs });
  const notes = restored.left.map(
    (path) => `${JSON.stringify(path)} was made by an earlier run and changed since: it stays`,
  );
  return {
    outcome: 'hit',
    key: record.key,
    exitCode: 0,
    signal: null,
    durationMs,
    savedMs,
    restored,
    inputs: inputsOf(finding),
    outputs: record.outputs.length,
    made: madeDigest(record.key, record.outputs),
    notes,
  };
}

function inputsOf({ found, candidates }: Finding): RunResult['inputs'] {
  const candidate = found?.candidate ?? candidates[0];
  if (!candidate) return { count: 0, found: 'unknown' };
  const { kind } = candidate.spec;
  return { count: candidate.inputs.length, found: kind === 'globs' ? 'declared' : kind };
}
