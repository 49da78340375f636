/** The reactor's registry as a registry of document models: one action is applied at a time, to states that are frozen. */
import { createHash } from 'node:crypto';
import type { IDocumentModelRegistry } from '@powerhousedao/reactor';
import type { Operation as PHOperation, PHDocument } from 'document-model';
import type { Document, DocumentModel, DocumentModelRegistry, Operation } from 'tidemark/documents';

type Module = ReturnType<IDocumentModelRegistry['getModule']>;

/** What is asked of the reactor's registry. */
export type ReactorModels = Pick<IDocumentModelRegistry, 'getModule' | 'computeUpgradePath'>;

/** How to tell two builds of the same version of a model apart. */
export interface RegistryOptions {
  /** By default, made from the model's specification and its reducer's own source text. */
  readonly fingerprint?: (module: Module) => string;
}

/** The models of a reactor. Errors of its registry come through as they are: the reactor looks at their class. */
export function modelRegistry(
  models: ReactorModels,
  { fingerprint = specified }: RegistryOptions = {},
): DocumentModelRegistry {
  const made = new WeakMap<Module, DocumentModel>();
  return {
    getModel(documentType, version) {
      const module = models.getModule(documentType, version);
      let model = made.get(module);
      if (!model) made.set(module, (model = modelOf(documentType, module, fingerprint(module))));
      return model;
    },
    getUpgrade(documentType, fromVersion, toVersion) {
      const steps = models.computeUpgradePath(documentType, fromVersion, toVersion);
      return (document, { action }) => {
        const upgraded = steps.reduce<PHDocument>(
          (before, { upgradeReducer }) => upgradeReducer(before, action as PHOperation['action']),
          bare(document),
        );
        return upgraded;
      };
    },
  };
}

function modelOf(documentType: string, module: Module, fingerprint: string): DocumentModel {
  return {
    documentType,
    version: module.version ?? 1,
    fingerprint,
    initialState: () => ({ ...module.utils.createState() }),
    reducer(document, operation) {
      const { action } = operation as PHOperation;
      return module.reducer(bare(document), action, undefined, only(operation, document));
    },
  };
}

/** Without operations: what an operation takes back has been left out already. */
function bare(document: Document): PHDocument {
  return { ...document, operations: {}, clipboard: [] } as unknown as PHDocument;
}

/** Apply this one action and look at nothing else. The operation is a copy: the reducer writes a hash into it. */
function only(operation: Operation, { header }: Document): Parameters<Module['reducer']>[3] {
  return {
    skip: 0,
    ignoreSkipOperations: true,
    skipIndexValidation: true,
    protocolVersion: 2,
    branch: header.branch,
    replayOptions: { operation: { ...operation, skip: 0 } as PHOperation },
  };
}

function specified({ documentModel, reducer }: Module): string {
  return createHash('sha256')
    .update(JSON.stringify([documentModel, String(reducer)]))
    .digest('base64url');
}
