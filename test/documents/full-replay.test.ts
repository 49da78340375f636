/** The oracle of document states, against examples that were worked out by hand. */
import { TidemarkError } from 'tidemark';
import {
  createDocument,
  createOperation,
  deleteDocument,
  DocumentHistory,
  drive,
  driveActions,
  type DriveState,
  noop,
  registryOf,
  textList,
  textListActions,
  type TextListV1,
  type TextListV2,
} from 'tidemark/testing';
import { describe, expect, test } from 'vitest';
import type { Operation, Protocol } from '../../src/documents/operation.ts';
import { fullReplay, type Replayed, type Streams } from './support/full-replay.ts';

const { addFolder, setName } = driveActions;
const { insert, edit, setDone } = textListActions;
const registry = registryOf(drive, textList);

function at(streams: Streams, target?: number, scope = 'global', documentType?: string): Replayed {
  return fullReplay(streams, registry, { documentId: 'document-1', documentType, scope, target });
}

/** The ids of the nodes at each revision, joined. */
function nodesAtEach(streams: Streams): readonly string[] {
  return streams['global'].map(({ index }) =>
    (at(streams, index).state as DriveState).global.nodes.map(({ id }) => id).join(''),
  );
}

/** A drive whose global operations are these: a letter adds a folder, `-n` is a NOOP that skips n, `b-n` an action that does. */
function driveOf(protocol: Protocol, ...steps: readonly string[]): Streams {
  const global = steps.map((step, index): Operation => {
    const [name, skip = '0'] = step.split('-');
    return createOperation(name === '' ? noop() : addFolder(name), { index, skip: Number(skip) });
  });
  const created = createDocument({ documentId: 'document-1', model: drive.documentType, version: 1, protocol });
  return { document: [createOperation(created, { index: 0 })], global };
}

/** The texts at a revision, `!` after those that are done, and which version they are of. */
function texts({ state }: Replayed): string {
  const { texts: ofV1 } = (state as TextListV1).global;
  if (ofV1) return `1: ${ofV1.join(' ')}`;
  return `2: ${(state as TextListV2).global.items.map(({ text, done }) => text + (done ? '!' : '')).join(' ')}`;
}

function errorOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error instanceof TidemarkError ? error.code : error;
  }
}

describe('undo', () => {
  test.each([1, 2] as const)(
    'five adds, an undo and an add are 1, 2, 3, 4, 5, 4 and 5 nodes (protocol %i)',
    (protocol) => {
      const streams = driveOf(protocol, 'a', 'b', 'c', 'd', 'e', '-1', 'f');
      expect(nodesAtEach(streams)).toEqual(['a', 'ab', 'abc', 'abcd', 'abcde', 'abcd', 'abcdf']);
    },
  );

  test('a chain of undos takes back one operation after the other in protocol 2', () => {
    const streams = driveOf(2, 'a', 'b', 'c', '-1', '-1', '-1', '-1', 'd');
    expect(nodesAtEach(streams)).toEqual(['a', 'ab', 'abc', 'ab', 'a', '', '', 'd']);
  });

  test('in protocol 1 what was taken back stays so, since indices are skipped', () => {
    const streams = driveOf(1, 'a', 'b', 'c', '-1', '-1', '-4', 'd-2', 'e');
    expect(nodesAtEach(streams)).toEqual(['a', 'ab', 'abc', 'ab', 'ab', 'a', 'ad', 'ade']);
  });

  test('in protocol 2 a NOOP takes back one operation, whatever its skip', () => {
    expect(nodesAtEach(driveOf(2, 'a', 'b', 'c', '-2', 'd'))).toEqual(['a', 'ab', 'abc', 'ab', 'abd']);
  });

  test('what reorders in protocol 2 skips indices, and undos weigh anew', () => {
    expect(nodesAtEach(driveOf(2, 'a', 'b', 'c', 'x-2', 'b', 'c'))).toEqual(['a', 'ab', 'abc', 'ax', 'axb', 'axbc']);
    expect(nodesAtEach(driveOf(2, 'a', 'b', '-1', 'c-1'))).toEqual(['a', 'ab', 'a', 'abc']); // the undo is lost
    expect(nodesAtEach(driveOf(2, 'a', 'b', '-1', 'c', 'd-1'))).toEqual(['a', 'ab', 'a', 'ac', 'd']); // it is done twice
  });

  test('what was undone and added anew can be undone again', () => {
    const streams = driveOf(2, 'a', 'b', '-1', 'b', '-1', '-1', 'c');
    expect(nodesAtEach(streams)).toEqual(['a', 'ab', 'a', 'ab', 'a', '', 'c']);
  });

  test('a skip of more than there is leads to the beginning', () => {
    expect(nodesAtEach(driveOf(1, 'a', 'b', 'c-7', 'd'))).toEqual(['a', 'ab', 'c', 'cd']);
    expect(nodesAtEach(driveOf(2, 'a', 'b', 'c-7', 'd'))).toEqual(['a', 'ab', 'c', 'cd']);
  });

  test('in protocol 2 a NOOP that skips nothing is an operation as any other', () => {
    const streams = driveOf(2, 'a', '-0', 'b', '-1', '-1', '-1', 'c');
    expect(nodesAtEach(streams)).toEqual(['a', 'a', 'ab', 'a', 'a', '', 'c']);
  });

  test('a target beyond the head is the head, which says which revision it is', () => {
    const streams = driveOf(2, 'a', 'b');
    expect(at(streams, 99)).toEqual(at(streams));
    expect(at(streams, 99).lastOperationIndex).toBe(1);
  });
});

