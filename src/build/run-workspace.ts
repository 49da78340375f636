/** Tasks of a workspace with what they rest on: dependencies first, independent ones at the same time, each with the cache. */
import type { BuildCache } from './build-cache.ts';
import type { OnOutput } from './command-log.ts';
import type { PlannedTask } from './config/workspace.ts';
import type { Digest } from './digest.ts';
import { CommandNotStarted } from './not-started.ts';
import type { RunResult } from './run-result.ts';
import type { RunOptions } from './run-task.ts';
import { runInOrder } from './schedule.ts';

/** How tasks are run. */
export interface RunWorkspaceOptions extends Pick<RunOptions, 'signal' | 'how' | 'onStart'> {
  /** Tasks at once, at most. */
  readonly concurrency: number;
  /** Once it aborts, nothing begins any more; what runs ends as it does. */
  readonly closing?: AbortSignal;
  /** Go on with what doesn't rest on a failed task. */
  readonly keepGoing?: boolean;
  /** Where the output of a task goes. */
  readonly onOutput?: (id: string) => OnOutput;
  /** Is told when a task ends. */
  readonly onResult?: (id: string, result: RunResult) => void;
}

/** What became of a task: a result, or that it didn't run since what it rests on failed, or others did. */
export type TaskOutcome = RunResult | 'skipped';

/**
 * Run tasks and what they rest on. What a task's dependencies made is part of its key by content: where that comes out
 * as before, what rests on it is unchanged. Rejects with what a task rejects with, once nothing runs any more.
 */
export async function runWorkspace(
  cache: BuildCache,
  tasks: ReadonlyMap<string, PlannedTask>,
  options: RunWorkspaceOptions,
): Promise<ReadonlyMap<string, TaskOutcome>> {
  const { concurrency, keepGoing = false, how = 'as needed', signal, onStart } = options;
  const results = new Map<string, RunResult>();
  const run = async (id: string, ends: AbortSignal): Promise<'ok' | 'failed'> => {
    if (options.closing?.aborted === true) return 'failed';
    const { task, cache: isCached, counted } = tasks.get(id)!;
    const made = counted.map((other) => [other, madeBy(other)] as const);
    const isKnown = made.every(([, digest]) => digest !== null);
    const running = cache.run(
      {
        ...task,
        dependencies: Object.fromEntries(made.filter((one): one is readonly [string, Digest] => one[1] !== null)),
      },
      {
        signal: ends,
        // What a dependency made isn't known: neither is what this makes of it.
        how: isCached && isKnown ? how : how === 'look' ? 'look' : 'uncached',
        ...(onStart && { onStart }),
        ...(options.onOutput && { onOutput: options.onOutput(id) }),
      },
    );
    const result = await running.catch((error: unknown) => {
      throw named(id, error);
    });
    results.set(id, result);
    options.onResult?.(id, result);
    return result.outcome === 'would run' || result.exitCode === 0 ? 'ok' : 'failed';
  };
  const madeBy = (id: string): Digest | null => results.get(id)?.made ?? null;
  const ends = await runInOrder(tasks, { concurrency, keepGoing, run, ...(signal && { signal }) });
  return new Map([...ends.keys()].map((id) => [id, results.get(id) ?? 'skipped']));
}

/** Says whose command it is that can't be started. */
function named(id: string, error: unknown): unknown {
  if (!(error instanceof CommandNotStarted)) return error;
  return new CommandNotStarted(error.why, `${id}: ${error.message}`, error);
}
