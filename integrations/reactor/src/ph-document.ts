/** A document as the reactor makes its own. */
import type { PHDocument } from 'document-model';
import type { Document } from 'tidemark/documents';
import { surviving } from './surviving.ts';

/**
 * Without a slug, a document goes by its id; of its signature the header has the key and the nonce. Its initial state has the
 * `document` scope, too: the reactor's reducer begins from it again when it undoes something.
 */
export function phDocument(document: Document): PHDocument {
  const { header, initialState, state } = document;
  const { publicKey = {}, nonce = '' } = (header.sig ?? {}) as { publicKey?: unknown; nonce?: unknown };
  header.slug ||= header.id;
  header.meta ??= {};
  header.sig = { publicKey, nonce };
  for (const [scope, operations] of Object.entries(document.operations))
    document.operations[scope] = surviving(operations);
  document.initialState = { ...initialState, document: state.document };
  return document as unknown as PHDocument;
}
