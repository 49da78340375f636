/** A document model: a drive with folders and files, as a flat list of nodes that name their parents. */
import { defineModel } from '../../../documents/define-model.ts';
import type { State } from '../../../documents/document.ts';
import type { Action } from '../../../documents/operation.ts';
import type { Random } from '../../../engine/clock.ts';
import { below, pick } from '../../random.ts';
import { type ActionDraft, loadState } from '../history-operations.ts';
import { type ActionPlace, named, refuse, type SampleModel, setName, withScope } from './sample-model.ts';

/** A folder or a file of a drive. */
export interface DriveNode {
  readonly id: string;
  readonly kind: 'folder' | 'file';
  readonly name: string;
  /** The id of the folder that it is in; `null` at the top. */
  readonly parentFolder: string | null;
}

/** What everybody sees of a drive. */
interface DriveGlobal {
  readonly name: string;
  readonly nodes: readonly DriveNode[];
}

/** The state of a drive. */
export interface DriveState extends State {
  readonly global: DriveGlobal;
  /** What isn't shared. Operations of this scope can only name it. */
  readonly local: { readonly name: string };
}

/** Actions of drives. All but `setName` and `loadState` are of the scope `global`. */
export const driveActions = {
  addFolder: (id: string, parentFolder: string | null = null, name: string = id): ActionDraft =>
    draft('ADD_FOLDER', { id, name, parentFolder }),
  addFile: (id: string, parentFolder: string | null = null, name: string = id): ActionDraft =>
    draft('ADD_FILE', { id, name, parentFolder }),
  /** Give a node another name. */
  updateNode: (id: string, name: string): ActionDraft => draft('UPDATE_NODE', { id, name }),
  /** Put a node into another folder, or to the top. */
  moveNode: (id: string, parentFolder: string | null): ActionDraft => draft('MOVE_NODE', { id, parentFolder }),
  /** Delete a node with everything in it. */
  deleteNode: (id: string): ActionDraft => draft('DELETE_NODE', { id }),
  /** Name the drive, its local part, or, in the scope `document`, the document. */
  setName: (name: string, scope = 'global'): ActionDraft => setName(name, scope),
  /** Put another state in a scope's place. */
  loadState: (state: unknown, scope = 'global'): ActionDraft => loadState(state, scope),
} as const;

/** A drive. It has one version. */
export const drive: SampleModel = {
  documentType: 'tidemark/drive',
  scopes: ['global', 'local'],
  models: [
    defineModel<DriveState>({
      documentType: 'tidemark/drive',
      version: 1,
      fingerprint: 'drive 1', // the reducer's own text doesn't show what it calls
      initialState: () => ({ global: { name: '', nodes: [] }, local: { name: '' } }),
      reduce,
    }),
  ],
  upgrades: [],
  validAction,
  invalidAction: (random, { number, scope }) =>
    pick<ActionDraft>(
      [
        driveActions.updateNode('nobody', `n${number}`),
        driveActions.addFile(`f${number}`, 'nowhere'),
        driveActions.deleteNode('nobody'),
        { type: 'UNHEARD_OF', scope, input: {} },
      ].filter((action) => action.scope === scope),
      random,
    ),
};

function draft(type: string, input: unknown): ActionDraft {
  return { type, scope: 'global', input };
}

function reduce(state: DriveState, action: Action): DriveState {
  const { type, scope, input } = action;
  if (type === 'SET_NAME') return named(state, action);
  if (type === 'LOAD_STATE') return withScope(state, scope, (input as { state: unknown }).state);
  if (scope !== 'global') return refuse(`${type} isn't for the scope ${scope}`);
  const nodes = change(state.global.nodes, type, input as DriveNode);
  return nodes === state.global.nodes ? state : withScope(state, scope, { ...state.global, nodes });
}

function change(nodes: readonly DriveNode[], type: string, input: DriveNode): readonly DriveNode[] {
  const { id, name, parentFolder } = input;
  switch (type) {
    case 'ADD_FOLDER':
    case 'ADD_FILE': {
      if (find(nodes, id)) return refuse(`${id} is there already`);
      checkFolder(nodes, parentFolder);
      return [...nodes, { id, kind: type === 'ADD_FOLDER' ? 'folder' : 'file', name, parentFolder }];
    }
    case 'UPDATE_NODE':
      return replace(nodes, id, { name });
    case 'MOVE_NODE':
      checkFolder(nodes, parentFolder);
      if (parentFolder !== null && inside(nodes, id).has(parentFolder))
        return refuse(`${id} can't be moved into itself`);
      return replace(nodes, id, { parentFolder });
    case 'DELETE_NODE': {
      if (!find(nodes, id)) return refuse(`there is no ${id}`);
      const gone = inside(nodes, id);
      return nodes.filter((node) => !gone.has(node.id));
    }
    default:
      return refuse(`a drive doesn't know ${type}`);
  }
}

function find(nodes: readonly DriveNode[], id: string): DriveNode | undefined {
  return nodes.find((node) => node.id === id);
}

function checkFolder(nodes: readonly DriveNode[], id: string | null): void {
  if (id !== null && find(nodes, id)?.kind !== 'folder') refuse(`there is no folder ${id}`);
}

function replace(nodes: readonly DriveNode[], id: string, rest: Partial<DriveNode>): readonly DriveNode[] {
  const at = nodes.findIndex((node) => node.id === id);
  if (at < 0) return refuse(`there is no ${id}`);
  const node = { ...nodes[at], ...rest };
  return node.name === nodes[at].name && node.parentFolder === nodes[at].parentFolder ? nodes : nodes.with(at, node);
}

/** The ids of a node and of everything in it. */
function inside(nodes: readonly DriveNode[], id: string): ReadonlySet<string> {
  const ids = new Set([id]);
  for (const folder of ids) for (const node of nodes) if (node.parentFolder === folder) ids.add(node.id); // it grows while it is gone through
  return ids;
}

function validAction(random: Random, { state, scope, number }: ActionPlace): ActionDraft {
  const id = `n${number}`;
  if (scope !== 'global') return driveActions.setName(id, scope);
  const { nodes } = state.global as DriveGlobal;
  const folders = [null, ...nodes.filter(({ kind }) => kind === 'folder').map((node) => node.id)];
  const kind = below(nodes.length === 0 ? 5 : 12, random);
  if (kind < 2) return driveActions.addFolder(id, pick(folders, random));
  if (kind < 4) return driveActions.addFile(id, pick(folders, random));
  if (kind < 5) return driveActions.setName(id);
  const node = pick(nodes, random);
  if (kind < 8) return driveActions.updateNode(node.id, id);
  if (kind < 9) return driveActions.deleteNode(node.id);
  const within = inside(nodes, node.id);
  return driveActions.moveNode(
    node.id,
    pick(
      folders.filter((folder) => folder === null || !within.has(folder)),
      random,
    ),
  );
}
