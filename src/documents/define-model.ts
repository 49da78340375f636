/** A document model from a reducer of states, for models that leave headers alone. */
import { aFunction, checkOptions, nonEmptyText, positiveInteger } from '../engine/options.ts';
import type { State } from './document.ts';
import type { DocumentModel } from './model.ts';
import type { Action, Operation } from './operation.ts';

/** What {@link defineModel} makes a model of. `S` is the state of a document by scope, such as `{ global: { name: string } }`. */
export interface ModelDefinition<S extends State> {
  readonly documentType: string;
  /** From 1 up. */
  readonly version: number;
  /** See {@link DocumentModel.fingerprint}. By default the source text of `reduce` and `initialState`. */
  readonly fingerprint?: string | undefined;
  /** The state of a new document, by scope. */
  readonly initialState: () => S;
  /**
   * The state after an action. It gets a frozen state and answers with another one, or with the same if nothing changed;
   * what didn't change should be the same objects. It must answer the same each time, and throw for an action that can't be done.
   */
  readonly reduce: (state: S, action: Action, operation: Operation) => S;
}

/**
 * A document model whose reducer sees states only. A reducer that changes headers, too, needs no help: the model is a plain
 * object, see {@link DocumentModel}.
 *
 * ```ts
 * const counter = defineModel({
 *   documentType: 'example/counter',
 *   version: 1,
 *   initialState: () => ({ global: { count: 0 } }),
 *   reduce: (state, action) =>
 *     action.type === 'INCREMENT' ? { ...state, global: { count: state.global.count + 1 } } : state,
 * });
 * ```
 *
 * @throws `bad_option` for a definition that can't be one.
 */
export function defineModel<S extends State>(definition: ModelDefinition<S>): DocumentModel {
  const what = 'defineModel';
  checkOptions(what, definition, ['documentType', 'version', 'fingerprint', 'initialState', 'reduce']);
  const { initialState, reduce } = definition;
  const documentType = nonEmptyText(`${what}: documentType`, definition.documentType);
  const version = positiveInteger(`${what}: version`, definition.version);
  aFunction(`${what}: initialState`, initialState);
  aFunction(`${what}: reduce`, reduce);
  const fingerprint =
    definition.fingerprint === undefined
      ? `${String(initialState)}\n${String(reduce)}` // the text of the reducer below is the same for every model
      : nonEmptyText(`${what}: fingerprint`, definition.fingerprint);
  return {
    documentType,
    version,
    fingerprint,
    initialState,
    reducer(document, operation) {
      const state = reduce(document.state as S, operation.action, operation);
      return state === document.state ? document : { ...document, state };
    },
  };
}