describe('prune', () => {
  test('a LOAD_STATE carries the state of what it takes back', () => {
    const history = new DocumentHistory({ model: drive });
    for (const id of ['a', 'b', 'c', 'd']) history.add(addFolder(id));
    history.prune(3);
    history.add(addFolder('e'));
    history.undo();
    history.undo(); // the prune itself
    expect(history.operations['global'][4]).toMatchObject({ skip: 3, action: { type: 'LOAD_STATE' } });
    expect(nodesAtEach(history.operations)).toEqual(['a', 'ab', 'abc', 'abcd', 'abcd', 'abcde', 'abcd', 'a']);
  });
});

describe('operations that do nothing', () => {
  const streams = (protocol: Protocol): Streams => {
    const { document, global } = driveOf(protocol, 'a', 'b', 'c', 'd-1', '-1', 'e');
    return {
      document,
      global: global.map((operation) =>
        operation.index === 2
          ? { ...operation, deniedReason: 'no' }
          : operation.index === 3
            ? { ...operation, error: 'it failed' }
            : operation,
      ),
    };
  };

  test('the state after a denied or failed one is the state before it, and its skip is ignored', () => {
    expect(nodesAtEach(streams(2)).slice(0, 4)).toEqual(['a', 'ab', 'ab', 'ab']);
  });

  test('they hold their place, and are what an undo takes back', () => {
    expect(nodesAtEach(streams(1))).toEqual(['a', 'ab', 'ab', 'ab', 'ab', 'abe']);
    expect(nodesAtEach(streams(2))).toEqual(['a', 'ab', 'ab', 'ab', 'ab', 'abe']);
  });

  test('an empty reason is none', () => {
    const { document, global } = driveOf(2, 'a', 'b');
    expect(nodesAtEach({ document, global: global.map((each) => ({ ...each, error: '' })) })).toEqual(['a', 'ab']);
  });
});

