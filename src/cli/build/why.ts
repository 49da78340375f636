/** `tidemark why`: why a command or task would run, or wouldn't. */
import { parseArgs } from 'node:util';
import { type BuildCache, openBuildCache } from '../../build/build-cache.ts';
import { select } from '../../build/config/select.ts';
import { readWorkspace } from '../../build/config/workspace.ts';
import type { Explanation } from '../../build/explaining.ts';
import type { FileSettings } from '../../build/config/settings.ts';
import { runWorkspace } from '../../build/run-workspace.ts';
import type { BuildTask } from '../../build/task.ts';
import { type Command, split, type Terminal, UsageError } from '../command.ts';
import { CACHE_FLAGS, cacheOptions, FLAGS_HELP, STORE_FLAGS } from './flags.ts';
import { saidOfFlags, TASK_FLAGS, TASK_HELP, taskOf, type TaskValues } from './task-flags.ts';

const FLAGS = { ...STORE_FLAGS, ...CACHE_FLAGS, ...TASK_FLAGS } as const;

/** The command. */
export const why: Command = {
  usage: '[options] -- <command…>, or [options] <task>',
  help: [
    'Tells what differs between what is kept of a command or a task and how things are now: inputs, variables, tools,',
    'what other tasks made; or what became of it. Looks only: nothing runs. Takes the options of run that describe it.',
    '',
    ...TASK_HELP,
    '',
    ...FLAGS_HELP,
  ],

  async run(args, terminal) {
    const { own, command } = split(args);
    const { values, positionals } = parseArgs({ args: own, allowPositionals: true, options: FLAGS });
    if (command.length > 0 ? positionals.length > 0 : positionals.length !== 1)
      throw new UsageError('a command after --, or one task');
    const explanations =
      command.length > 0
        ? [await explained(command, values, terminal)]
        : await ofTask(positionals[0], values, terminal);
    if (values.json === true) terminal.out(JSON.stringify(explanations));
    else for (const explanation of explanations) for (const line of explanation.text) terminal.out(line);
  },
};

async function explained(command: readonly string[], values: TaskValues, terminal: Terminal): Promise<Explanation> {
  const { task, settings } = taskOf(command, values, terminal);
  const cache = await opened(values, settings, terminal);
  try {
    const explanation = explainedBy(cache, task);
    const { withheld, text } = explanation;
    if (withheld.length === 0) return explanation;
    const shown = withheld.slice(0, 8).join(', ') + (withheld.length > 8 ? ` and ${withheld.length - 8} more` : '');
    return { ...explanation, text: [...text, `variables that don't reach it (--env): ${shown}`] };
  } finally {
    await cache.close();
  }
}

function explainedBy(cache: BuildCache, task: BuildTask): Explanation {
  try {
    return cache.why(task);
  } catch (error) {
    throw saidOfFlags(error);
  }
}

/** What a task rests on is looked at before: what that made is part of its key. */
async function ofTask(name: string, values: TaskValues, terminal: Terminal): Promise<readonly Explanation[]> {
  const { directory: from, environment } = terminal;
  const workspace = readWorkspace(from, { environment });
  const { tasks, wanted } = select(workspace, [name], { from });
  const cache = await opened(values, workspace.settings, terminal);
  try {
    const results = await runWorkspace(cache, tasks, { concurrency: 1, how: 'look', signal: terminal.signal });
    return wanted.map((id) => {
      const { task, counted } = tasks.get(id)!;
      const made = counted.map((other) => {
        const result = results.get(other);
        return [other, result === undefined || result === 'skipped' ? null : result.made] as const;
      });
      const unknown = made.filter(([, digest]) => digest === null).map(([other]) => other);
      const dependencies = Object.fromEntries(made.filter((one) => one[1] !== null)) as BuildTask['dependencies'];
      const explanation = cache.why({ ...task, ...(dependencies && { dependencies }) });
      if (unknown.length === 0) return explanation;
      return { ...explanation, text: [`${id} rests on ${unknown.join(', ')}, which would run`, ...explanation.text] };
    });
  } finally {
    await cache.close();
  }
}

async function opened(values: object, settings: FileSettings, terminal: Terminal): Promise<BuildCache> {
  const options = await cacheOptions(values, { terminal, settings, use: 'look' });
  return openBuildCache(options);
}
