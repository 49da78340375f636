/** A document model in two versions: an ordered list of texts, which become things to be done. */
import { defineModel } from '../../../documents/define-model.ts';
import type { State } from '../../../documents/document.ts';
import type { UpgradeReducer } from '../../../documents/model.ts';
import type { Action } from '../../../documents/operation.ts';
import type { Random } from '../../../engine/clock.ts';
import { below, pick } from '../../random.ts';
import { type ActionDraft, loadState } from '../history-operations.ts';
import { type ActionPlace, named, refuse, type SampleModel, setName, withScope } from './sample-model.ts';

/** The state of a list in version 1. */
export interface TextListV1 extends State {
  readonly global: { readonly texts: readonly string[] };
}

/** A text of version 2. */
export interface ListedText {
  readonly id: string;
  readonly text: string;
  readonly done: boolean;
}

/** The state of a list in version 2. */
export interface TextListV2 extends State {
  readonly global: { readonly items: readonly ListedText[] };
}

/** Actions of lists. Places are counted from 0. */
export const textListActions = {
  /** Put a text before the one at a place, or at the end. */
  insert: (at: number, text: string): ActionDraft => draft('INSERT', { at, text }),
  edit: (at: number, text: string): ActionDraft => draft('EDIT', { at, text }),
  remove: (at: number): ActionDraft => draft('REMOVE', { at }),
  /** Take a text out and put it in again, so that it stands at `to`. */
  move: (at: number, to: number): ActionDraft => draft('MOVE', { at, to }),
  /** Version 2 only. */
  setDone: (at: number, done: boolean): ActionDraft => draft('SET_DONE', { at, done }),
  /** Of the scope `document` only: a list has no name of its own. */
  setName: (name: string): ActionDraft => setName(name, 'document'),
  /** Put another state of the same version in the list's place. */
  loadState: (state: unknown): ActionDraft => loadState(state),
} as const;

interface Input {
  readonly at: number;
  readonly to: number;
  readonly text: string;
  readonly done: boolean;
}

/** A list of texts. Version 2 gives each an id and lets it be done. */
export const textList: SampleModel = {
  documentType: 'tidemark/text-list',
  scopes: ['global'],
  models: [
    defineModel<TextListV1>({
      documentType: 'tidemark/text-list',
      version: 1,
      fingerprint: 'text list 1', // the reducer's own text doesn't show what it calls
      initialState: () => ({ global: { texts: [] } }),
      reduce(state, action) {
        const { type, scope, input } = action;
        if (scope !== 'global') return other(state, action);
        if (type === 'LOAD_STATE') return withScope(state, scope, loaded(input, 'texts'));
        const { texts } = state.global;
        const changed = change(texts, type, input as Input, () => (input as Input).text);
        return changed === texts ? state : withScope(state, scope, { texts: changed });
      },
    }),
    defineModel<TextListV2>({
      documentType: 'tidemark/text-list',
      version: 2,
      fingerprint: 'text list 2',
      initialState: () => ({ global: { items: [] } }),
      reduce(state, action) {
        const { type, scope, input, id } = action;
        if (scope !== 'global') return other(state, action);
        if (type === 'LOAD_STATE') return withScope(state, scope, loaded(input, 'items'));
        const { items } = state.global;
        const { at, done, text } = input as Input;
        const made = (item: ListedText = { id, text, done: false }): ListedText => ({ ...item, text });
        const changed =
          type === 'SET_DONE'
            ? items.with(checked(at, items.length), { ...items[at], done })
            : change(items, type, input as Input, made);
        return changed === items ? state : withScope(state, scope, { items: changed });
      },
    }),
  ],
  upgrades: [{ documentType: 'tidemark/text-list', fromVersion: 1, toVersion: 2, reducer: upgrade() }],
  validAction,
  invalidAction: (random, { state, scope, version }) => {
    const { length } = textsOf(state, version);
    const drafts = [
      textListActions.edit(length, 'nothing'),
      textListActions.remove(-1),
      textListActions.setDone(length, true),
      { type: 'UNHEARD_OF', scope, input: {} },
    ];
    return { ...pick(drafts, random), scope };
  },
};

function draft(type: string, input: unknown): ActionDraft {
  return { type, scope: 'global', input };
}

/** Each text becomes something to be done, with an id made of the upgrade's and of its place. */
function upgrade(): UpgradeReducer {
  return (document, { id }) => {
    const { texts } = (document.state as TextListV1).global;
    const items = texts.map((text, i): ListedText => ({ id: `${id}/${i}`, text, done: false }));
    return { ...document, state: { ...document.state, global: { items } } };
  };
}

function other<S extends State>(state: S, action: Action): S {
  return action.type === 'SET_NAME'
    ? named(state, action)
    : refuse(`${action.type} isn't for the scope ${action.scope}`);
}

function change<T>(all: readonly T[], type: Action['type'], { at, to }: Input, made: (old?: T) => T): readonly T[] {
  switch (type) {
    case 'INSERT':
      return all.toSpliced(checked(at, all.length + 1), 0, made());
    case 'EDIT':
      return all.with(checked(at, all.length), made(all[at]));
    case 'REMOVE':
      return all.toSpliced(checked(at, all.length), 1);
    case 'MOVE':
      checked(to, all.length);
      return at === to ? all : all.toSpliced(checked(at, all.length), 1).toSpliced(to, 0, all[at]);
    default:
      return refuse(`this version of the list doesn't know ${type}`);
  }
}

function checked(at: number, end: number): number {
  return Number.isInteger(at) && at >= 0 && at < end ? at : refuse(`there is no place ${at}`);
}

/** A state to be loaded is of this version, or it is refused. */
function loaded(input: unknown, name: string): unknown {
  const { state } = input as { readonly state: Readonly<Record<string, unknown>> | undefined };
  return Array.isArray(state?.[name]) ? state : refuse(`the state to be loaded has no ${name}`);
}

function textsOf(state: State, version: number): readonly unknown[] {
  return version === 1 ? (state as TextListV1).global.texts : (state as TextListV2).global.items;
}

function validAction(random: Random, { state, scope, version, number }: ActionPlace): ActionDraft {
  const text = `text ${number}`;
  if (scope !== 'global') return setName(text, scope);
  const { length } = textsOf(state, version);
  const kind = below(length === 0 ? 4 : version === 1 ? 10 : 12, random);
  if (kind < 4) return textListActions.insert(below(length + 1, random), text);
  const at = below(length, random);
  if (kind < 7) return textListActions.edit(at, text);
  if (kind < 8) return textListActions.remove(at);
  if (kind < 10) return textListActions.move(at, below(length, random));
  return textListActions.setDone(at, random() < 0.5);
}
