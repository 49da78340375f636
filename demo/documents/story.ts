/** What the demo of documents tells, from the first line to the last. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Check, Checks } from '../checks.ts';
import { reportOn } from '../report.ts';
import type { Open } from '../stage.ts';
import type { StoryOptions } from '../story.ts';
import { telling } from '../telling.ts';
import type { Terminal } from '../terminal.ts';
import { showCosts, showFigures } from './costs.ts';
import { Executor } from './executor.ts';
import { type History, historyOf } from './history.ts';
import { showImport } from './import.ts';
import { showRestart } from './restart.ts';
import { showScrubbing } from './scrub.ts';
import type { Stage } from './stage.ts';
import { openCache, openStores } from './stores.ts';
import { showUndo } from './undo.ts';

const SECONDS = 1000;

/** What the demo of documents is given from outside. */
export interface DocumentsOptions extends Omit<StoryOptions, 'folder'> {
  /** The repository to import. Default: the one that this file is in. */
  readonly repository?: string;
  /** What is imported, in place of a repository's history. */
  readonly history?: History;
}

/** Run the demo. Resolves to its exit code: 1 if something is wrong, 130 if it was stopped. Rejects only for a bug of its own. */
export function tellOfDocuments(options: DocumentsOptions): Promise<number> {
  return telling(options, showDocuments);
}

async function showDocuments(
  terminal: Terminal,
  open: Open,
  { signal, repository, history: given }: DocumentsOptions,
): Promise<readonly Check[]> {
  terminal.heading(
    "Tidemark · a repository's history as a document: operations in a Postgres, keyframes in an LMDB file",
  );
  signal.throwIfAborted();
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  terminal.heading('1 · The import: every commit is executed as operations of one document');
  const history = given ?? (await historyOf(repository));
  terminal.tick(`${history.commits.length} commits, ${history.from}`);
  terminal.working('making a database for PGlite, a whole Postgres in this process: some seconds');
  const began = performance.now();
  const stores = await openStores(folder);
  open.push(() => stores.close());
  terminal.tick(
    `PGlite started in ${((performance.now() - began) / SECONDS).toFixed(1)} s, in ${folder}, until the end`,
  );
  const cache = await openCache(stores, { keyframes: 'written' });
  open.push(() => cache.shutdown());

  const checks = new Checks(reportOn(terminal));
  const executor = new Executor(stores.operations, cache);
  const caches = [{ name: 'executor', cache }];
  const stage: Stage = { terminal, signal, open, checks, folder, stores, cache, executor, caches, moments: [] };
  try {
    await showAll(stage, history);
  } catch (error) {
    // Who works on a wrong tree fails sooner or later: then what was found wrong before is what is to be told.
    if (signal.aborted || checks.all.every(({ right }) => right)) throw error;
  }
  return checks.all;
}

async function showAll(stage: Stage, history: History): Promise<void> {
  const { terminal } = stage;
  await showImport(stage, history);
  terminal.heading("2 · Scrubbing: every commit's tree, compared by the id that git gives to trees");
  await showScrubbing(stage);
  terminal.heading('3 · Undo and redo');
  await showUndo(stage);
  terminal.heading('4 · What it costs');
  await showCosts(stage);
  showFigures(stage);
  terminal.heading('5 · The restart');
  await showRestart(stage);
}
