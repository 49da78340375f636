/** The sample models do what they say, share what didn't change, and their histories by chance are as good as the oracle's. */
import {
  type ActionDraft,
  createOperation,
  DocumentHistory,
  drive,
  driveActions,
  type DriveState,
  randomHistory,
  type SampleModel,
  seededRandom,
  textList,
  textListActions,
  type TextListV1,
  type TextListV2,
} from 'tidemark/testing';
import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../src/documents/create-registry.ts';
import type { DocumentModelRegistry } from '../../src/documents/model.ts';
import { counts, isVoid } from '../../src/documents/operation.ts';
import { fullReplay } from './support/full-replay.ts';

const { addFolder, addFile, updateNode, moveNode, deleteNode, setName, loadState } = driveActions;

describe('a drive', () => {
  const history = () => {
    const made = new DocumentHistory({ model: drive });
    for (const action of [addFolder('a'), addFolder('b', 'a'), addFile('c', 'b'), addFile('d')]) made.add(action);
    return made;
  };
  const nodes = (made: DocumentHistory) =>
    (made.state() as DriveState).global.nodes.map(
      ({ id, name, kind, parentFolder }) =>
        [parentFolder ?? '', id === name ? id : `${id}(${name})`].join('/') + (kind === 'folder' ? '/' : ''),
    );

  test('has folders and files in folders', () => {
    expect(nodes(history())).toEqual(['/a/', 'a/b/', 'b/c', '/d']);
  });

  test('renames, moves and deletes nodes, with everything in them', () => {
    const made = history();
    made.add(updateNode('c', 'new'));
    made.add(moveNode('b', null));
    made.add(moveNode('d', 'a'));
    expect(nodes(made)).toEqual(['/a/', '/b/', 'b/c(new)', 'a/d']);
    made.add(deleteNode('b'));
    expect(nodes(made)).toEqual(['/a/', 'a/d']);
  });

  test('has a name in each scope', () => {
    const made = history();
    for (const scope of ['global', 'local', 'document']) made.add(setName(`of ${scope}`, scope));
    for (const scope of ['global', 'local', 'document'])
      expect(made.state(scope)[scope]).toMatchObject({ name: `of ${scope}` });
  });

  test('takes a whole state in', () => {
    const made = history();
    made.add(loadState({ name: 'loaded', nodes: [] }));
    expect(made.state()['global']).toEqual({ name: 'loaded', nodes: [] });
  });

  test.each([
    ['an id twice', addFile('a')],
    ['an unknown folder', addFile('x', 'nowhere')],
    ['a file as a folder', addFile('x', 'c')],
    ['the renaming of an unknown node', updateNode('x', 'y')],
    ['the deletion of an unknown node', deleteNode('x')],
    ['the move of an unknown node', moveNode('x', null)],
    ['a move into an unknown folder', moveNode('c', 'x')],
    ['a move of a folder into itself', moveNode('a', 'a')],
    ['a move of a folder into what is in it', moveNode('a', 'b')],
    ['an unknown action', { type: 'FORMAT', scope: 'global', input: {} }],
    ['an action of another scope', { ...addFile('x'), scope: 'local' }],
  ])('refuses %s, and nothing is appended', (_, action) => {
    const made = history();
    const before = made.operations;
    expect(() => made.add(action)).toThrow(Error);
    expect(made.operations['global']).toEqual(before['global']);
  });

  test('keeps the objects of what did not change', () => {
    const made = history();
    const before = made.state() as DriveState;
    made.add(updateNode('b', 'new'));
    const after = made.state() as DriveState;
    expect(after.local).toBe(before.local);
    expect([0, 1, 2, 3].map((i) => after.global.nodes[i] === before.global.nodes[i])).toEqual([
      true,
      false,
      true,
      true,
    ]);
    made.add(updateNode('b', 'new'));
    expect(made.state()).toBe(after);
  });
});

