/** A registry answers with the models and the ways between versions that it was given, and refuses what can't be right. */
import { TidemarkError } from 'tidemark';
import { describe, expect, test } from 'vitest';
import { createRegistry, type RegistryOptions, type Upgrade } from '../../src/documents/create-registry.ts';
import { defineModel } from '../../src/documents/define-model.ts';
import type { Document } from '../../src/documents/document.ts';
import { createOperation } from 'tidemark/testing';

const operation = createOperation({ type: 'ANY', scope: 'global', input: {} }, { index: 0 });

function model(version: number, documentType = 'list') {
  return defineModel({
    documentType,
    version,
    initialState: () => ({ global: { version } }),
    reduce: (state) => state,
  });
}

function step(fromVersion: number, documentType = 'list'): Upgrade {
  const reducer = (document: Document): Document => ({
    ...document,
    state: { way: [...((document.state['way'] as number[] | undefined) ?? []), fromVersion] },
  });
  return { documentType, fromVersion, toVersion: fromVersion + 1, reducer };
}

function documentOf(state: Document['state']): Document {
  const header = {
    id: '',
    documentType: '',
    slug: '',
    name: '',
    branch: '',
    createdAtUtcIso: '',
    lastModifiedAtUtcIso: '',
  };
  return { header: { ...header, revision: {} }, state, initialState: {}, operations: {}, clipboard: [] };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TidemarkError) return error.code;
    throw error;
  }
  return 'none';
}

describe('getModel', () => {
  const [one, two, ten] = [model(1), model(2), model(10)];
  const registry = createRegistry({ models: [two, ten, one, model(3, 'other')] });

  test('answers with the version that is named', () => {
    expect(registry.getModel('list', 1)).toBe(one);
    expect(registry.getModel('list', 2)).toBe(two);
  });

  test('answers with the newest version if none is named', () => {
    expect(registry.getModel('list')).toBe(ten);
    expect(registry.getModel('other').version).toBe(3);
  });

  test.each([
    ['a type', () => registry.getModel('nothing')],
    ['a type of another kind', () => registry.getModel(undefined as unknown as string)],
    ['the name of a property of all objects', () => registry.getModel('constructor')],
    ['a version', () => registry.getModel('list', 3)],
    ['version 0', () => registry.getModel('list', 0)],
    ['a version that is no number', () => registry.getModel('list', '1' as unknown as number)],
  ])('throws unknown_model for %s that it does not know', (_, run) => {
    expect(codeOf(run)).toBe('unknown_model');
  });

  test('names what is unknown', () => {
    expect(() => registry.getModel('list', 3)).toThrow('the registry has no version 3 of "list"');
  });
});

describe('getUpgrade', () => {
  const upgrades = [step(2), step(1), step(3), step(5), step(1, 'other')];
  const registry = createRegistry({ models: [model(1), model(1, 'other')], upgrades });
  const way = (from: number, to: number) =>
    registry.getUpgrade('list', from, to)(documentOf({}), operation).state['way'];

  test('answers with a single step as it was given', () => {
    expect(registry.getUpgrade('list', 1, 2)).toBe(upgrades[1].reducer);
  });

  test('puts longer ways together from single steps, in order', () => {
    expect(way(1, 3)).toEqual([1, 2]);
    expect(way(1, 4)).toEqual([1, 2, 3]);
    expect(way(2, 4)).toEqual([2, 3]);
  });

  test('leads from a version to itself by changing nothing', () => {
    const document = documentOf({ global: 1 });
    expect(registry.getUpgrade('list', 2, 2)(document, operation)).toBe(document);
  });

  test('hands the upgrade operation to every step', () => {
    const seen: unknown[] = [];
    const look = (fromVersion: number): Upgrade => ({
      ...step(fromVersion),
      reducer: (document, given) => (seen.push(given), document),
    });
    const looking = createRegistry({ models: [model(1)], upgrades: [look(1), look(2)] });
    looking.getUpgrade('list', 1, 3)(documentOf({}), operation);
    expect(seen).toEqual([operation, operation]);
  });

  test.each([
    ['a type', () => registry.getUpgrade('nothing', 1, 2)],
    ['a step in the middle', () => registry.getUpgrade('list', 3, 6)],
    ['a step at the end', () => registry.getUpgrade('list', 1, Number.MAX_SAFE_INTEGER)],
    ['a step of another model', () => registry.getUpgrade('other', 2, 3)],
    ['a way back', () => registry.getUpgrade('list', 2, 1)],
    ['a way from 0', () => registry.getUpgrade('list', 0, 1)],
    ['a way to no number', () => registry.getUpgrade('list', 1, Number.NaN)],
  ])('throws unknown_model for %s that it does not know', (_, run) => {
    expect(codeOf(run)).toBe('unknown_model');
  });
});

