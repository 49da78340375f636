/** Commits as actions: what was done to files becomes what is done to the document. */
import type { Commit } from './history.ts';
import type { File, TreeAction } from './tree.ts';

/** Makes actions of one commit after the other. It knows which files and folders there are by then, and nothing else. */
export class Importer {
  readonly #files = new Map<string, File>();
  /** How many files and folders are in each folder. */
  readonly #folders = new Map<string, number>();
  #actions: TreeAction[] = [];

  /** The actions of the next commit. The last of them says that it is complete. */
  actionsOf({ id, at, subject, changes }: Commit): readonly TreeAction[] {
    this.#actions = [];
    // Moves first, while their files are there. Those to places that aren't free yet are a deletion and an addition.
    const moved = new Set(changes.filter((change) => change.from !== undefined && this.#isFree(change.path)));
    for (const change of moved) this.#move(change.from!, change.path);
    for (const change of changes) {
      if (change.file === undefined) this.#delete(change.path);
      else if (change.from !== undefined && !moved.has(change)) this.#delete(change.from);
    }
    for (const folder of this.#emptied()) this.#deleteFolder(folder);
    for (const change of changes) if (change.file) this.#put(change.path, change.file);
    this.#actions.push({ type: 'COMMIT', input: { id, at, subject } });
    return this.#actions;
  }

  #move(from: string, to: string): void {
    const file = this.#files.get(from)!;
    this.#addFolders(to);
    this.#actions.push({ type: 'MOVE_FILE', input: { from, to } });
    this.#forget(from);
    this.#know(to, file);
  }

  #put(path: string, file: File): void {
    const there = this.#files.get(path);
    if (there?.blob === file.blob && there.mode === file.mode) return; // it was moved as it was
    if (!there) this.#addFolders(path);
    this.#actions.push({ type: there ? 'UPDATE_FILE' : 'ADD_FILE', input: { path, file } });
    if (there) this.#files.set(path, file);
    else this.#know(path, file);
  }

  #delete(path: string): void {
    this.#actions.push({ type: 'DELETE_FILE', input: { path } });
    this.#forget(path);
  }

  #deleteFolder(path: string): void {
    this.#actions.push({ type: 'DELETE_FOLDER', input: { path } });
    this.#folders.delete(path);
    this.#count(parentOf(path), -1);
  }

  /** Folders with nothing in them: git knows none. Deleting one may empty the one around it. */
  *#emptied(): Generator<string> {
    for (let found = true; found;) {
      found = false;
      for (const [folder, inside] of this.#folders)
        if (inside === 0) {
          found = true;
          yield folder;
        }
    }
  }

  #addFolders(path: string): void {
    const parent = parentOf(path);
    if (parent === '' || this.#folders.has(parent)) return;
    this.#addFolders(parent);
    this.#actions.push({ type: 'ADD_FOLDER', input: { path: parent } });
    this.#folders.set(parent, 0);
    this.#count(parentOf(parent), 1);
  }

  #know(path: string, file: File): void {
    this.#files.set(path, file);
    this.#count(parentOf(path), 1);
  }

  #forget(path: string): void {
    this.#files.delete(path);
    this.#count(parentOf(path), -1);
  }

  #count(folder: string, more: number): void {
    if (folder !== '') this.#folders.set(folder, this.#folders.get(folder)! + more);
  }

  /** Is nothing there, and no file where a folder would have to be? */
  #isFree(path: string): boolean {
    if (this.#files.has(path) || this.#folders.has(path)) return false;
    for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder))
      if (this.#files.has(folder)) return false;
    return true;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