describe('a text list', () => {
  const { insert, edit, remove, move, setDone } = textListActions;
  const list = (version: number) => {
    const made = new DocumentHistory({ model: textList, version });
    ['a', 'b', 'c', 'd'].forEach((text, i) => made.add(insert(i, text)));
    return made;
  };
  const texts = (made: DocumentHistory) => {
    const state = made.state();
    return made.version === 1
      ? (state as TextListV1).global.texts.join('')
      : (state as TextListV2).global.items.map(({ text }) => text).join('');
  };

  test.each([1, 2])('inserts, edits, removes and moves texts in version %i', (version) => {
    const made = list(version);
    made.add(insert(1, 'x'));
    expect(texts(made)).toBe('axbcd');
    made.add(edit(2, 'y'));
    expect(texts(made)).toBe('axycd');
    made.add(remove(0));
    expect(texts(made)).toBe('xycd');
    made.add(move(0, 2));
    expect(texts(made)).toBe('ycxd');
    made.add(move(3, 0));
    expect(texts(made)).toBe('dycx');
  });

  test('gives each text an id that it keeps, and lets it be done, in version 2', () => {
    const made = list(2);
    const id = (made.state() as TextListV2).global.items[1].id;
    made.add(setDone(1, true));
    made.add(edit(1, 'new'));
    made.add(move(1, 0));
    expect((made.state() as TextListV2).global.items[0]).toEqual({ id, text: 'new', done: true });
  });

  const refused: readonly (readonly [what: string, ...actions: ActionDraft[]])[] = [
    ['a place behind the end', insert(5, 'x'), edit(4, 'x'), remove(4), move(4, 0), move(0, 4)],
    ['a place before the beginning', insert(-1, 'x'), edit(-1, 'x'), remove(-1), move(-1, 0), move(0, -1)],
    ['no place', insert(0.5, 'x'), edit(Number.NaN, 'x')],
    ['an action of another scope', { ...insert(0, 'x'), scope: 'document' }],
    ['a state of no version', textListActions.loadState({ global: {} })],
  ];

  test.each(refused.map(([what, ...actions]) => ({ what, actions })))('refuses $what', ({ actions }) => {
    for (const version of [1, 2]) for (const action of actions) expect(() => list(version).add(action)).toThrow(Error);
  });

  test('refuses in one version what is of the other', () => {
    expect(() => list(1).add(setDone(0, true))).toThrow("doesn't know SET_DONE");
    expect(() => list(1).add(textListActions.loadState({ items: [] }))).toThrow('has no texts');
    expect(() => list(2).add(textListActions.loadState({ texts: [] }))).toThrow('has no items');
  });

  test('becomes a list of things to be done by an upgrade', () => {
    const made = list(1);
    const { id } = made.upgrade();
    expect((made.state() as TextListV2).global.items[3]).toEqual({ id: `${id}/3`, text: 'd', done: false });
  });

  test('keeps the objects of what did not change', () => {
    const made = list(2);
    const before = made.state() as TextListV2;
    made.add(edit(1, 'new'));
    const after = made.state() as TextListV2;
    expect([0, 1, 2].map((i) => after.global.items[i] === before.global.items[i])).toEqual([true, false, true]);
    made.add(move(1, 1));
    expect(made.state()).toBe(after);
  });
});

const cases = [drive, textList].flatMap((model) => ([1, 2] as const).map((protocol) => ({ model, protocol })));

