/** `tidemark run`: runs a command, or tasks of the workspace, unless what they made is kept. */
import { parseArgs } from 'node:util';
import { openBuildCache } from '../../build/build-cache.ts';
import { CommandNotStarted } from '../../build/not-started.ts';
import type { RunResult } from '../../build/run-result.ts';
import { type Command, type Ending, split, type Terminal, UsageError } from '../command.ts';
import { CACHE_FLAGS, cacheOptions, exclusive, type Flags, FLAGS_HELP, STORE_FLAGS, type Use } from './flags.ts';
import { linesOf, troubles } from './report.ts';
import { passedOn } from './passing-on.ts';
import { saidOfFlags, TASK_FLAGS, taskOf, TASK_HELP, type TaskValues } from './task-flags.ts';

const FLAGS = {
  ...STORE_FLAGS,
  ...CACHE_FLAGS,
  ...TASK_FLAGS,
  'dry-run': { type: 'boolean' },
  force: { type: 'boolean' },
  trace: { type: 'boolean' },
  verbose: { type: 'boolean' },
  quiet: { type: 'boolean' },
  concurrency: { type: 'string' },
  continue: { type: 'boolean' },
} as const;

/** What was said on the command line. */
export interface RunValues extends Flags, TaskValues {
  readonly 'dry-run'?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly trace?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly concurrency?: string | undefined;
  readonly continue?: boolean | undefined;
}

/** The command. */
export const runCommandLine: Command = {
  usage: '[options] -- <command…>, or [options] <task…>',
  help: [
    'Runs a command, or brings back what it made and printed when nothing has changed that it rests on. Its exit code is',
    'the command’s, and so is the signal that ends it. Tasks are those of tidemark.build.json, turbo.json and wireit.',
    '',
    ...TASK_HELP,
    '',
    ...FLAGS_HELP,
    '  --dry-run          only tell whether it would run',
    '  --force            run even if it is kept',
    '  --trace            watch what it reads and writes, and tell what isn’t declared (Linux with strace)',
    '  --verbose, --quiet tell how each run went even where nobody watches; tell nothing',
    '  --concurrency N    tasks at once (default: one for each processor)',
    '  --continue         go on after a failure with what doesn’t rest on it',
  ],

  async run(args, terminal) {
    const { own, command } = split(args);
    const { values, positionals } = parseArgs({ args: own, allowPositionals: true, options: FLAGS });
    if (command.length > 0 && positionals.length > 0)
      throw new UsageError(`${JSON.stringify(positionals[0])} stands before --: either a command or tasks`);
    if (command.length === 0 && positionals.length === 0) throw new UsageError('a command after --, or a task');
    exclusive(values, ['dry-run', 'force', 'trace']);
    exclusive(values, ['verbose', 'quiet']);
    try {
      if (command.length > 0) return await runOne(command, values, terminal);
      const { runTasks } = await import('./tasks.ts');
      return await runTasks(positionals, values, terminal);
    } catch (error) {
      if (!(error instanceof CommandNotStarted)) throw command.length > 0 ? saidOfFlags(error) : error;
      terminal.say(`tidemark: ${error.message}`);
      return error.why === 'not found' ? 127 : 126; // as a shell has it
    }
  },
};

const OF_TASKS = ['concurrency', 'continue'] as const;

async function runOne(command: readonly string[], values: RunValues, terminal: Terminal): Promise<Ending> {
  const foreign = OF_TASKS.find((name) => values[name] !== undefined);
  if (foreign !== undefined) throw new UsageError(`--${foreign} is for tasks, not for a command after --`);
  const { task, settings } = taskOf(command, values, terminal);
  const cache = openBuildCache(await cacheOptions(values, { terminal, settings, use: useOf(values) }));
  try {
    const result = await cache.run(task, {
      how: howOf(values),
      ...(values.trace === true && { trace: true }),
      ...passedOn(terminal, values.json === true),
    });
    if (values.json === true) terminal.out(JSON.stringify(result));
    const lines = isTold(values, terminal) ? linesOf('tidemark', result) : troubles('tidemark', result);
    if (values.quiet !== true) for (const line of lines) terminal.say(line);
    if (result.trace && values.json !== true) {
      const { traceReport } = await import('../../build/trace/compare.ts');
      for (const line of traceReport(result.trace)) terminal.say(`tidemark: ${line}`);
    }
    return endingOf(result);
  } finally {
    await cache.close();
  }
}

/** How runs are done, by the flags. */
export function howOf(values: RunValues): 'as needed' | 'look' | 'run' {
  return values['dry-run'] === true ? 'look' : values.force === true ? 'run' : 'as needed';
}

/** What the cache is opened for, by the flags. */
export function useOf(values: RunValues): Use {
  return values['dry-run'] === true ? 'look' : 'run';
}

/** Whether each run is told of: a dry run is for nothing else. */
export function isTold(values: RunValues, terminal: Terminal): boolean {
  const isAsked = values.verbose === true || (values['dry-run'] === true && values.json !== true);
  return values.quiet !== true && (isAsked || terminal.isWatched);
}

/** How a run ended. */
export function endingOf({ signal, exitCode }: RunResult): Ending {
  return signal ?? exitCode ?? 0;
}
