/** What the demo of builds tells: tasks that come back, what is found out of a command, 30 packages, and what can go wrong. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildStoreStats } from 'tidemark/build';
import { type Check, Checks } from '../checks.ts';
import { repository as ownRepository } from '../documents/history.ts';
import { bytesText } from '../pages.ts';
import { reportOn } from '../report.ts';
import { time } from '../results.ts';
import type { Open } from '../stage.ts';
import type { StoryOptions } from '../story.ts';
import { telling } from '../telling.ts';
import type { Terminal } from '../terminal.ts';
import { Trouble } from '../trouble.ts';
import { CommandLine } from './command-line.ts';
import { showDamage } from './damage.ts';
import { showOwn } from './own.ts';
import { showPackages } from './packages.ts';
import type { Stage } from './stage.ts';
import { showUndeclared } from './undeclared.ts';

/** What the demo of builds is given from outside. */
export interface BuildDemoOptions extends Omit<StoryOptions, 'folder'> {
  /** Tasks of this repository. Default: compile, lint, test-policies. */
  readonly tasks?: readonly string[];
  /** How many packages there are. Default: 30. */
  readonly packages?: number;
  /** How often a restore is killed. Default: 6. */
  readonly kills?: number;
}

/** Run the demo. Resolves to its exit code: 1 if something is wrong, 130 if it was stopped. Rejects only for a bug of its own. */
export function tellOfBuild(options: BuildDemoOptions): Promise<number> {
  return telling(options, showBuild);
}

async function showBuild(
  terminal: Terminal,
  open: Open,
  { signal, tasks = ['compile', 'lint', 'test-policies'], packages = 30, kills = 6 }: BuildDemoOptions,
): Promise<readonly Check[]> {
  terminal.heading('Tidemark · builds: what a task made comes back, when nothing has changed that it rests on');
  signal.throwIfAborted();
  const repository = ownRepository();
  const program = join(repository, 'dist/cli/main.js');
  if (!existsSync(program)) throw new Trouble("The command line isn't compiled: run npx tsc -b first.");
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-demo-')));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  const store = join(folder, 'store');
  const tidemark = new CommandLine({ program, store, state: join(folder, 'state'), signal });
  open.push(() => tidemark.close());
  const checks = new Checks(reportOn(terminal));
  const stage: Stage = { terminal, signal, checks, folder, store, tidemark };

  try {
    await showAll(stage, { repository, tasks, packages, kills });
  } catch (error) {
    // Who works with what is wrong fails sooner or later: then what was found wrong before is what is to be told.
    if (signal.aborted || checks.all.every(({ right }) => right)) throw error;
  }
  return checks.all;
}

type Sizes = Required<Pick<BuildDemoOptions, 'tasks' | 'packages' | 'kills'>>;

async function showAll(
  stage: Stage,
  { repository, tasks, packages, kills }: Sizes & { readonly repository: string },
): Promise<void> {
  const { terminal, tidemark } = stage;
  terminal.heading("1 · This repository's own tasks");
  const { here, there } = await showOwn(stage, { repository, tasks });
  terminal.heading('2 · A command of which nothing is declared');
  await showUndeclared(stage, there);
  terminal.heading('3 · A workspace');
  const workspace = await showPackages(stage, packages);
  terminal.heading('4 · Damage');
  await showDamage(stage, workspace, kills);
  terminal.line();
  const { hits, misses, bytes, timeSavedMs } = (await tidemark.cache(['stats'], {
    directory: here,
  })) as BuildStoreStats;
  const counts = `${hits.toLocaleString('en')} hits, ${misses.toLocaleString('en')} misses`;
  terminal.say(`${counts}, ${time(timeSavedMs)} saved, ${bytesText(bytes)} kept.`);
}