describe.each(cases)('histories by chance of a $model.documentType in protocol $protocol', ({ model, protocol }) => {
  const make = (seed: number, length = 60) =>
    randomHistory(seededRandom(seed), { model, protocol, length, scopes: model.scopes });

  test('are the same for the same seed, and others for others', () => {
    expect(make(1).operations).toEqual(make(1).operations);
    expect(make(1).operations).not.toEqual(make(2).operations);
  });

  test('have streams without gaps, ids of their own, and times that never go back', () => {
    for (let seed = 0; seed < 20; seed++) {
      const streams = Object.values(make(seed).operations);
      for (const stream of streams) expect(stream.map(({ index }) => index)).toEqual(stream.map((_, i) => i));
      const all = streams.flat();
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
      for (const stream of streams)
        expect(stream.map((each) => each.timestampUtcMs)).toEqual(stream.map((each) => each.timestampUtcMs).toSorted());
    }
  });

  test('end in the state that a full replay gives', () => {
    for (let seed = 0; seed < 200; seed++) {
      const history = make(seed, seed);
      for (const scope of model.scopes) {
        const question = { documentId: history.documentId, scope };
        const replayed = fullReplay(history.operations, history.registry, question);
        expect(replayed.state[scope], `seed ${seed}, scope ${scope}`).toEqual(history.state(scope)[scope]);
      }
    }
  });

  test('can be replayed to every revision with states that are frozen', () => {
    for (let seed = 0; seed < 15; seed++) {
      const { documentId, operations } = make(seed);
      for (const [scope, stream] of Object.entries(operations))
        for (const { index } of stream) {
          const question = { documentId, scope, target: index };
          expect(fullReplay(operations, freezing(model), question).lastOperationIndex).toBe(index);
        }
    }
  });

  test('have everything in them that may happen to a document', () => {
    const met = new Set<string>();
    for (let seed = 0; seed < 60; seed++)
      for (const operation of Object.values(make(seed).operations).flat()) {
        const { error, deniedReason, skip, action } = operation;
        met.add(action.type);
        if (error) met.add('failed');
        if (deniedReason) met.add('denied');
        if (isVoid(operation) && skip > 0) met.add('void with a skip');
        if (counts(operation) && skip > 1) met.add('many skipped');
        if (action.type === 'UPGRADE_DOCUMENT' && !isVoid(operation)) {
          const { fromVersion, revision, initialState } = action.input as Readonly<Record<string, unknown>>;
          met.add(`upgrade ${fromVersion === 0 ? 'from 0' : revision ? 'at a boundary' : 'by time'}`);
          if (initialState) met.add(`upgrade ${fromVersion === 0 ? 'from 0 ' : ''}with a state`);
        }
      }
    const due = ['NOOP', 'LOAD_STATE', 'SET_NAME', 'DELETE_DOCUMENT', 'CREATE_DOCUMENT', 'failed', 'denied'];
    due.push('void with a skip', 'many skipped', 'upgrade from 0', 'upgrade from 0 with a state');
    if (model.models.length > 1) due.push('upgrade at a boundary', 'upgrade by time', 'upgrade with a state');
    expect(due.filter((each) => !met.has(each))).toEqual([]);
  });

  test('consist mostly of actions that can be done', () => {
    const all = Array.from({ length: 20 }, (_, seed) => Object.values(make(seed).operations)).flat(2);
    expect(all.filter((operation) => isVoid(operation)).length).toBeLessThan(all.length / 3);
  });
});

test('a history by chance may begin with no CREATE_DOCUMENT', () => {
  const { operations, documentType, registry, state } = absent();
  expect(operations['document']).toBeUndefined();
  const question = { documentId: 'document-1', documentType, scope: 'global' };
  expect(fullReplay(operations, registry, question).state['global']).toEqual(state);
});

test('an operation made by hand has what is told and the usual besides', () => {
  expect(createOperation(addFolder('a'), { index: 3, skip: 1, error: 'it failed' })).toEqual({
    id: 'global/3',
    index: 3,
    skip: 1,
    hash: '',
    timestampUtcMs: '2026-01-01T00:00:00.000Z',
    error: 'it failed',
    action: {
      id: 'global/3/action',
      type: 'ADD_FOLDER',
      scope: 'global',
      timestampUtcMs: '2026-01-01T00:00:00.000Z',
      input: { id: 'a', name: 'a', parentFolder: null },
    },
  });
});

function absent() {
  const weights = { upgrade: 0, rename: 0, futile: 0, delete: 0 };
  const options = { model: textList, length: 40, protocol: 2, beginnings: ['absent'], weights } as const;
  const history = randomHistory(seededRandom(5), options);
  const { operations, documentType, registry } = history;
  return { operations, documentType, registry, state: history.state()['global'] };
}

/** A registry that freezes what its reducers are given. */
function freezing(model: SampleModel): DocumentModelRegistry {
  const upgrades = model.upgrades.map((upgrade) => ({
    ...upgrade,
    reducer: ((document, operation) =>
      upgrade.reducer(deepFreeze(document), deepFreeze(operation))) as typeof upgrade.reducer,
  }));
  const models = model.models.map((each) => ({
    ...each,
    reducer: ((document, operation) => {
      try {
        return each.reducer(deepFreeze(document), deepFreeze(operation));
      } catch (error) {
        if (error instanceof TypeError) throw error; // something frozen was written to
        return document; // it can't be done any more
      }
    }) as typeof each.reducer,
  }));
  return createRegistry({ models, upgrades });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
