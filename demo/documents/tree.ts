/** The document of this demo: the files and folders of a repository, and what can be done to them. */
import { createRegistry, defineModel, type DocumentModel, type DocumentModelRegistry } from 'tidemark/documents';

/** A file: its mode, and the id of its content, as git has them. */
export interface File {
  readonly mode: string;
  readonly blob: string;
}

/** A folder. Whatever an action doesn't touch stays the same object. */
export interface Folder {
  readonly folders: Readonly<Record<string, Folder>>;
  readonly files: Readonly<Record<string, File>>;
}

/** The last commit that is wholly in a tree. */
interface CommitLine {
  readonly id: string;
  readonly at: string;
  readonly subject: string;
}

/** A repository's files, and the commit that they are of. */
export interface Tree {
  readonly root: Folder;
  readonly commit: CommitLine | null;
}

/** The state of the document, by scope. */
export interface RepositoryState {
  readonly [scope: string]: unknown;
  readonly global: Tree;
}

/** What can be done. */
export type TreeAction =
  | { readonly type: 'ADD_FOLDER'; readonly input: { readonly path: string } }
  | { readonly type: 'ADD_FILE' | 'UPDATE_FILE'; readonly input: { readonly path: string; readonly file: File } }
  | { readonly type: 'MOVE_FILE'; readonly input: { readonly from: string; readonly to: string } }
  | { readonly type: 'DELETE_FILE' | 'DELETE_FOLDER'; readonly input: { readonly path: string } }
  | { readonly type: 'COMMIT'; readonly input: CommitLine };

export const DOCUMENT_TYPE = 'demo/repository';
export const EMPTY: Folder = { folders: {}, files: {} };

/** The model. Its fingerprint is counted by hand, since the reducer calls functions. */
export const repositoryModel: DocumentModel = defineModel<RepositoryState>({
  documentType: DOCUMENT_TYPE,
  version: 1,
  fingerprint: 'repository 1',
  initialState: () => ({ global: { root: EMPTY, commit: null } }),
  reduce: (state, action) => ({ ...state, global: reduced(state.global, action as unknown as TreeAction) }),
});

/** All that a cache of such documents has to know. */
export const repositoryRegistry: DocumentModelRegistry = createRegistry({ models: [repositoryModel] });

function reduced(tree: Tree, action: TreeAction): Tree {
  if (action.type === 'COMMIT') return { ...tree, commit: action.input };
  return { ...tree, root: changed(tree.root, action) };
}

function changed(root: Folder, action: Exclude<TreeAction, { readonly type: 'COMMIT' }>): Folder {
  switch (action.type) {
    case 'ADD_FOLDER':
      return within(root, action.input.path, (folder, name) =>
        has(folder, name)
          ? refuse(`${action.input.path} is there already`)
          : { ...folder, folders: { ...folder.folders, [name]: EMPTY } },
      );
    case 'ADD_FILE':
      return withFile(root, action.input.path, action.input.file);
    case 'UPDATE_FILE':
      return withFile(without(root, action.input.path, 'files'), action.input.path, action.input.file);
    case 'MOVE_FILE': {
      const { from, to } = action.input;
      return withFile(without(root, from, 'files'), to, fileAt(root, from));
    }
    case 'DELETE_FILE':
      return without(root, action.input.path, 'files');
    case 'DELETE_FOLDER':
      return without(root, action.input.path, 'folders');
    default:
      return refuse(`a repository doesn't know ${(action as TreeAction).type}`);
  }
}

/** The tree with another folder in place of the one that a path leads through. */
function within(root: Folder, path: string, change: (folder: Folder, name: string) => Folder): Folder {
  const [name, rest] = split(path);
  if (rest === undefined) return change(root, name);
  return { ...root, folders: { ...root.folders, [name]: within(folderIn(root, name), rest, change) } };
}

function withFile(root: Folder, path: string, file: File): Folder {
  return within(root, path, (folder, name) =>
    has(folder, name) ? refuse(`${path} is there already`) : { ...folder, files: { ...folder.files, [name]: file } },
  );
}

function without(root: Folder, path: string, kind: 'files' | 'folders'): Folder {
  return within(root, path, (folder, name) => {
    if (!Object.hasOwn(folder[kind], name)) return refuse(`there is no ${path}`);
    return { ...folder, [kind]: Object.fromEntries(Object.entries(folder[kind]).filter(([other]) => other !== name)) };
  });
}

function fileAt(folder: Folder, path: string): File {
  const [name, rest] = split(path);
  if (rest !== undefined) return fileAt(folderIn(folder, name), rest);
  return Object.hasOwn(folder.files, name) ? folder.files[name] : refuse(`there is no ${path}`);
}

function folderIn({ folders }: Folder, name: string): Folder {
  return Object.hasOwn(folders, name) ? folders[name] : refuse(`there is no folder ${name}`);
}

function has({ files, folders }: Folder, name: string): boolean {
  return Object.hasOwn(files, name) || Object.hasOwn(folders, name);
}

function split(path: string): [name: string, rest: string | undefined] {
  const end = path.indexOf('/');
  return end < 0 ? [path, undefined] : [path.slice(0, end), path.slice(end + 1)];
}

function refuse(why: string): never {
  throw new Error(why);
}
