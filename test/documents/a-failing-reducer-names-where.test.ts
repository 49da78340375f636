/** A reducer that fails is named with document, revision and operation; nothing is damaged by it, and the next read works. */
import { describe, expect, test } from 'vitest';
import { createRegistry, type Document, type DocumentModel, type DocumentModelRegistry } from 'tidemark/documents';
import { DocumentHistory, drive, driveActions, textList, textListActions } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { driveOf, right, seen, setUp } from './support/set-up.ts';
import { WatchedOperations } from './support/watched.ts';

/** A registry whose drives fail as the test wants it. */
function registryWith(reducer: (...given: Parameters<DocumentModel['reducer']>) => unknown): DocumentModelRegistry {
  const model = { ...drive.models[0], fingerprint: 'failing', reducer: reducer as DocumentModel['reducer'] };
  return createRegistry({ models: [model] });
}

const reducer: DocumentModel['reducer'] = (...given) => drive.models[0].reducer(...given);

describe('a reducer that throws', () => {
  test('is told with the document, the stream, the revision, the action and the cause', async () => {
    const cause = new Error('it is out of order');
    const registry = registryWith((document, operation) => {
      if (operation.index === 7) throw cause;
      return reducer(document, operation);
    });
    const history = driveOf(12);
    const failed: unknown[] = [];
    const { read, cache } = await setUp([history], { registry, on: { readFailed: (event) => failed.push(event) } });
    const error = (await failure(read(history))) as Error;
    expect(error).toMatchObject({ code: 'reducer_failed', cause });
    for (const part of ['document-1', 'global', 'main', '7', 'ADD_FOLDER', 'it is out of order'])
      expect(error.message).toContain(part);
    expect(failed).toEqual([{ documentId: 'document-1', scope: 'global', branch: 'main', error }]);
    expect(cache.stats()).toMatchObject({ failed: 1, memory: { states: 0 } });
    expect(seen(await read(history, 6))).toEqual(right(history, 6));
    expect(await failure(read(history, 7))).toMatchObject({ code: 'reducer_failed' });
    expect(await failure(read(history))).toMatchObject({ code: 'reducer_failed' });
    expect(seen(await read(history, 6))).toEqual(right(history, 6));
    expect(cache.stats()).toMatchObject({ failed: 3, memory: { states: 1 } });
  });

  test('does no harm to the states before, from which it began', async () => {
    let broken = false;
    const registry = registryWith((document, operation) => {
      if (broken && operation.index > 8) throw new Error('for a while');
      return reducer(document, operation);
    });
    const history = driveOf(20);
    const { read, keyframesWritten, cache } = await setUp([history], { registry, keyframeInterval: 3 });
    await read(history, 8);
    await keyframesWritten();
    broken = true;
    for (const target of [9, 15, undefined])
      expect(await failure(read(history, target))).toMatchObject({ code: 'reducer_failed' });
    expect(seen(await read(history, 8))).toEqual(right(history, 8));
    broken = false;
    expect(seen(await read(history))).toEqual(right(history));
    await keyframesWritten();
    expect(await cache.verify('document-1')).toMatchObject({ wrong: [] });
  });

  test('throws what is no error, too', async () => {
    const registry = registryWith(() => {
      throw 'text'; // some do
    });
    const { read } = await setUp([driveOf(2)], { registry });
    const error = await failure(read(driveOf(2)));
    expect(error).toMatchObject({ code: 'reducer_failed', cause: 'text' });
    expect((error as Error).message).toContain('"text"');
  });
});

test.each<[string, (document: Document) => unknown]>([
  ['nothing', () => undefined],
  ['null', () => null],
  ['a text', () => 'document'],
  ['no state', ({ header }) => ({ header })],
  ['a state of null', ({ header }) => ({ header, state: null })],
  ['no header', ({ state }) => ({ state })],
  ['a promise', (document) => Promise.resolve(document)],
])('a reducer that answers with %s has failed', async (_, answer) => {
  const { read } = await setUp([driveOf(2)], { registry: registryWith(answer) });
  expect(await failure(read(driveOf(2)))).toMatchObject({ code: 'reducer_failed' });
});

test('a reducer that changes the state that it gets has failed, and the state is as before', async () => {
  const registry = registryWith((document, operation) => {
    if (operation.index === 3) (document.state['global'] as { nodes: unknown[] }).nodes.push('mine');
    return reducer(document, operation);
  });
  const history = driveOf(4);
  const { read } = await setUp([history], { registry });
  await read(history, 2);
  expect(await failure(read(history))).toMatchObject({ code: 'reducer_failed' });
  expect(seen(await read(history, 2))).toEqual(right(history, 2));
});