describe('upgrades', () => {
  test('operations below the boundary are of the old version, and the state just before the boundary is of the new one', () => {
    const history = new DocumentHistory({ model: textList });
    history.add(insert(0, 'a'));
    history.add(insert(1, 'b'));
    const upgrade = history.upgrade();
    history.add(setDone(0, true));
    const { operations } = history;
    expect(upgrade.action.input).toMatchObject({ fromVersion: 1, toVersion: 2, revision: { global: 2 } });
    expect([-1, 0, 1, 2].map((target) => texts(at(operations, target)))).toEqual(['1: ', '1: a', '2: a b', '2: a! b']);
    expect((at(operations, 1).state as TextListV2).global.items[1].id).toBe(`${upgrade.id}/1`);
  });

  test('the head right after an upgrade is upgraded, whether it is read as the head or by its revision', () => {
    const history = new DocumentHistory({ model: textList });
    history.add(insert(0, 'a'));
    history.upgrade();
    expect(texts(at(history.operations))).toBe('2: a');
    expect(at(history.operations)).toEqual(at(history.operations, 0));
  });

  test('an undo across the boundary runs the upgrade on the way', () => {
    const history = new DocumentHistory({ model: textList });
    history.add(insert(0, 'a'));
    history.add(insert(1, 'b'));
    history.upgrade();
    history.undo();
    history.undo();
    history.add(insert(0, 'c'));
    const { operations } = history;
    expect(operations['global'].map(({ index }) => texts(at(operations, index)))).toEqual([
      '1: a',
      '2: a b',
      '2: a',
      '2: ',
      '2: c',
    ]);
  });

  test('a scope that the boundary does not name is of the new version from its beginning', () => {
    const history = new DocumentHistory({ model: textList });
    history.upgrade();
    history.add(insert(0, 'a'));
    expect(history.operations['document'][1].action.input).toMatchObject({ revision: { document: 1 } });
    expect([-1, 0].map((target) => texts(at(history.operations, target)))).toEqual(['2: ', '2: a']);
  });

  test('without a boundary, operations that are later than the upgrade are of the new version', () => {
    const history = new DocumentHistory({ model: textList, step: () => 0 });
    history.add(insert(0, 'a'));
    history.add(insert(1, 'b'));
    const upgrade = history.upgrade(2, { boundary: 'timestamp' });
    expect(texts(at(history.operations))).toBe('2: a b');
    expect(upgrade.action.input).toEqual({ fromVersion: 1, toVersion: 2 });
    expect(history.operations['global'][1].timestampUtcMs).toBe(upgrade.timestampUtcMs);
    history.add(setDone(1, true));
    const { operations } = history;
    expect([0, 1, 2].map((target) => texts(at(operations, target)))).toEqual(['1: a', '2: a b', '2: a b!']);
  });

  test('an operation of the time of the upgrade belongs before it, even if it was appended after it', () => {
    const history = new DocumentHistory({ model: textList });
    history.add(insert(0, 'a'));
    const { timestampUtcMs } = history.upgrade(2, { boundary: 'timestamp' });
    const { document, global } = history.operations;
    const late = createOperation(edit(0, 'b'), { index: 1, timestampUtcMs });
    const streams = { document, global: [...global, late] };
    expect([0, 1].map((target) => texts(at(streams, target)))).toEqual(['1: a', '2: b']);
  });

  test('a state that the upgrade carries replaces the state of the document', () => {
    const history = new DocumentHistory({ model: textList });
    history.add(insert(0, 'a'));
    const items = [{ id: 'x', text: 'seed', done: true }];
    history.upgrade(2, { initialState: { global: { items } } });
    history.add(insert(1, 'b'));
    expect([0, 1].map((target) => texts(at(history.operations, target)))).toEqual(['2: seed!', '2: seed! b']);
  });

  test('one that was denied or failed changes nothing', () => {
    const history = new DocumentHistory({ model: textList });
    history.add(insert(0, 'a'));
    history.void(history.upgradeAction(), { error: 'it failed' });
    history.add(insert(1, 'b'));
    expect(texts(at(history.operations))).toBe('1: a b');
    expect(at(history.operations).state['document']).toEqual({ version: 1, isDeleted: false });
  });

  test('the first one from 0 says in which version the document begins, and may carry its first state', () => {
    const seed = { global: { items: [{ id: 'x', text: 'seed', done: false }] } };
    const seeded = new DocumentHistory({ model: textList, beginning: 'seeded', version: 2, seed });
    expect(at(seeded.operations)).toMatchObject({ state: seed, initialState: seed, lastOperationIndex: -1 });
    expect(at(seeded.operations).state['document']).toEqual({ version: 2, isDeleted: false });
    const upgraded = new DocumentHistory({ model: textList, beginning: 'upgraded', version: 2 });
    expect(at(upgraded.operations).initialState).toEqual({ global: { items: [] } });
  });

  test('a second one from 0 is one from 1', () => {
    const history = new DocumentHistory({ model: textList, beginning: 'upgraded', version: 1 });
    history.add(insert(0, 'a'));
    const { action, ...upgrade } = history.upgrade();
    const { document, global } = history.operations;
    const fromZero = { ...upgrade, action: { ...action, input: { ...(action.input as object), fromVersion: 0 } } };
    expect(texts(at({ document: [...document.slice(0, -1), fromZero], global }))).toBe('2: a');
  });
});

