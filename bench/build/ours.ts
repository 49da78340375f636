/** The build cache with the task of a workspace: in this process, and as a whole command. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildCache, type BuildCacheOptions, type BuildTask, openBuildCache } from 'tidemark/build';
import { ran } from './processes.ts';
import type { Tool } from './tool.ts';
import { quiet } from './tools.ts';
import type { Workspace } from './workspace.ts';

/** How outputs come back. */
type Links = NonNullable<BuildCacheOptions['links']>;

/** A cache opened for a workspace, with a store of its own, and the task there. */
export interface Ours {
  readonly cache: BuildCache;
  readonly task: BuildTask;
}

const [INPUTS, OUTPUTS] = [['src/**', 'build.mjs'], ['dist/**']];
const COMMAND = ['node', 'build.mjs'];

/** Opens a build cache for a workspace. */
export function opened({ home, root, package: directory }: Omit<Workspace, 'runs'>, links: Links = 'none'): Ours {
  return {
    cache: openBuildCache({ directory: join(home, 'cache'), state: join(home, 'state'), links }),
    task: { workspace: root, root: directory, name: 'build', command: COMMAND, inputs: INPUTS, outputs: OUTPUTS },
  };
}

/** Runs the task, or brings back what it made. Throws if it fails, or if nothing is kept. */
export async function run({ cache, task }: Ours): Promise<void> {
  const { exitCode, notStored } = await cache.run(task);
  if (exitCode !== 0) throw new Error(`the task ended with ${exitCode}`);
  if (notStored) throw new Error(`nothing was kept: ${notStored.text}`);
}

/** Looks up what the task made. Throws if nothing is kept. */
export async function lookUp({ cache, task }: Ours): Promise<void> {
  const { record, reason } = await cache.lookup(task);
  if (!record) throw new Error(`a hit was missed: ${reason}`);
}

/** Hits in this process. */
export const IN_PROCESS: Readonly<Record<'links' | 'copies', Tool>> = {
  links: inProcess('in-process, hard links', 'hard'),
  copies: inProcess('in-process, copies', 'none'),
};

/** Hits of whole commands. */
export const COMMANDS: Readonly<Record<'links' | 'copies', Tool>> = {
  links: command('tidemark run, hard links', 'hard'),
  copies: command('tidemark run, copies', 'none'),
};

function inProcess(name: string, links: Links): Tool {
  return {
    name,
    open(workspace) {
      const ours = opened(workspace, links);
      return () => run(ours);
    },
  };
}

function command(name: string, links: Links): Tool {
  const globs = [...INPUTS.flatMap((glob) => ['--in', glob]), ...OUTPUTS.flatMap((glob) => ['--out', glob])];
  return {
    name,
    missing: () => (runsTasks() ? undefined : 'it is not there yet'),
    open({ package: directory, home }) {
      const flags = ['--cache-dir', join(home, 'cache'), '--links', links];
      const argv = [...PROGRAM, 'run', ...flags, ...globs, '--', ...COMMAND];
      return () => ran({ argv, cwd: directory, env: quiet(home) });
    },
  };
}

const PROGRAM = [process.execPath, fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))];

/** Whether the command line can run tasks already. */
function runsTasks(): boolean {
  try {
    return ran({ argv: [...PROGRAM, 'run', '--help'], cwd: process.cwd() }).includes('usage: tidemark run');
  } catch {
    return false;
  }
}
