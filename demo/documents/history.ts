/** What the demo imports: the commits of this repository, or of one that is made up where there is no git. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gitHistory } from './git-history.ts';
import { madeHistory } from './made-history.ts';

/** What a commit did to one file. */
export interface FileChange {
  readonly path: string;
  /** Where it was before, if it was moved. */
  readonly from?: string | undefined;
  /** As it is afterwards; `undefined` if it is gone. */
  readonly file: { readonly mode: string; readonly blob: string } | undefined;
}

/** A commit. */
export interface Commit {
  readonly id: string;
  /** The id of the tree after it: what the document is compared with. */
  readonly tree: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly subject: string;
  readonly changes: readonly FileChange[];
}

const LEAST = 8; // commits, for something to undo

/** Commits, the oldest first, and a word on where they come from. */
export interface History {
  readonly from: string;
  readonly commits: readonly Commit[];
}

/** The history of a repository. Default: the one that this file is in. */
export async function historyOf(folder: string = repository()): Promise<History> {
  if (!existsSync(join(folder, '.git'))) return { from: 'made up, since there is no git here', commits: madeHistory() };
  try {
    const commits = await gitHistory(folder);
    if (commits.length >= LEAST) return { from: "this repository's own", commits };
    return { from: `made up, since this clone has only ${commits.length}`, commits: madeHistory() };
  } catch (error) {
    const [why] = (error as Error).message.trim().split('\n').slice(-1);
    return { from: `made up, since git can't be asked (${why})`, commits: madeHistory() };
  }
}

/** The nearest folder with a package above this file, which may be the source or what was built of it. */
export function repository(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json')) && at !== dirname(at)) at = dirname(at);
  return at;
}
