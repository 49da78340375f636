/** What the memory of a process is measured by: one deed in each. */
import { makeWorkspace, removeOutputs, type Workspace } from './workspace.ts';
import { lookUp, opened, run } from './ours.ts';
import { filesScript } from './lookups.ts';

/** What can be done, in this order, and how tables call it. */
export const DEEDS = {
  nothing: 'tidemark/build loaded, nothing done',
  miss: 'a miss: as many inputs, as many outputs',
  lookup: 'lookup',
  keep: 'a hit with nothing to do',
  link: 'a hit that restores, hard links',
  copy: 'a hit that restores, copies',
  verify: 'verifying the store',
  prune: 'pruning the store',
};

/** The name of one. */
export type Deed = keyof typeof DEEDS;

/** The workspace in which it is done. */
export function workspaceOf(folder: string, files: number): Workspace {
  return makeWorkspace(folder, { script: filesScript(files), sources: files });
}

/** Does it. */
export async function perform(deed: Deed, workspace: Omit<Workspace, 'runs'>): Promise<void> {
  const ours = opened(workspace, deed === 'link' ? 'hard' : 'none');
  if (deed === 'nothing') return;
  if (deed === 'link' || deed === 'copy') removeOutputs(workspace);
  if (deed === 'verify') ours.cache.verify();
  else if (deed === 'prune') ours.cache.prune({ maxAge: '1h' });
  else if (deed === 'lookup') await lookUp(ours);
  else await run(ours);
  await ours.cache.close();
}
