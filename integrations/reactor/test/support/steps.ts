/** What can happen to a drive, as the reactor's executor stores it. */
import { addFile, addFolder, deleteNode, updateNode } from 'document-drive';
import { generateId, type Action } from 'document-model';

/** An action on its way into a stream, and how many operations it takes back. */
export interface Step {
  readonly action: Action;
  readonly skip?: number;
  readonly error?: string;
}

export const DRIVE = 'powerhouse/document-drive';

export function folder(id: string): Step {
  return { action: addFolder({ id, name: id, parentFolder: null }) };
}

export function file(id: string): Step {
  return { action: addFile({ id, name: id, documentType: 'test/text', parentFolder: null }) };
}

export function rename(id: string, name: string): Step {
  return { action: updateNode({ id, name }) };
}

export function remove(id: string): Step {
  return { action: deleteNode({ id }) };
}

/** An undo, as the executor stores it. */
export function undo(): Step {
  return { action: action('NOOP', {}, 'global'), skip: 1 };
}

/** `count` folders with names of their own. */
export function folders(count: number, prefix = 'n'): Step[] {
  return Array.from({ length: count }, (_, index) => folder(`${prefix}${index}`));
}

export function action(type: string, input: unknown, scope: string): Action {
  return { id: generateId(), type, scope, timestampUtcMs: new Date().toISOString(), input };
}
