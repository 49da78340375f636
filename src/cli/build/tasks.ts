/** `tidemark run <task…>`: tasks of the workspace, in order, with their output told apart. */
import { availableParallelism } from 'node:os';
import { openBuildCache } from '../../build/build-cache.ts';
import type { OnOutput } from '../../build/command-log.ts';
import { select } from '../../build/config/select.ts';
import { readWorkspace } from '../../build/config/workspace.ts';
import type { RunResult } from '../../build/run-result.ts';
import { runWorkspace, type TaskOutcome } from '../../build/run-workspace.ts';
import { passOnSignals } from '../../build/signals.ts';
import { type Ending, type Terminal, UsageError } from '../command.ts';
import { cacheOptions } from './flags.ts';
import { Lines } from './lines.ts';
import { linesOf, time, troubles } from './report.ts';
import { endingOf, howOf, isTold, type RunValues, useOf } from './run.ts';

const OF_COMMANDS = ['in', 'out', 'no-out', 'exclude', 'env', 'pass-env', 'name', 'node', 'clean', 'trace'] as const;

/** Run them. Answers with how the first failed task ended. */
export async function runTasks(names: readonly string[], values: RunValues, terminal: Terminal): Promise<Ending> {
  const foreign = OF_COMMANDS.find((name) => values[name] !== undefined);
  if (foreign !== undefined) throw new UsageError(`--${foreign} is for a command after --: tasks say it in their file`);
  const { directory: from, environment } = terminal;
  const workspace = readWorkspace(from, { environment });
  if (workspace.tasks.size === 0)
    throw new UsageError(
      `there are no tasks here; a command stands after --, as in: tidemark run -- ${names.join(' ')}`,
    );
  const { tasks } = select(workspace, names, { from });
  const { settings } = workspace;
  const isWatched = isTold(values, terminal);
  if (isWatched) for (const note of workspace.notes) terminal.say(`tidemark: ${note}`);
  const cache = openBuildCache(await cacheOptions(values, { terminal, settings, use: useOf(values) }));
  const began = performance.now();
  const lines = new Lines(terminal, values.json === true ? 'stderr' : 'stdout');
  let ended = 0;
  try {
    const outcomes = await runWorkspace(cache, tasks, {
      concurrency: concurrencyOf(values, settings.concurrency),
      keepGoing: values.continue === true,
      how: howOf(values),
      closing: terminal.signal,
      onStart: (running) => void passOnSignals(running),
      onOutput: (id): OnOutput => (tasks.size === 1 ? lines.plain() : lines.prefixed(`${id}: `)),
      onResult: (id, result) => {
        lines.end(`${id}: `);
        if (values.quiet === true) return;
        for (const line of isWatched ? linesOf(id, result) : troubles(id, result)) terminal.say(line);
        ended++;
        if (ended < tasks.size) terminal.draw(`${ended} of ${tasks.size} tasks`);
      },
    });
    if (values.json === true) terminal.out(JSON.stringify(Object.fromEntries(outcomes)));
    if (isWatched && tasks.size > 1) terminal.say(`tidemark: ${total(outcomes)} in ${time(performance.now() - began)}`);
    return endingOfAll(outcomes);
  } finally {
    await cache.close();
  }
}

function concurrencyOf(values: RunValues, said: number | undefined): number {
  if (values.concurrency === undefined) return said ?? availableParallelism();
  const count = Number(values.concurrency);
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageError('--concurrency must be a whole number from 1 up');
  return count;
}

function total(outcomes: ReadonlyMap<string, TaskOutcome>): string {
  const count = (is: (outcome: TaskOutcome) => boolean): number => [...outcomes.values()].filter(is).length;
  const hits = count((outcome) => outcome !== 'skipped' && outcome.outcome === 'hit');
  const failed = count((outcome) => outcome !== 'skipped' && isFailed(outcome));
  const skipped = count((outcome) => outcome === 'skipped');
  const bad = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(
    (text) => text !== '',
  );
  return [`${outcomes.size} tasks, ${hits} unchanged`, ...bad].join(', ');
}

function isFailed({ outcome, exitCode, signal }: RunResult): boolean {
  return outcome === 'ran' && (signal !== null || exitCode !== 0);
}

function endingOfAll(outcomes: ReadonlyMap<string, TaskOutcome>): Ending {
  const results = [...outcomes.values()].filter((outcome) => outcome !== 'skipped');
  const failed = results.find(isFailed);
  if (failed) return endingOf(failed);
  return results.length < outcomes.size ? 1 : 0; // some didn't begin: somebody wanted it to end
}
