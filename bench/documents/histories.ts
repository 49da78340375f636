/** Histories to measure with: drives that grow with each operation, and drives of a few nodes that are renamed again and again. */
import { createHash } from 'node:crypto';
import { createRegistry, type DocumentModel, type DocumentModelRegistry, type Operation } from 'tidemark/documents';
import type { OperationStore } from 'tidemark/documents';
import { type ActionDraft, createDocument, createOperation, drive, driveActions } from 'tidemark/testing';

/** `grow`: each operation adds a node. `rename`: a hundred are added, then each operation renames one. */
export type Shape = 'grow' | 'rename';

/** Nodes of a drive that is only renamed. */
export const NODES = 100;

export const TYPE: string = drive.documentType;
export const SCOPE = 'global';
export const BRANCH = 'main';
const FOLDERS = 20; // every so many nodes one is a folder
const BATCH = 500;

/** How nodes are named: by a number, or as a UUID is, which can't be made smaller. */
export type Ids = 'numbers' | 'uuids';

/** The operation at an index. */
export function operationAt(documentId: string, shape: Shape, index: number, ids: Ids = 'numbers'): Operation {
  return createOperation(actionAt(documentId, shape, index, ids), {
    index,
    id: `${documentId}/${index}`,
    timestampUtcMs: new Date(Date.UTC(2026, 0) + 1000 * index).toISOString(),
  });
}

function actionAt(documentId: string, shape: Shape, index: number, ids: Ids): ActionDraft {
  if (shape === 'rename' && index >= NODES)
    return driveActions.updateNode(idOf(documentId, (index * 37) % NODES, ids), `Version ${index} of the report.pdf`);
  const parent = index < FOLDERS ? null : idOf(documentId, FOLDERS * (Math.floor(index / FOLDERS) - 1), ids);
  const add = index % FOLDERS === 0 ? driveActions.addFolder : driveActions.addFile;
  return add(idOf(documentId, index, ids), parent, `Report number ${index}.pdf`);
}

function idOf(documentId: string, number: number, ids: Ids): string {
  if (ids === 'numbers') return `node-${number}`;
  const digits = createHash('md5').update(`${documentId} ${number}`).digest('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Operations from an index up to, and without, another one. */
export function operationsOf(documentId: string, shape: Shape, count: number, from = 0): Operation[] {
  return Array.from({ length: count - from }, (_, i) => operationAt(documentId, shape, from + i));
}

/** The operation that every document begins with. */
export function creation(documentId: string): Operation {
  return createOperation(createDocument({ documentId, model: TYPE, version: 1 }), { index: 0, id: `${documentId}/c` });
}

/** Write a document. */
export async function write(
  store: OperationStore,
  documentId: string,
  operations: readonly Operation[],
): Promise<void> {
  const stream = { documentId, documentType: TYPE, branch: BRANCH };
  await store.append({ ...stream, scope: 'document', revision: -1, operations: [creation(documentId)] });
  for (let i = 0; i < operations.length; i += BATCH)
    await store.append({ ...stream, scope: SCOPE, revision: i - 1, operations: operations.slice(i, i + BATCH) });
}

/** What an operation costs: what the reducer does, or that and a digest of the scope's whole state after it. */
export type Cost = 'plain' | 'digest';

/** The last digest, so that none is computed for nothing. */
const digests = { last: '' };

const [plain] = drive.models;

const digest: DocumentModel = {
  ...plain,
  fingerprint: 'drive 1, digest',
  initialState: () => plain.initialState(),
  reducer(document, operation) {
    const next = plain.reducer(document, operation);
    digests.last = createHash('sha1').update(JSON.stringify(next.state[operation.action.scope])).digest('base64');
    return next;
  },
};

/** The drive of `tidemark/testing`, with that cost. */
export function registry(cost: Cost): DocumentModelRegistry {
  return createRegistry({ models: [cost === 'plain' ? plain : digest] });
}
