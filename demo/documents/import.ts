/** The import: every commit executed, and what is at the head then. */
import { bytesText } from '../pages.ts';
import { until } from '../until.ts';
import { readTree } from './executor.ts';
import type { History } from './history.ts';
import { Importer } from './importing.ts';
import { isOf } from './moments.ts';
import type { Stage } from './stage.ts';
import { treeId } from './tree-id.ts';

const PATIENCE = 5000; // milliseconds

/** Execute every commit as one append of operations. */
export async function showImport(stage: Stage, { commits }: History): Promise<void> {
  const { terminal, executor, moments, signal, checks, stores, cache } = stage;
  const importer = new Importer();
  const began = performance.now();
  await executor.create(commits[0].at);
  for (const commit of commits) {
    signal.throwIfAborted();
    const actions = importer.actionsOf(commit);
    const revision = await executor.execute(actions, commit.at);
    moments.push({ revision, commit, actions });
    terminal.progress(moments.length / commits.length, () =>
      terminal.cut(`revision ${revision}   ${commit.subject}`, terminal.width),
    );
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const operations = `${(executor.revision + 1).toLocaleString('en')} operations, ${bytesText(stores.operations.bytes)}`;
  terminal.tick(`${commits.length} commits are ${operations}, executed in ${seconds} s`);
  // Keyframes are written beside the work. What is read from now on shall find them all.
  await until(() => cache.stats().keyframes.depth === 0, { patience: PATIENCE, signal });
  const head = await readTree(cache);
  checks.add('the id of the tree at the head', treeId(head.root).slice(0, 12), isOf(commits.at(-1)!, head));
}