describe('the document scope', () => {
  test('a deleted document reads as deleted at every revision', () => {
    const history = new DocumentHistory({ model: drive });
    history.add(addFolder('a'));
    history.add(addFolder('b'));
    const { timestampUtcMs } = history.delete();
    const deleted = { version: 1, isDeleted: true, deletedAtUtcIso: timestampUtcMs };
    for (const target of [-1, 0, 1]) expect(at(history.operations, target).state['document']).toEqual(deleted);
    expect(nodesAtEach(history.operations)).toEqual(['a', 'ab']);
  });

  test('a deletion that was denied is none', () => {
    const history = new DocumentHistory({ model: drive });
    history.void(deleteDocument(history.documentId), { deniedReason: 'no' });
    expect(at(history.operations).state['document']).toEqual({ version: 1, isDeleted: false });
  });

  test('its own revisions are read as they were', () => {
    const history = new DocumentHistory({ model: textList });
    history.upgrade();
    history.delete();
    const states = [0, 1, 2].map((target) => at(history.operations, target, 'document').state);
    expect(states.map(({ document }) => document)).toEqual([
      { version: 1, isDeleted: false },
      { version: 2, isDeleted: false },
      { version: 2, isDeleted: true, deletedAtUtcIso: expect.any(String) as string },
    ]);
    expect(states.map(({ global }) => global)).toEqual([{ texts: [] }, { items: [] }, { items: [] }]);
  });

  test('its other actions are for the model, and their skip is ignored', () => {
    const history = new DocumentHistory({ model: drive });
    history.add(setName('first', 'document'));
    history.add(setName('second', 'document'), { skip: 1 });
    history.add(addFolder('a'));
    const named = { version: 1, isDeleted: false, name: 'second' };
    expect(at(history.operations).state['document']).toEqual(named);
    expect(at(history.operations, 1, 'document').state['document']).toEqual({ ...named, name: 'first' });
  });

  test('without a version, or with 0, the document is of version 1', () => {
    for (const input of [{}, { version: 0 }]) {
      const created = createDocument({ documentId: 'document-1', model: textList.documentType, ...input });
      expect(texts(at({ document: [createOperation(created, { index: 0 })] }))).toBe('1: ');
    }
  });
});

describe('the header', () => {
  test('says when the document was created and last changed, and which operations come next', () => {
    const history = new DocumentHistory({ model: drive, protocol: 1, branch: 'draft' });
    history.add(addFolder('a'));
    history.add(addFolder('b'));
    history.add(setName('late', 'document'));
    const question = { documentId: 'document-1', branch: 'draft', scope: 'global' };
    expect(fullReplay(history.operations, registry, { ...question, target: 0 }).header).toEqual({
      id: 'document-1',
      documentType: 'tidemark/drive',
      createdAtUtcIso: '2026-01-01T00:00:01.000Z',
      lastModifiedAtUtcIso: '2026-01-01T00:00:02.000Z',
      slug: '',
      name: '',
      branch: 'draft',
      revision: { document: 2, global: 1 },
      protocolVersions: { 'base-reducer': 1 },
    });
    const empty = fullReplay(history.operations, registry, { ...question, scope: 'local' }).header;
    expect(empty.lastModifiedAtUtcIso).toBe(empty.createdAtUtcIso);
    expect(empty.revision).toEqual({ document: 2, local: 0 });
    expect(fullReplay(history.operations, registry, { ...question, scope: 'document' }).header.revision).toEqual({
      document: 2,
    });
  });

  test('has the slug and the name that the document was created with', () => {
    const named = { documentId: 'document-1', model: drive.documentType, slug: 'my-drive', name: 'My drive' };
    const { header } = at({ document: [createOperation(createDocument(named), { index: 0 })] });
    expect(header).toMatchObject({ slug: 'my-drive', name: 'My drive' });
  });
});

describe('a document that was never created', () => {
  const history = new DocumentHistory({ model: textList, beginning: 'absent' });
  history.add(insert(0, 'a'));
  history.undo();

  test('is of the newest version if it has operations and its type is known', () => {
    const found = at(history.operations, 0, 'global', textList.documentType);
    expect(texts(found)).toBe('2: a');
    expect(found.state['document']).toEqual({ version: 2, isDeleted: false });
    expect(texts(at(history.operations, undefined, 'global', textList.documentType))).toBe('2: ');
  });

  test('is not found otherwise', () => {
    expect(errorOf(() => at(history.operations))).toBe('not_found');
    expect(errorOf(() => at({}, undefined, 'global', textList.documentType))).toBe('not_found');
    expect(errorOf(() => at(history.operations, undefined, 'document', textList.documentType))).toBe('not_found');
  });
});
