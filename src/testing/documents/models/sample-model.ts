/** A document model to test with: its versions, and actions for a state by chance. */
import { createRegistry, type Upgrade } from '../../../documents/create-registry.ts';
import type { State } from '../../../documents/document.ts';
import type { DocumentModel, DocumentModelRegistry } from '../../../documents/model.ts';
import type { Action } from '../../../documents/operation.ts';
import type { Random } from '../../../engine/clock.ts';
import type { ActionDraft } from '../history-operations.ts';

/** Where an action by chance is to be done. */
export interface ActionPlace {
  /** The state of the document, of which the scope's part is looked at. */
  readonly state: State;
  readonly scope: string;
  readonly version: number;
  /** Names and ids that aren't there yet are made of it: another number each time. */
  readonly number: number;
}

/** A document model with everything that histories by chance are made of. */
export interface SampleModel {
  readonly documentType: string;
  /** All versions, oldest first. */
  readonly models: readonly DocumentModel[];
  readonly upgrades: readonly Upgrade[];
  /** The scopes that its initial state has, the most used first. */
  readonly scopes: readonly string[];
  /** An action that can be done in this state. */
  readonly validAction: (random: Random, place: ActionPlace) => ActionDraft;
  /** An action that the reducer refuses with an error. */
  readonly invalidAction: (random: Random, place: ActionPlace) => ActionDraft;
}

/** A registry of sample models. */
export function registryOf(...samples: readonly SampleModel[]): DocumentModelRegistry {
  return createRegistry({
    models: samples.flatMap(({ models }) => models),
    upgrades: samples.flatMap(({ upgrades }) => upgrades),
  });
}

/**
 * The same, but what can't be done does nothing, as reducers have it that must be able to replay whatever was stored:
 * when operations are reordered, one that was right may have lost what it was about.
 */
export function forgivingRegistryOf(...samples: readonly SampleModel[]): DocumentModelRegistry {
  return registryOf(...samples.map((sample) => ({ ...sample, models: sample.models.map(forgiving) })));
}

function forgiving(model: DocumentModel): DocumentModel {
  return {
    ...model,
    reducer(document, operation) {
      try {
        return model.reducer(document, operation);
      } catch {
        return document;
      }
    },
  };
}

/** Names a scope of a document. The sample models understand it in every scope that has nothing better to do, `document` among them. */
export function setName(name: string, scope = 'global'): ActionDraft {
  return { type: 'SET_NAME', scope, input: { name } };
}

/** What {@link setName} does. */
export function named<S extends State>(state: S, { scope, input }: Action): S {
  return withScope(state, scope, { ...(state[scope] as object), name: (input as { readonly name: string }).name });
}

/** The state with another part for a scope. */
export function withScope<S extends State>(state: S, scope: string, part: unknown): S {
  return { ...state, [scope]: part };
}

/** An error of a reducer whose action can't be done. */
export function refuse(why: string): never {
  throw new Error(why);
}
