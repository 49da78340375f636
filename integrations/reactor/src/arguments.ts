/** The two orders of arguments that write caches of the reactor have had: with the type of the document, and without it. */
import type { PHDocument } from 'document-model';

/** Arguments of `getState`. */
export type GetArguments =
  | [
      documentId: string,
      scope: string,
      branch: string,
      targetRevision?: number | undefined,
      signal?: AbortSignal | undefined,
    ]
  | [
      documentId: string,
      documentType: string,
      scope: string,
      branch: string,
      targetRevision?: number | undefined,
      signal?: AbortSignal | undefined,
    ];

/** Arguments of `putState`. */
export type PutArguments =
  | [
      documentId: string,
      scope: string,
      branch: string,
      revision: number,
      document: PHDocument,
      position?: Position | undefined,
    ]
  | [documentId: string, documentType: string, scope: string, branch: string, revision: number, document: PHDocument];

/** Newer reactors say whether a state is that of the head. */
export type Position = 'head' | 'historical';

/** What both calls name. */
interface Stream {
  readonly documentId: string;
  /** Empty if it isn't named. */
  readonly documentType: string;
  readonly scope: string;
  readonly branch: string;
}

export function getArguments(
  given: GetArguments,
): Stream & { readonly targetRevision: number | undefined; readonly signal: AbortSignal | undefined } {
  if (typeof given[3] === 'string') {
    const [documentId, documentType, scope, branch, targetRevision, signal] = given as Extract<
      GetArguments,
      { 3: string }
    >;
    return { documentId, documentType, scope, branch, targetRevision, signal };
  }
  const [documentId, scope, branch, targetRevision, signal] = given as Exclude<GetArguments, { 3: string }>;
  return { documentId, documentType: '', scope, branch, targetRevision, signal };
}

export function putArguments(
  given: PutArguments,
): Stream & { readonly revision: number; readonly document: PHDocument; readonly position: Position } {
  if (typeof given[3] === 'string') {
    const [documentId, documentType, scope, branch, revision, document] = given as Extract<PutArguments, { 3: string }>;
    return { documentId, documentType, scope, branch, revision, document, position: 'head' };
  }
  const [documentId, scope, branch, revision, document, position = 'head'] = given as Extract<
    PutArguments,
    { 3: number }
  >;
  return { documentId, documentType: '', scope, branch, revision, document, position };
}
