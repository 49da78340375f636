/** Something that runs a task or brings back what it made, tried before it is measured. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { reason } from './processes.ts';
import { differenceFrom, type Tree } from './tree.ts';
import { makeWorkspace, removeOutputs, type Workspace } from './workspace.ts';

/** A build tool. */
export interface Tool {
  readonly name: string;
  /** What it needs in its workspace besides the package: texts by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where installed packages are that it looks for in its workspace, by name. */
  readonly links?: Readonly<Record<string, string>>;
  /** Why it can't be measured here, if so. */
  readonly missing?: () => string | undefined;
  /** What runs the task in this workspace, or brings back what it made. */
  readonly open: (workspace: Workspace) => () => unknown;
}

/** A tool at work. */
export interface Prepared {
  readonly workspace: Workspace;
  readonly run: () => unknown;
}

/** A tool that has shown that it brings the tree back without running the task; or why there is none. */
export async function prepared(tool: Tool, folder: string, tree: Tree): Promise<Prepared | string> {
  const why = tool.missing?.();
  if (why !== undefined) return why;
  const script = `fs.cpSync(${JSON.stringify(tree.directory)}, 'dist', { recursive: true });`;
  const { files = {}, links = {} } = tool;
  try {
    const workspace = makeWorkspace(folder, { script, files });
    for (const [name, target] of Object.entries(links))
      symlinkSync(target, join(workspace.root, 'node_modules', name), 'junction');
    const run = tool.open(workspace);
    for (const state of ['made', 'intact', 'removed'] as const) {
      if (state === 'removed') removeOutputs(workspace);
      await run();
      if (workspace.runs() !== 1) return `the task ran ${workspace.runs()} times, outputs being ${state}`;
      const difference = differenceFrom(tree, workspace.dist, 'digests');
      if (difference !== undefined) return `outputs being ${state}, ${difference}`;
    }
    return { workspace, run };
  } catch (error) {
    return reason(error);
  }
}
