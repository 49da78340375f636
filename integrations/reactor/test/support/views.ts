/** What tests look at in a document. */
import type { PHDocument } from 'document-model';

/** The ids of a drive's nodes. */
export function nodes({ state }: PHDocument): string[] {
  return (state as unknown as { global: { nodes: { id: string }[] } }).global.nodes.map(({ id }) => id);
}

/** What both caches must agree on; times of creation, which the reactor's makes up at each rebuild, are left out. */
export function essence(document: PHDocument, scope = 'global'): unknown {
  const { header, state, operations } = document;
  const { id, documentType, branch, name, slug, protocolVersions, revision } = header;
  return {
    header: { id, documentType, branch, name, slug, protocolVersions, revision: revision[scope] },
    state: alive(state),
    initialState: alive(document.initialState),
    last: operations[scope]?.at(-1)?.id,
  };
}

/** Theirs says nothing of a document that isn't deleted. */
function alive(state: PHDocument['state']): unknown {
  const { isDeleted = false, ...own } = state.document as { isDeleted?: boolean };
  return { ...state, document: { ...own, isDeleted } };
}