describe('createRegistry refuses', () => {
  const refused: readonly (readonly [string, unknown])[] = [
    ['no options', undefined],
    ['an option that it does not have', { models: [], upgrade: [] }],
    ['models that are no array', { models: model(1) }],
    ['a model that is none', { models: [null] }],
    ['a model without a type', { models: [{ ...model(1), documentType: '' }] }],
    ['a model of version 0', { models: [{ ...model(1), version: 0 }] }],
    ['a model of version 1.5', { models: [{ ...model(1), version: 1.5 }] }],
    ['a model without an initial state', { models: [{ ...model(1), initialState: {} }] }],
    ['a model without a reducer', { models: [{ ...model(1), reducer: undefined }] }],
    ['a fingerprint that is no text', { models: [{ ...model(1), fingerprint: 7 }] }],
    ['a version twice', { models: [model(1), model(1)] }],
    ['upgrades that are no array', { models: [model(1)], upgrades: {} }],
    ['an upgrade that is none', { models: [model(1)], upgrades: [undefined] }],
    ['an upgrade without a reducer', { models: [model(1)], upgrades: [{ ...step(1), reducer: undefined }] }],
    ['an upgrade from 0', { models: [model(1)], upgrades: [step(0)] }],
    ['an upgrade that is no single step', { models: [model(1)], upgrades: [{ ...step(1), toVersion: 3 }] }],
    ['an upgrade backwards', { models: [model(1)], upgrades: [{ ...step(2), toVersion: 1 }] }],
    ['a step twice', { models: [model(1)], upgrades: [step(1), step(1)] }],
    ['a step of a model that is not there', { models: [model(1)], upgrades: [step(1, 'other')] }],
  ];

  test.each(refused)('%s', (_, options) => {
    expect(codeOf(() => createRegistry(options as RegistryOptions))).toBe('bad_option');
  });
});

describe('defineModel', () => {
  const definition = {
    documentType: 'counter',
    version: 1,
    initialState: () => ({ global: { count: 0 } }),
    reduce: (state: { global: { count: number } }, action: { type: string }) =>
      action.type === 'ANY' ? { ...state, global: { count: state.global.count + 1 } } : state,
  };

  test('reduces states and leaves the rest of the document alone', () => {
    const before = documentOf({ global: { count: 1 } });
    const after = defineModel(definition).reducer(before, operation);
    expect(after).toEqual({ ...before, state: { global: { count: 2 } } });
    expect(after.header).toBe(before.header);
  });

  test('answers with the same document if the state is the same', () => {
    const before = documentOf({ global: { count: 1 } });
    const other = createOperation({ type: 'OTHER', scope: 'global', input: {} }, { index: 0 });
    expect(defineModel(definition).reducer(before, other)).toBe(before);
  });

  test('hands action and operation to the reducer', () => {
    const seen: unknown[] = [];
    const spy = defineModel({ ...definition, reduce: (state, action, given) => (seen.push(action, given), state) });
    spy.reducer(documentOf({ global: { count: 0 } }), operation);
    expect(seen).toEqual([operation.action, operation]);
  });

  test('models whose reducers have other texts have other fingerprints', () => {
    const other = defineModel({ ...definition, reduce: (state) => state });
    expect(other.fingerprint).not.toBe(defineModel(definition).fingerprint);
    expect(defineModel(definition).fingerprint).toBe(defineModel(definition).fingerprint);
    const begins = defineModel({ ...definition, initialState: () => ({ global: { count: 1 } }) });
    expect(begins.fingerprint).not.toBe(defineModel(definition).fingerprint);
  });

  test('a fingerprint that is given is taken', () => {
    expect(defineModel({ ...definition, fingerprint: 'build 7' }).fingerprint).toBe('build 7');
  });

  test.each([
    ['no type', { documentType: '' }],
    ['version 0', { version: 0 }],
    ['an initial state that is no function', { initialState: {} }],
    ['a reducer that is no function', { reduce: 'reduce' }],
    ['an empty fingerprint', { fingerprint: '' }],
    ['an option that it does not have', { reducer: () => ({}) }],
  ])('refuses %s', (_, change) => {
    expect(codeOf(() => defineModel({ ...definition, ...change } as typeof definition))).toBe('bad_option');
  });
});

test('a model that is a plain object may change headers', () => {
  const renaming = {
    documentType: 'named',
    version: 1,
    initialState: () => ({}),
    reducer: (document: Document) => ({ ...document, header: { ...document.header, name: 'new' } }),
  };
  const registry = createRegistry({ models: [renaming] });
  expect(registry.getModel('named').reducer(documentOf({}), operation).header.name).toBe('new');
});