test('an action of the model in the document scope that fails is told alike', async () => {
  const history = driveOf(2);
  history.add(driveActions.setName('named', 'document'));
  const registry = registryWith((document, operation) => {
    if (operation.action.scope === 'document') throw new Error('no names');
    return reducer(document, operation);
  });
  const { read } = await setUp([history], { registry });
  const error = (await failure(read(history))) as Error;
  expect(error).toMatchObject({ code: 'reducer_failed' });
  for (const part of ['document-1', 'document, main', '1', 'SET_NAME']) expect(error.message).toContain(part);
});

describe('an upgrade', () => {
  const upgraded = () => {
    const history = new DocumentHistory({ model: textList, version: 1 });
    history.add(textListActions.insert(0, 'a'));
    history.upgrade();
    history.add(textListActions.setDone(0, true));
    return history;
  };

  test('that fails is told with its operation', async () => {
    const reducers = textList.upgrades.map((step) => ({
      ...step,
      reducer: () => {
        throw new Error('it is too old');
      },
    }));
    const registry = createRegistry({ models: textList.models, upgrades: reducers });
    const { read } = await setUp([upgraded()], { registry });
    const error = (await failure(read(upgraded()))) as Error;
    expect(error).toMatchObject({ code: 'reducer_failed' });
    for (const part of ['UPGRADE_DOCUMENT', '1', 'it is too old']) expect(error.message).toContain(part);
  });

  test.each([
    ['has no way', { models: textList.models }],
    ['leads to an unknown version', { models: textList.models.slice(0, 1) }],
  ])('that %s is an unknown model', async (_, options) => {
    const { read, cache } = await setUp([upgraded()], { registry: createRegistry(options) });
    expect(await failure(read(upgraded()))).toMatchObject({ code: 'unknown_model' });
    expect(cache.stats()).toMatchObject({ failed: 1, memory: { states: 0 } });
  });
});

test('a document of a type that the registry does not know is told, and those that it knows are read', async () => {
  const history = driveOf(2);
  const list = new DocumentHistory({ model: textList, documentId: 'list' });
  list.add(textListActions.insert(0, 'a'));
  const { read } = await setUp([history, list], { models: [textList] });
  expect(await failure(read(history))).toMatchObject({ code: 'unknown_model' });
  expect(seen(await read(list))).toEqual(right(list));
});

describe('a history that breaks the rules', () => {
  const create = driveOf(1).operations['document'][0];
  const withDocument = (action: object, rest: object = {}) => ({
    ...create,
    ...rest,
    action: { ...create.action, ...action },
  });
  const input = create.action.input as object;

  test.each([
    ['begins with something else', withDocument({ type: 'SET_NAME' })],
    ['begins with a creation that failed', withDocument({}, { error: 'no' })],
    ['names no model', withDocument({ input: { ...input, model: '' } })],
    ['has no input at all', withDocument({ input: null })],
    ['is of another protocol', withDocument({ input: { ...input, protocolVersions: { 'base-reducer': 3 } } })],
  ])('because it %s', async (_, first) => {
    const { read, source } = await setUp([]);
    await source.append({
      documentId: 'document-1',
      documentType: 'any',
      scope: 'document',
      branch: 'main',
      revision: -1,
      operations: [first],
    });
    expect(await failure(read(driveOf(1)))).toMatchObject({ code: 'bad_history' });
  });

  test('because an upgrade leads back', async () => {
    const history = new DocumentHistory({ model: textList, version: 2 });
    const { read, source, append } = await setUp([history]);
    const upgrade = history.upgradeAction(1);
    await append(history);
    const operation = { ...create, id: 'u', index: 1, action: { ...create.action, ...upgrade } };
    await source.append({
      documentId: 'document-1',
      documentType: 'any',
      scope: 'document',
      branch: 'main',
      revision: 0,
      operations: [operation],
    });
    expect(await failure(read(history))).toMatchObject({ code: 'bad_history' });
  });

  test.each([
    ['leaves one out', (index: number) => index !== 2],
    ['ends too early', (index: number) => index < 2],
    ['has none', () => false],
  ])('because the source %s', async (_, there) => {
    const history = driveOf(5);
    const source = new WatchedOperations();
    const getSince = source.getSince.bind(source);
    const { read, cache } = await setUp([history], { source });
    source.getSince = async (documentId, scope, branch, after, options) => {
      const page = await getSince(documentId, scope, branch, after, options);
      return scope === 'document' ? page : { results: page.results.filter(({ index }) => there(index)) };
    };
    expect(await failure(read(history))).toMatchObject({ code: 'bad_history' });
    source.getSince = getSince;
    expect(seen(await read(history))).toEqual(right(history));
    expect(cache.stats()).toMatchObject({ failed: 1, cold: 1 });
  });
});
