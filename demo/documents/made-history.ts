/** A made-up history, the same each time: files that are added, changed, moved and deleted. */
import { createHash } from 'node:crypto';
import { seeded } from '../zipf.ts';
import type { Commit, FileChange } from './history.ts';
import { EMPTY, type File, type Folder } from './tree.ts';
import { treeId } from './tree-id.ts';

const COMMITS = 120;
const SEED = 1_969;
const FIRST = Date.UTC(2026, 0, 5, 9);
const HOUR = 3_600_000;
const FOLDERS = ['src', 'src/engine', 'src/stores', 'test', 'test/engine', 'docs', 'docs/guide/first', 'bench', ''];

/** The commits, the oldest first. */
export function madeHistory(): readonly Commit[] {
  const random = seeded(SEED);
  const below = (end: number): number => Math.floor(random() * end);
  const files = new Map<string, File>();
  const touched = new Set<string>();
  /** A file that this commit has left alone so far. */
  const any = (): string | undefined => {
    const paths = [...files.keys()].filter((path) => !touched.has(path));
    return paths[below(paths.length)];
  };
  const fresh = (n: number): string => {
    const folder = FOLDERS[below(FOLDERS.length)];
    return `${folder === '' ? '' : `${folder}/`}part-${n}.ts`;
  };
  let made = 0;
  const change = (): FileChange | undefined => {
    const kind = random();
    const from = any();
    const file = { mode: '100644', blob: digest(`content ${++made}`) };
    if (kind < 0.4 || from === undefined) return { path: fresh(made), file };
    if (kind < 0.85) return { path: from, file };
    if (kind < 0.93) return { path: from, file: undefined };
    const path = fresh(made);
    touched.add(path);
    return { path, from, file: kind < 0.97 ? files.get(from) : file };
  };
  return Array.from({ length: COMMITS }, (_, number) => {
    const changes: FileChange[] = [];
    touched.clear();
    for (let left = number === 0 ? 150 : 1 + below(16); left > 0; left--) {
      const one = change();
      if (!one) continue;
      changes.push(one);
      touched.add(one.path);
      if (one.from !== undefined) files.delete(one.from);
      if (one.file) files.set(one.path, one.file);
      else files.delete(one.path);
    }
    const at = new Date(FIRST + number * HOUR).toISOString();
    const subject = `${changes.length === 1 ? '1 change' : `${changes.length} changes`} of hour ${number + 1}`;
    return { id: digest(`commit ${number}`), tree: treeId(folderOf(files)), at, subject, changes };
  });
}

/** Files by path as a tree. */
function folderOf(files: ReadonlyMap<string, File>): Folder {
  const inner = new Map<string, Map<string, File>>();
  const own: Record<string, File> = {};
  for (const [path, file] of files) {
    const [name, ...rest] = path.split('/');
    if (rest.length === 0) own[name] = file;
    else inner.set(name, (inner.get(name) ?? new Map<string, File>()).set(rest.join('/'), file));
  }
  const folders = Object.fromEntries([...inner].map(([name, within]) => [name, folderOf(within)]));
  return { ...EMPTY, folders, files: own };
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
